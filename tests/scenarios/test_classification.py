"""Facts in the declare form suggest a severity; a person decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.scenarios.assertions import settle, words
from tests.scenarios.running import World, running_world


def suggestion(world: World) -> str:
    (block,) = [b for b in world.maya.view.body["blocks"] if b.get("block_id") == "suggestion"]
    return str(block["elements"][0]["text"])


async def fill(world: World, **facts: Any) -> None:
    labels = {"users": "Users affected (%)", "errors": "Error rate (%)", "latency": "Latency (× normal)"}
    labels["marks"] = "Does it touch …"
    await world.maya.fill(world.maya.view, {labels[name]: value for name, value in facts.items()})
    await world.ws.settled()


async def test_the_suggestion_follows_the_facts_and_says_why(world: World) -> None:
    await world.maya.command("#general", "/incident declare")
    assert "Fill in the impact below" in suggestion(world)
    await world.maya.fill(world.maya.view, {"Title": "Checkout is down"})
    await fill(world, users="60")
    assert "*sev2 · Major* — Half of the users or more are affected" in suggestion(world)
    await fill(world, marks=["Security"])
    assert "*sev1 · Critical* — It is about security, and users are affected" in suggestion(world)
    await fill(world, marks=[], users="3", errors="12.5")
    assert "*sev3 · Minor* — One request in ten or more fails" in suggestion(world)


async def test_the_person_decides_and_the_facts_stand_on_the_card(world: World) -> None:
    await world.maya.command("#general", "/incident declare")
    await world.maya.fill(world.maya.view, {"Title": "Checkout is down"})
    await fill(world, users="60", latency="7", marks=["Core functionality"])
    await world.maya.fill(world.maya.view, {"Severity": "sev3"})
    assert (await world.maya.submit()).ok
    channel = await world.incident_channel()
    await settle(world)
    assert (await world.show())["severity"] == "sev3"
    assert "60 % of users · 7× slower · core functionality" in words(world, world.card(channel))


async def test_a_policy_without_rules_asks_for_no_facts(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("preset: p0-p3\n")
    async with running_world(sqlite_url, policy=policy) as world:
        await world.maya.command("#general", "/incident declare")
        assert "Users affected" not in str(world.maya.view.body["blocks"])


async def test_recommended_actions_are_the_first_checklist_on_the_card(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("preset: severity-1-4\n")
    async with running_world(sqlite_url, policy=policy) as world:
        await world.maya.command("#general", "/incident declare")
        await world.maya.fill(
            world.maya.view, {"Title": "Queries hang", "Severity": "severity_1", "Category": "Database issues"}
        )
        assert (await world.maya.submit()).ok
        channel = await world.incident_channel()
        await settle(world)
        assert "☐ Check that the database can be reached" in words(world, world.card(channel))
