"""The incident's channel is archived, deleted, or the bot is removed from it; and it comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox import Channel, Workspace
from tests.scenarios.assertions import announcements, buttons, declared, direct, of_kind, rest, texts, typed, words
from tests.scenarios.running import World, written

POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev2: {update_every: 10m, respond_within: null, escalate_after: null, roles: [], ladder: []}
"""
BY_ARCHIVING, BY_DELETING, BY_REMOVING = "archive", "delete", "remove"


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return written(tmp_path, POLICY)


async def led(here: World, text: str = "sev2 Checkout is down") -> Channel:
    """An incident that Maya reported and Tom leads."""
    channel = await declared(here, text)
    await here.maya.command(channel.id, "/incident lead @tom")
    await rest(here)
    return channel


async def lose(here: World, channel: Channel, how: str) -> None:
    match how:
        case "archive":
            await here.maya.archive(channel.id)
        case "delete":
            await here.sam.delete_channel(channel.id)
        case "remove":
            await here.maya.kick(channel.id, here.ws.bot.id)
    await rest(here)


def about_the_loss(ws: Workspace, here: World, person: str) -> list[str]:
    return [m.text for m in direct(here, ws.user(person).id, "The channel of INC-1")]


@pytest.mark.parametrize("how", [BY_ARCHIVING, BY_DELETING])
async def test_a_lost_channel_is_noticed_once_and_said_under_the_announcement_and_to_commander_and_reporter(
    here: World, how: str
) -> None:
    channel = await led(here)
    if how == BY_ARCHIVING:
        await here.noor.join(channel.id)
        await here.noor.archive(channel.id)
    else:
        await here.sam.delete_channel(channel.id)
    await rest(here)
    for person in ("maya", "tom"):
        (told,) = about_the_loss(here.ws, here, person)
        assert ("is archived by" if how == BY_ARCHIVING else "was deleted") in told
    (announcement,) = announcements(here)
    assert ("it is archived" if how == BY_ARCHIVING else "its channel was deleted") in words(here, announcement)
    under = [words(here, m) for m in here.ws.replies(announcement) if "INC-1" in m.text]
    assert len(under) == 1
    assert len(of_kind(await here.show(), "channel_lost")) == 1


@pytest.mark.parametrize("how", [BY_ARCHIVING, BY_DELETING, BY_REMOVING])
async def test_what_would_be_posted_in_a_lost_channel_goes_to_the_commander_directly(here: World, how: str) -> None:
    channel = await led(here, "--private sev2 Checkout is down" if how == BY_REMOVING else "sev2 Checkout is down")
    await lose(here, channel, how)
    answer = await typed(here, "maya", "#general", "/incident update rolling back --in INC-1")
    assert "Update #1 of INC-1 is recorded; its channel" in answer
    assert "posted" not in answer.replace("I would post", "")
    await rest(here)
    (update,) = direct(here, here.tom.id, "update #1")
    assert "rolling back" in words(here, update)
    await typed(here, "maya", "#general", "/incident status identified the new host --in INC-1")
    await rest(here)
    (moved,) = direct(here, here.tom.id, "the new host")
    assert "INC-1 · Checkout is down" in moved.text
    assert "INC-1 · Checkout is down" in words(here, moved)
    await here.pass_time(minutes=11)
    reminder = direct(here, here.tom.id)[-1]
    assert "Post update" in buttons(reminder)
    assert not of_kind(await here.show(), "delivery_failed")


async def test_an_archived_channel_that_is_unarchived_has_a_current_card_its_news_and_its_history(here: World) -> None:
    channel = await led(here)
    await lose(here, channel, BY_ARCHIVING)
    await here.maya.command("#general", "/incident update rolling back --in INC-1")
    await here.maya.command("#general", "/incident severity sev1 worse --in INC-1")
    await rest(here)
    assert "sev1" not in words(here, here.card(channel))
    here.ws.delivery.faults.drop = True
    await here.maya.unarchive(channel.id)
    await here.maya.say(channel.id, "we are back")
    here.ws.delivery.faults.drop = False
    await here.maya.archive(channel.id)
    await here.maya.unarchive(channel.id)
    await here.ws.settled()
    await here.delivered()
    assert "sev1" in words(here, here.card(channel))
    assert "we are back" in texts(of_kind(await here.show(), "message"))
    assert [m for m in here.ws.bot_messages(channel.id) if "update #1" in m.text]
    assert of_kind(await here.show(), "channel_back")
    assert "it is archived" not in words(here, announcements(here)[0])


async def test_the_bot_joins_a_public_channel_again_that_it_was_removed_from(here: World) -> None:
    channel = await led(here)
    here.ws.delivery.faults.hold = True
    await here.maya.kick(channel.id, here.ws.bot.id)
    await here.maya.say(channel.id, "nobody hears me")
    here.ws.delivery.release()
    await here.ws.until(lambda: here.ws.bot.id in channel.members)
    await rest(here)
    await here.maya.say(channel.id, "now it does")
    await rest(here)
    assert texts(of_kind(await here.show(), "message")) == ["nobody hears me", "now it does"]
    assert not about_the_loss(here.ws, here, "tom")


async def test_a_bot_that_is_invited_to_its_private_channel_again_goes_on_there(here: World) -> None:
    channel = await led(here, "--private sev2 Payroll leak")
    await lose(here, channel, BY_REMOVING)
    assert about_the_loss(here.ws, here, "tom")
    await here.maya.command("#general", "/incident update rotating keys --in INC-1")
    await here.maya.say(channel.id, "meanwhile")
    await here.maya.invite(channel.id, here.ws.bot.id)
    await rest(here)
    await here.delivered()
    assert [m for m in here.ws.bot_messages(channel.id) if "update #1" in m.text]
    assert "meanwhile" in texts(of_kind(await here.show(), "message"))


async def test_a_loss_that_no_event_tells_is_noticed_by_the_first_refused_message(here: World) -> None:
    channel = await led(here)
    here.ws.delivery.faults.drop = True
    await here.maya.archive(channel.id)
    here.ws.delivery.faults.drop = False
    await here.maya.command("#general", "/incident update rolling back --in INC-1")
    await here.ws.until(lambda: about_the_loss(here.ws, here, "tom"))
    await here.ws.until(lambda: direct(here, here.tom.id, "update #1"))
    assert not of_kind(await here.show(), "delivery_failed")


async def test_a_loss_while_the_bot_is_away_is_noticed_at_its_start(here: World) -> None:
    channel = await led(here)
    await here.tocsin.stop()
    here.ws.delivery.faults.drop = True
    await here.maya.archive(channel.id)
    here.ws.delivery.faults.drop = False
    await here.restarted()
    await here.ws.until(lambda: about_the_loss(here.ws, here, "tom"))


async def test_nobody_is_told_that_the_channel_of_an_ended_incident_is_archived(here: World) -> None:
    channel = await led(here)
    await here.maya.command(channel.id, "/incident resolve rolled back")
    await rest(here)
    await lose(here, channel, BY_ARCHIVING)
    assert not about_the_loss(here.ws, here, "tom")
    await here.maya.command("#general", "/incident reopen it is back --in INC-1")
    await rest(here)
    assert about_the_loss(here.ws, here, "tom")


async def test_a_silence_in_a_lost_channel_pages_nobody(here: World) -> None:
    channel = await led(here)
    await lose(here, channel, BY_ARCHIVING)
    for _ in range(4):
        await here.pass_time(minutes=10)
    assert not [r for r in of_kind(await here.show(), "reminder") if "silence" in r["text"]]
    assert not of_kind(await here.show(), "page", "escalated")


async def test_events_that_arrive_out_of_order_leave_the_channel_as_slack_has_it(here: World) -> None:
    channel = await led(here)
    here.ws.delivery.faults.reorder = 8
    await here.maya.archive(channel.id)
    await here.maya.unarchive(channel.id)
    here.ws.delivery.faults.reorder = 0
    here.ws.delivery.flush()
    await rest(here)
    await here.maya.command(channel.id, "/incident update rolling back")
    await rest(here)
    assert [m for m in here.ws.bot_messages(channel.id) if "update #1" in m.text]


async def test_a_channel_that_the_bot_was_removed_from_before_slack_confirmed_it_is_found_again(here: World) -> None:
    """Only the bot's own channels were searched, so the incident got a second channel."""
    here.ws.faults.add("conversations.create", status=500, after=True)
    search = here.ws.faults.add("users.conversations", status=500, count=None)
    await here.maya.command("#general", "/incident declare sev2 Checkout is down")
    await here.ws.until(lambda: here.ws.find_channel("inc-1-"))
    channel = here.ws.find_channel("inc-1-")
    assert channel is not None
    await here.maya.join(channel.id)
    await here.maya.kick(channel.id, here.ws.bot.id)
    here.ws.faults.rules.remove(search)
    await here.opened()
    assert [c.id for c in here.ws.state.channels.values() if c.name.startswith("inc-1-")] == [channel.id]
    assert here.ws.bot.id in channel.members
    await here.delivered()
    assert len(here.ws.pinned(channel.id)) == 1


async def test_a_channel_that_was_archived_before_slack_confirmed_it_is_found_again(here: World) -> None:
    """Archived channels were left out of the search, so the incident got a second channel."""
    here.ws.faults.add("conversations.create", status=500, after=True)
    search = here.ws.faults.add("users.conversations", status=500, count=None)
    await here.maya.command("#general", "/incident declare sev2 Checkout is down")
    await here.ws.until(lambda: here.ws.find_channel("inc-1-"))
    channel = here.ws.find_channel("inc-1-")
    assert channel is not None
    await here.maya.join(channel.id)
    await here.maya.archive(channel.id)
    here.ws.faults.rules.remove(search)
    await here.ws.until(
        lambda: about_the_loss(here.ws, here, "maya") or here.ws.find_channel("inc-1-checkout-is-down-2")
    )
    assert [c.id for c in here.ws.state.channels.values() if c.name.startswith("inc-1-")] == [channel.id]
