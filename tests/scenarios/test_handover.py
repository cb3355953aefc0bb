"""Handover: a role goes to somebody else when they accept, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Channel, Message
from tests.scenarios.assertions import buttons, direct_messages, ephemeral_texts, of_kind, settle, type_command, words
from tests.scenarios.running import World, policy_file

TOM, PRIYA = "U0TOM00000", "U0PRIYA000"
POLICY = f"""
preset: sev1-5
announce: "#incidents"
severities:
  sev2: {{respond_within: null, update_every: null, escalate_after: null, roles: [commander],
    ladder: [{{after: 5h, notify: ["user:{PRIYA}"], by: [slack]}}]}}
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


def channel_text(world: World, channel: Channel) -> str:
    return "\n".join(words(world, m) for m in world.ws.bot_messages(channel.id))


async def offer_role(world: World, line: str = "handover @tom") -> tuple[Channel, Message]:
    channel = await world.declare("sev2 Checkout is down")
    await type_command(world, "maya", channel.name, "/incident lead @maya")
    await type_command(world, "maya", channel.name, "/incident update Rolling back deploy 4512")
    await type_command(world, "maya", channel.name, "/incident next 1h")
    assert "asked to take over" in await type_command(world, "maya", channel.name, f"/incident {line}")
    await settle(world)
    (brief,) = [m for m in direct_messages(world, TOM) if "take over" in m.text]
    return channel, brief


async def test_the_person_asked_gets_a_brief_and_the_holder_keeps_the_role_until_they_accept(world: World) -> None:
    channel, brief = await offer_role(world)
    assert buttons(brief) == ["Accept", "Decline"]
    shown = words(world, brief)
    for part in ("Incident commander", "Checkout is down", "Rolling back deploy 4512", "promised by", "sev2"):
        assert part in shown
    assert (await world.show())["roles"] == {"commander": world.maya.id}
    assert world.tom.id in channel.members
    await world.tom.press(brief, "Accept")
    await settle(world)
    whole = await world.show()
    assert whole["roles"] == {"commander": TOM}
    assert [e["kind"] for e in whole["timeline"] if e["kind"] in ("handover", "role")][-2:] == ["handover", "role"]
    (edited,) = [m for m in direct_messages(world, TOM) if m.ts == brief.ts]
    assert buttons(edited) == []
    assert [r["reason"] for r in whole["reminders"] if r["kind"] == "role" and "accepted" in r["reason"]]


async def test_after_a_decline_the_holder_is_told_and_keeps_the_role(world: World) -> None:
    channel, brief = await offer_role(world)
    await world.tom.press(brief, "Decline")
    await settle(world)
    assert (await world.show())["roles"] == {"commander": world.maya.id}
    (news,) = [m for m in world.ws.bot_messages(channel.id) if "declined to take over" in m.text]
    assert world.maya.id in world.ws.mentioned(news)
    assert buttons(next(m for m in direct_messages(world, TOM) if m.ts == brief.ts)) == []
    await world.pass_time(hours=1)
    assert "will you take over" not in channel_text(world, channel)


async def test_no_answer_is_asked_again_and_then_calls_the_next_rung(world: World) -> None:
    channel, brief = await offer_role(world)
    await world.pass_time(minutes=10)
    (nudge,) = [m for m in world.ws.bot_messages(channel.id) if "will you take over" in m.text]
    assert TOM in world.ws.mentioned(nudge)
    assert not any("paged" in m.text for m in direct_messages(world, PRIYA))
    await world.pass_time(minutes=10)
    assert len([m for m in direct_messages(world, PRIYA) if "paged" in m.text]) == 1
    assert buttons(next(m for m in direct_messages(world, TOM) if m.ts == brief.ts)) == []
    whole = await world.show()
    assert whole["roles"] == {"commander": world.maya.id}
    assert "did not answer the handover within 20m" in str([r["reason"] for r in whole["reminders"]])
    await world.pass_time(hours=1)
    assert len([m for m in direct_messages(world, PRIYA) if "paged" in m.text]) == 1


async def test_only_the_person_asked_may_answer_and_only_once(world: World) -> None:
    _, brief = await offer_role(world, "handover commander @tom")
    stale = world.tom.screenshot(brief)
    await world.tom.press(brief, "Accept")
    await settle(world)
    await world.tom.press(brief, "Decline", stale=stale)
    assert "That handover is over" in "\n".join(await ephemeral_texts(world, "tom"))
    assert (await world.show())["roles"] == {"commander": TOM}


async def test_a_role_that_moved_on_meanwhile_withdraws_the_offer(world: World) -> None:
    channel, brief = await offer_role(world)
    await type_command(world, "maya", channel.name, "/incident lead @priya")
    await settle(world)
    settled = next(m for m in direct_messages(world, TOM) if m.ts == brief.ts)
    assert "the role went to somebody else" in words(world, settled)
    await world.pass_time(hours=1)
    assert "will you take over" not in channel_text(world, channel)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("handover @maya", "A handover goes to somebody else"),
        ("handover pilot @tom", "There is no role"),
        ("handover scribe none", "Who is to take over"),
    ],
)
async def test_an_impossible_handover_is_refused_with_an_example_that_works(world: World, line: str, why: str) -> None:
    channel = await world.declare("sev2 Checkout is down")
    answer = await type_command(world, "maya", channel.name, f"/incident {line}")
    assert why in answer
    assert "This works: `/incident" in answer
    assert of_kind(await world.show(), "handover") == []


async def test_a_private_incident_is_told_to_the_new_holder_once_they_are_in_its_channel(world: World) -> None:
    await world.maya.command("#general", "/incident declare")
    await world.maya.fill(world.maya.view, {"Title": "Key material leaked", "Severity": "sev2", "Private": ["private"]})
    assert (await world.maya.submit()).ok
    channel = await world.incident_channel()
    await type_command(world, "maya", channel.name, "/incident handover @tom")
    await settle(world)
    (brief,) = [m for m in direct_messages(world, TOM) if "take over" in m.text]
    assert world.tom.id in channel.members
    assert "leaked" in words(world, brief)
    await world.tom.press(brief, "Accept")
    await settle(world)
    assert (await world.show())["roles"] == {"commander": TOM}


async def test_a_settled_offer_says_whether_it_was_declined_or_unanswered(world: World) -> None:
    channel, brief = await offer_role(world)
    await world.tom.press(brief, "Decline")
    await settle(world)
    (edited,) = [m for m in direct_messages(world, TOM) if m.ts == brief.ts]
    assert "INC-1: declined." in words(world, edited)
    await type_command(world, "maya", channel.name, "/incident handover @tom")
    await world.pass_time(minutes=10, seconds=1)
    await world.pass_time(minutes=10, seconds=1)
    last = [m for m in direct_messages(world, TOM) if m.text.startswith("Handover of")][-1]
    assert "it was not answered in time" in words(world, last)


async def test_an_open_offer_is_not_an_empty_role_and_ends_when_the_role_moves(world: World) -> None:
    channel, _ = await offer_role(world)
    why = await type_command(world, "maya", channel.name, "/incident why")
    assert "· handover — in " in why
    next_up = await type_command(world, "maya", channel.name, "/incident catchup")
    assert "@tom is asked to take over as Incident commander" in next_up
    assert "a question about empty roles" not in next_up
    await type_command(world, "maya", channel.name, "/incident lead @priya")
    assert "is asked to take over" not in await type_command(world, "maya", channel.name, "/incident catchup")
