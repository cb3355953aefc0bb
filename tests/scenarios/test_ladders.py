"""Triggers beside the ladder, and the briefing for executives."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.assertions import direct_messages, of_kind, settle, type_command, words
from tests.scenarios.running import World, policy_file

TOM, PRIYA = "U0TOM00000", "U0PRIYA000"
POLICY = f"""
preset: sev1-5
announce: "#incidents"
contacts: {{boss: {{name: Priya, slack: {PRIYA}}}}}
executives: [boss]
services: {{cart: {{name: Cart}}, pay: {{name: Payment}}}}
severities:
  sev1: {{respond_within: null, update_every: null, escalate_after: 30m, roles: [], ladder: []}}
  sev2: {{respond_within: null, update_every: null, escalate_after: null, roles: [], ladder: [],
    notify_executives: false}}
triggers:
  several: {{name: More than one service is affected, when: services_affected, over: 1, after: 5m,
    notify: ["user:{TOM}"]}}
  nobody: {{name: Somebody asked for help, when: manual, notify: ["role:scribe"]}}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


async def declare(world: World, severity: str, *services: str, private: bool = False) -> None:
    await world.maya.command("#general", "/incident declare")
    values = {"Title": "Checkout is down", "Severity": severity, "Affected services": list(services)}
    await world.maya.fill(world.maya.view, {**values, "Private": ["private"] if private else []})
    assert (await world.maya.submit()).ok
    await world.incident_channel()
    await settle(world)


async def test_a_briefing_invents_no_impact(world: World) -> None:
    await declare(world, "sev1", "Cart")
    (briefing,) = direct_messages(world, PRIYA, "Briefing")
    assert "*Business impact:*\n• Affected customers: not known yet" in words(world, briefing).replace("- ", "• ")
    assert "Nobody can use" not in words(world, briefing)


@pytest.mark.parametrize(
    ("line", "said"),
    [("resolve Rolled back deploy 4512", "It is over, after"), ("cancel The probe was wrong", "It was a false alarm.")],
)
async def test_executives_hear_how_it_ended(world: World, line: str, said: str) -> None:
    await declare(world, "sev1", "Cart")
    await world.pass_time(minutes=31)
    assert len(direct_messages(world, PRIYA, "Briefing")) == 2
    await type_command(world, "maya", "#general", f"/incident {line} --in INC-1")
    await settle(world)
    (closing,) = [text for message in direct_messages(world, PRIYA) if said in (text := words(world, message))]
    assert "INC-1 · Checkout is down" in closing
    for briefing in direct_messages(world, PRIYA, "Briefing"):
        assert "*Status:* Detected" not in words(world, briefing)
        assert "Next update" not in words(world, briefing)
    await type_command(world, "maya", "#general", "/incident reopen It is back --in INC-1")
    await settle(world)
    assert "It is open again." in words(world, direct_messages(world, PRIYA, "Briefing")[-1])


async def test_of_a_private_incident_executives_hear_only_that_it_ended(world: World) -> None:
    await declare(world, "sev1", "Cart", private=True)
    await type_command(world, "maya", "#general", "/incident resolve Changed the keys --in INC-1")
    await settle(world)
    told = "\n".join(words(world, message) for message in direct_messages(world, PRIYA))
    assert "INC-1 (private)*: It is over" in told
    assert "keys" not in told
    assert "Checkout" not in told


async def test_more_than_one_service_pages_after_its_own_delay_and_once(world: World) -> None:
    await declare(world, "sev2", "Cart", "Payment")
    await world.pass_time(minutes=4)
    assert direct_messages(world, TOM, "paged") == []
    await world.pass_time(minutes=2)
    (page,) = direct_messages(world, TOM, "paged")
    assert "More than one service is affected" in words(world, page)
    await world.pass_time(hours=2)
    assert len(direct_messages(world, TOM, "paged")) == 1
    (row,) = [r for r in (await world.show())["reminders"] if "one service" in r["reason"]]
    assert row["state"] == "sent"


async def test_one_service_fires_no_trigger(world: World) -> None:
    await declare(world, "sev2", "Cart")
    await world.pass_time(hours=1)
    assert direct_messages(world, TOM, "paged") == []


async def test_a_trigger_that_reaches_nobody_tells_the_channel(world: World) -> None:
    await declare(world, "sev2", "Cart")
    channel = await world.incident_channel()
    await type_command(world, "maya", channel.name, "/incident escalate we are lost")
    await world.pass_time(seconds=1)
    said = "\n".join(words(world, m) for m in world.ws.bot_messages(channel.id))
    assert "nobody holds the role scribe" in said


async def test_executives_are_briefed_at_declare_and_when_it_is_not_mitigated_in_time(world: World) -> None:
    await declare(world, "sev1", "Cart")
    (first,) = direct_messages(world, PRIYA, "Briefing")
    assert "Checkout is down" in words(world, first)
    assert "Business impact" in words(world, first)
    await world.pass_time(minutes=31)
    assert len(direct_messages(world, PRIYA, "Briefing")) == 2
    assert "not mitigated within 30m" in words(world, direct_messages(world, PRIYA, "Briefing")[1])
    await world.pass_time(hours=3)
    await type_command(world, "maya", (await world.incident_channel()).name, "/incident severity sev2")
    await type_command(world, "maya", (await world.incident_channel()).name, "/incident severity sev1")
    await world.pass_time(hours=3)
    assert len(direct_messages(world, PRIYA, "Briefing")) == 2
    assert len(of_kind(await world.show(), "sent")) == 2


async def test_raising_to_a_severity_that_asks_for_it_briefs_executives(world: World) -> None:
    await declare(world, "sev2", "Cart")
    assert direct_messages(world, PRIYA, "Briefing") == []
    await type_command(world, "maya", (await world.incident_channel()).name, "/incident severity sev1 all of it")
    await settle(world)
    assert len(direct_messages(world, PRIYA, "Briefing")) == 1


async def test_executives_learn_only_the_id_of_a_private_incident(world: World) -> None:
    await declare(world, "sev1", "Cart", private=True)
    (briefing,) = direct_messages(world, PRIYA, "Briefing")
    assert "INC-1 (private)" in words(world, briefing)
    assert "so no more can be said here. Nobody leads it yet." in words(world, briefing)
    assert "Checkout" not in str(briefing.blocks) + briefing.text
    assert "Cart" not in str(briefing.blocks)
