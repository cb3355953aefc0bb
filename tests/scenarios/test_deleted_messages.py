"""People delete the bot's messages: needed ones are posted again, and the others leave no failure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.domain.routing.send_result import SendResult
from bot.slack.senders.base import SenderBase
from sandbox import Channel
from tests.scenarios.assertions import announcements, buttons, declare, direct_messages, of_kind, settle, words
from tests.scenarios.playbook_runs import ask_for_failover, open_run, press, request, run_messages
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


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


async def unharmed(world: World, channel: Channel) -> None:
    """No failure is on the timeline, and the card offers no retry."""
    await world.delivered()
    assert not of_kind(await world.show(), "delivery_failed")
    assert "Retry" not in buttons(world.card(channel))


async def test_a_deleted_announcement_is_posted_again_at_once_and_hears_of_the_end(world: World) -> None:
    channel = await declare(world)
    (first,) = announcements(world)
    await world.sam.delete(first)
    await world.ws.until(lambda: announcements(world))
    await world.maya.command(channel.id, "/incident resolve rolled back")
    await settle(world)
    (second,) = announcements(world)
    assert "Resolved" in words(world, second)
    assert [m for m in world.ws.replies(second) if "resolved" in m.text]
    await unharmed(world, channel)


async def test_a_deleted_announcement_with_news_in_its_thread_is_posted_again_at_once(world: World) -> None:
    channel = await declare(world)
    await world.maya.command(channel.id, "/incident update rolling back")
    await world.delivered()
    (first,) = announcements(world)
    assert world.ws.replies(first)
    await world.sam.delete(first)
    await world.ws.until(lambda: any(m.ts != first.ts for m in announcements(world)))
    await unharmed(world, channel)


async def test_news_for_a_deleted_announcement_goes_under_the_new_one(world: World) -> None:
    channel = await declare(world)
    world.ws.delivery.faults.drop = True
    await world.sam.delete(announcements(world)[0])
    world.ws.delivery.faults.drop = False
    await world.maya.command(channel.id, "/incident update rolling back")
    await world.delivered()
    (second,) = announcements(world)
    assert [m for m in world.ws.replies(second) if "update #1" in m.text]
    await unharmed(world, channel)


async def test_a_deleted_page_or_reminder_that_is_settled_is_not_needed(world: World) -> None:
    channel = await declare(world)
    pages = [*direct_messages(world, world.tom.id, "You are paged"), *world.ws.bot_messages("payments")]
    pages += [m for m in world.ws.bot_messages(channel.id) if "paged for" in m.text]
    assert len(pages) == 3
    await world.pass_time(minutes=11)
    reminders = [m for m in world.ws.bot_messages(channel.id) if "Snooze 15m" in buttons(m)]
    assert len(reminders) == 1
    for message in (*pages, *reminders):
        world.ws.posting.delete(message)
    await world.maya.command(channel.id, "/incident update rolling back")
    await world.maya.command(channel.id, "/incident ack")
    await world.maya.command(channel.id, "/incident resolve rolled back")
    await unharmed(world, channel)


async def test_a_deleted_message_of_a_running_playbook_is_posted_again(world: World) -> None:
    channel = await declare(world)
    message = await open_run(world, channel)
    await world.sam.delete(message)
    await world.ws.until(lambda: run_messages(world, channel))
    (again,) = run_messages(world, channel)
    await press(world, "maya", again, "Done")
    await unharmed(world, channel)


async def test_a_deleted_request_for_approval_that_waits_is_posted_again(world: World) -> None:
    channel, asked = await ask_for_failover(world)
    await world.sam.delete(asked)
    await world.ws.until(lambda: any("asks for approval" in m.text for m in world.ws.bot_messages(channel.id)))
    await press(world, "tom", request(world, channel), "Approve")
    await unharmed(world, channel)


async def test_messages_that_were_deleted_while_the_bot_was_away_are_posted_again(world: World) -> None:
    channel = await declare(world)
    message = await open_run(world, channel)
    await world.tocsin.stop()
    world.ws.delivery.faults.drop = True
    await world.sam.delete(world.card(channel))
    await world.sam.delete(message)
    world.ws.delivery.faults.drop = False
    await world.restart()
    await world.ws.until(lambda: run_messages(world, channel) and world.ws.pinned(channel.id))
    await unharmed(world, channel)


async def test_a_deleted_announcement_that_two_notices_miss_is_posted_again_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one had it posted again although it was there by then."""
    again, calls = SenderBase.post_again, []

    async def late(sender: SenderBase, *missed: Any) -> SendResult:
        calls.append(await again(sender, *missed))
        await world.ws.until(lambda: announcements(world))
        return await again(sender, *missed)

    channel = await declare(world)
    monkeypatch.setattr(SenderBase, "post_again", late)
    await world.sam.delete(announcements(world)[0])
    await world.ws.until(lambda: calls)
    await world.delivered()
    assert len(announcements(world)) == 1
    await unharmed(world, channel)
