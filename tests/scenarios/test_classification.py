"""Facts in the declare form suggest a severity; a person decides."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.scenarios.assertions import rest, words
from tests.scenarios.running import World, world


def suggestion(here: World) -> str:
    (block,) = [b for b in here.maya.view.body["blocks"] if b.get("block_id") == "suggestion"]
    return str(block["elements"][0]["text"])


async def fill(here: World, **facts: Any) -> None:
    labels = {"users": "Users affected (%)", "errors": "Error rate (%)", "latency": "Latency (× normal)"}
    labels["marks"] = "Does it touch …"
    await here.maya.fill(here.maya.view, {labels[name]: value for name, value in facts.items()})
    await here.ws.settled()


async def test_the_suggestion_follows_the_facts_and_says_why(here: World) -> None:
    await here.maya.command("#general", "/incident declare")
    assert "Fill in the impact below" in suggestion(here)
    await here.maya.fill(here.maya.view, {"Title": "Checkout is down"})
    await fill(here, users="60")
    assert "*sev2 · Major* — Half of the users or more are affected" in suggestion(here)
    await fill(here, marks=["Security"])
    assert "*sev1 · Critical* — It is about security, and users are affected" in suggestion(here)
    await fill(here, marks=[], users="3", errors="12.5")
    assert "*sev3 · Minor* — One request in ten or more fails" in suggestion(here)


async def test_the_person_decides_and_the_facts_stand_on_the_card(here: World) -> None:
    await here.maya.command("#general", "/incident declare")
    await here.maya.fill(here.maya.view, {"Title": "Checkout is down"})
    await fill(here, users="60", latency="7", marks=["Core functionality"])
    await here.maya.fill(here.maya.view, {"Severity": "sev3"})
    assert (await here.maya.submit()).ok
    channel = await here.opened()
    await rest(here)
    assert (await here.show())["severity"] == "sev3"
    assert "60 % of users · 7× slower · core functionality" in words(here, here.card(channel))


async def test_a_policy_without_rules_asks_for_no_facts(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("preset: p0-p3\n")
    async with world(sqlite_url, policy=policy) as here:
        await here.maya.command("#general", "/incident declare")
        assert "Users affected" not in str(here.maya.view.body["blocks"])


async def test_recommended_actions_are_the_first_checklist_on_the_card(sqlite_url: str, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text("preset: severity-1-4\n")
    async with world(sqlite_url, policy=policy) as here:
        await here.maya.command("#general", "/incident declare")
        await here.maya.fill(
            here.maya.view, {"Title": "Queries hang", "Severity": "severity_1", "Category": "Database issues"}
        )
        assert (await here.maya.submit()).ok
        channel = await here.opened()
        await rest(here)
        assert "☐ Check that the database can be reached" in words(here, here.card(channel))
