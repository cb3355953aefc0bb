"""Slack refuses to open the incident's channel, for its name or for good; or it takes its time."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.assertions import (
    announcements,
    buttons,
    direct_messages,
    ephemeral_texts,
    settle,
    type_command,
    until,
    words,
)
from tests.scenarios.running import World, policy_file

POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev2:
    update_every: 10m
    respond_within: null
    escalate_after: null
    roles: []
    ladder: [{after: 0s, notify: ["user:U0TOM00000", "channel:#payments"], by: [slack]}]
"""
OPENING = "its channel is being opened"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


async def declare_without_channel(world: World) -> None:
    world.ws.faults.add("conversations.create", error="restricted_action", count=None)
    await type_command(world, "maya", "#general", "/incident declare sev2 Checkout is down")
    await settle(world)
    await world.delivered()


async def test_a_channel_that_slack_refuses_is_said_to_everybody_who_was_told_that_it_is_being_opened(
    world: World,
) -> None:
    await declare_without_channel(world)
    (page,) = direct_messages(world, world.tom.id, "You are paged")
    (elsewhere,) = world.ws.bot_messages("payments")
    for message in (*announcements(world), page, elsewhere):
        assert "could not be opened" in words(world, message)
        assert OPENING not in words(world, message)
    assert {"I'm on it", "Can't"} <= set(buttons(page))
    assert any("could not be opened" in answer for answer in await ephemeral_texts(world, "maya"))


async def test_after_a_retry_all_that_went_to_the_reporter_is_in_the_channel_with_its_card_pinned(world: World) -> None:
    await declare_without_channel(world)
    await type_command(world, "maya", "#general", "/incident lead @tom --in INC-1")
    await world.delivered()
    (card,) = [m for m in direct_messages(world, world.maya.id) if "Retry" in buttons(m)]
    world.ws.faults.clear()
    assert (await world.maya.press(card, "Retry")).ok
    channel = await world.incident_channel()
    await world.delivered()
    assert world.ws.pinned(channel.id) == [m for m in world.ws.bot_messages(channel.id) if "Resolve" in buttons(m)]
    assert [m for m in world.ws.bot_messages(channel.id) if "is now *Incident commander*" in m.text]
    assert not buttons(card)
    assert f"this is in <#{channel.id}> now" in card.text
    assert not [m for m in direct_messages(world, world.maya.id) if "Retry" in buttons(m)]
    assert f"<#{channel.id}>" in str(announcements(world)[0].blocks)
    (page,) = direct_messages(world, world.tom.id, "You are paged")
    assert f"<#{channel.id}>" in str(page.blocks)


@pytest.mark.parametrize("error", ["invalid_name", "invalid_name_specials", "invalid_name_punctuation"])
async def test_in_place_of_a_name_that_slack_refuses_the_channel_is_called_by_its_number(
    world: World, error: str
) -> None:
    world.ws.faults.add("conversations.create", error=error, count=1)
    await world.declare()
    assert world.ws.channel("inc-1").name == "inc-1"


async def test_a_first_page_names_the_channel_once_it_is_there(world: World) -> None:
    world.ws.faults.add("conversations.create", latency_s=0.8, count=1)
    await type_command(world, "maya", "#general", "/incident declare sev2 Checkout is down")
    await world.ws.until(lambda: direct_messages(world, world.tom.id, "You are paged"))
    (page,) = direct_messages(world, world.tom.id, "You are paged")
    assert OPENING in str(page.blocks)
    channel = await world.incident_channel()
    await until(lambda: f"<#{channel.id}>" in str(page.blocks))
    assert {"I'm on it", "Can't"} <= set(buttons(page))


async def test_a_page_that_was_answered_meanwhile_gets_no_buttons_again(world: World) -> None:
    world.ws.faults.add("conversations.create", latency_s=0.8, count=1)
    await type_command(world, "maya", "#general", "/incident declare sev2 Checkout is down")
    await world.ws.until(lambda: direct_messages(world, world.tom.id, "You are paged"))
    (page,) = direct_messages(world, world.tom.id, "You are paged")
    await world.tom.press(page, "I'm on it")
    await world.incident_channel()
    await world.delivered()
    assert not buttons(page)
