"""The incident's channel is archived, deleted, or the bot is removed from it; and it comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Channel, Workspace
from tests.scenarios.assertions import (
    announcements,
    buttons,
    declare,
    direct_messages,
    of_kind,
    settle,
    texts,
    type_command,
    words,
)
from tests.scenarios.running import World, policy_file

POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev2: {update_every: 10m, respond_within: null, escalate_after: null, roles: [], ladder: []}
"""
BY_ARCHIVING, BY_DELETING, BY_REMOVING = "archive", "delete", "remove"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


async def led(world: World, text: str = "sev2 Checkout is down") -> Channel:
    """An incident that Maya reported and Tom leads."""
    channel = await declare(world, text)
    await world.maya.command(channel.id, "/incident lead @tom")
    await settle(world)
    return channel


async def lose(world: World, channel: Channel, how: str) -> None:
    match how:
        case "archive":
            await world.maya.archive(channel.id)
        case "delete":
            await world.sam.delete_channel(channel.id)
        case "remove":
            await world.maya.kick(channel.id, world.ws.bot.id)
    await settle(world)


def about_the_loss(ws: Workspace, world: World, person: str) -> list[str]:
    return [m.text for m in direct_messages(world, ws.user(person).id, "The channel of INC-1")]


@pytest.mark.parametrize("how", [BY_ARCHIVING, BY_DELETING])
async def test_a_lost_channel_is_noticed_once_and_said_under_the_announcement_and_to_commander_and_reporter(
    world: World, how: str
) -> None:
    channel = await led(world)
    if how == BY_ARCHIVING:
        await world.noor.join(channel.id)
        await world.noor.archive(channel.id)
    else:
        await world.sam.delete_channel(channel.id)
    await settle(world)
    for person in ("maya", "tom"):
        (told,) = about_the_loss(world.ws, world, person)
        assert ("is archived by" if how == BY_ARCHIVING else "was deleted") in told
    (announcement,) = announcements(world)
    assert ("it is archived" if how == BY_ARCHIVING else "its channel was deleted") in words(world, announcement)
    under = [words(world, m) for m in world.ws.replies(announcement) if "INC-1" in m.text]
    assert len(under) == 1
    assert len(of_kind(await world.show(), "channel_lost")) == 1


@pytest.mark.parametrize("how", [BY_ARCHIVING, BY_DELETING, BY_REMOVING])
async def test_what_would_be_posted_in_a_lost_channel_goes_to_the_commander_directly(world: World, how: str) -> None:
    channel = await led(world, "--private sev2 Checkout is down" if how == BY_REMOVING else "sev2 Checkout is down")
    await lose(world, channel, how)
    answer = await type_command(world, "maya", "#general", "/incident update rolling back --in INC-1")
    assert "Update #1 of INC-1 is recorded; its channel" in answer
    assert "posted" not in answer.replace("I would post", "")
    await settle(world)
    (update,) = direct_messages(world, world.tom.id, "update #1")
    assert "rolling back" in words(world, update)
    await type_command(world, "maya", "#general", "/incident status identified the new host --in INC-1")
    await settle(world)
    (moved,) = direct_messages(world, world.tom.id, "the new host")
    assert "INC-1 · Checkout is down" in moved.text
    assert "INC-1 · Checkout is down" in words(world, moved)
    await world.pass_time(minutes=11)
    reminder = direct_messages(world, world.tom.id)[-1]
    assert "Post update" in buttons(reminder)
    assert not of_kind(await world.show(), "delivery_failed")


async def test_an_archived_channel_that_is_unarchived_has_a_current_card_its_news_and_its_history(world: World) -> None:
    channel = await led(world)
    await lose(world, channel, BY_ARCHIVING)
    await world.maya.command("#general", "/incident update rolling back --in INC-1")
    await world.maya.command("#general", "/incident severity sev1 worse --in INC-1")
    await settle(world)
    assert "sev1" not in words(world, world.card(channel))
    world.ws.delivery.faults.drop = True
    await world.maya.unarchive(channel.id)
    await world.maya.say(channel.id, "we are back")
    world.ws.delivery.faults.drop = False
    await world.maya.archive(channel.id)
    await world.maya.unarchive(channel.id)
    await world.ws.settled()
    await world.delivered()
    assert "sev1" in words(world, world.card(channel))
    assert "we are back" in texts(of_kind(await world.show(), "message"))
    assert [m for m in world.ws.bot_messages(channel.id) if "update #1" in m.text]
    assert of_kind(await world.show(), "channel_back")
    assert "it is archived" not in words(world, announcements(world)[0])


async def test_the_bot_joins_a_public_channel_again_that_it_was_removed_from(world: World) -> None:
    channel = await led(world)
    world.ws.delivery.faults.hold = True
    await world.maya.kick(channel.id, world.ws.bot.id)
    await world.maya.say(channel.id, "nobody hears me")
    world.ws.delivery.release()
    await world.ws.until(lambda: world.ws.bot.id in channel.members)
    await settle(world)
    await world.maya.say(channel.id, "now it does")
    await settle(world)
    assert texts(of_kind(await world.show(), "message")) == ["nobody hears me", "now it does"]
    assert not about_the_loss(world.ws, world, "tom")


async def test_a_bot_that_is_invited_to_its_private_channel_again_goes_on_there(world: World) -> None:
    channel = await led(world, "--private sev2 Payroll leak")
    await lose(world, channel, BY_REMOVING)
    assert about_the_loss(world.ws, world, "tom")
    await world.maya.command("#general", "/incident update rotating keys --in INC-1")
    await world.maya.say(channel.id, "meanwhile")
    await world.maya.invite(channel.id, world.ws.bot.id)
    await settle(world)
    await world.delivered()
    assert [m for m in world.ws.bot_messages(channel.id) if "update #1" in m.text]
    assert "meanwhile" in texts(of_kind(await world.show(), "message"))


async def test_a_loss_that_no_event_tells_is_noticed_by_the_first_refused_message(world: World) -> None:
    channel = await led(world)
    world.ws.delivery.faults.drop = True
    await world.maya.archive(channel.id)
    world.ws.delivery.faults.drop = False
    await world.maya.command("#general", "/incident update rolling back --in INC-1")
    await world.ws.until(lambda: about_the_loss(world.ws, world, "tom"))
    await world.ws.until(lambda: direct_messages(world, world.tom.id, "update #1"))
    assert not of_kind(await world.show(), "delivery_failed")


async def test_a_loss_while_the_bot_is_away_is_noticed_at_its_start(world: World) -> None:
    channel = await led(world)
    await world.tocsin.stop()
    world.ws.delivery.faults.drop = True
    await world.maya.archive(channel.id)
    world.ws.delivery.faults.drop = False
    await world.restart()
    await world.ws.until(lambda: about_the_loss(world.ws, world, "tom"))


async def test_nobody_is_told_that_the_channel_of_an_ended_incident_is_archived(world: World) -> None:
    channel = await led(world)
    await world.maya.command(channel.id, "/incident resolve rolled back")
    await settle(world)
    await lose(world, channel, BY_ARCHIVING)
    assert not about_the_loss(world.ws, world, "tom")
    await world.maya.command("#general", "/incident reopen it is back --in INC-1")
    await settle(world)
    assert about_the_loss(world.ws, world, "tom")


async def test_a_silence_in_a_lost_channel_pages_nobody(world: World) -> None:
    channel = await led(world)
    await lose(world, channel, BY_ARCHIVING)
    for _ in range(4):
        await world.pass_time(minutes=10)
    assert not [r for r in of_kind(await world.show(), "reminder") if "silence" in r["text"]]
    assert not of_kind(await world.show(), "page", "escalated")


async def test_events_that_arrive_out_of_order_leave_the_channel_as_slack_has_it(world: World) -> None:
    channel = await led(world)
    world.ws.delivery.faults.reorder = 8
    await world.maya.archive(channel.id)
    await world.maya.unarchive(channel.id)
    world.ws.delivery.faults.reorder = 0
    world.ws.delivery.flush()
    await settle(world)
    await world.maya.command(channel.id, "/incident update rolling back")
    await settle(world)
    assert [m for m in world.ws.bot_messages(channel.id) if "update #1" in m.text]


async def test_a_channel_that_the_bot_was_removed_from_before_slack_confirmed_it_is_found_again(world: World) -> None:
    """Only the bot's own channels were searched, so the incident got a second channel."""
    world.ws.faults.add("conversations.create", status=500, after=True)
    search = world.ws.faults.add("users.conversations", status=500, count=None)
    await world.maya.command("#general", "/incident declare sev2 Checkout is down")
    await world.ws.until(lambda: world.ws.find_channel("inc-1-"))
    channel = world.ws.find_channel("inc-1-")
    assert channel is not None
    await world.maya.join(channel.id)
    await world.maya.kick(channel.id, world.ws.bot.id)
    world.ws.faults.rules.remove(search)
    await world.incident_channel()
    assert [c.id for c in world.ws.state.channels.values() if c.name.startswith("inc-1-")] == [channel.id]
    assert world.ws.bot.id in channel.members
    await world.delivered()
    assert len(world.ws.pinned(channel.id)) == 1


async def test_a_channel_that_was_archived_before_slack_confirmed_it_is_found_again(world: World) -> None:
    """Archived channels were left out of the search, so the incident got a second channel."""
    world.ws.faults.add("conversations.create", status=500, after=True)
    search = world.ws.faults.add("users.conversations", status=500, count=None)
    await world.maya.command("#general", "/incident declare sev2 Checkout is down")
    await world.ws.until(lambda: world.ws.find_channel("inc-1-"))
    channel = world.ws.find_channel("inc-1-")
    assert channel is not None
    await world.maya.join(channel.id)
    await world.maya.archive(channel.id)
    world.ws.faults.rules.remove(search)
    await world.ws.until(
        lambda: about_the_loss(world.ws, world, "maya") or world.ws.find_channel("inc-1-checkout-is-down-2")
    )
    assert [c.id for c in world.ws.state.channels.values() if c.name.startswith("inc-1-")] == [channel.id]
