"""People delete messages of the bot's: what is needed is posted again, and the rest leaves no failure behind."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bot.domain.routing.send_result import SendResult
from bot.slack.senders.base import SenderBase
from sandbox import Channel
from tests.scenarios.assertions import announcements, buttons, declared, direct, of_kind, rest, words
from tests.scenarios.playbook_runs import failover_asked, opened, press, request, run_messages
from tests.scenarios.running import World, written

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
    return written(tmp_path, POLICY)


async def unharmed(here: World, channel: Channel) -> None:
    """No failure is on the timeline, and the card offers no retry."""
    await here.delivered()
    assert not of_kind(await here.show(), "delivery_failed")
    assert "Retry" not in buttons(here.card(channel))


async def test_a_deleted_announcement_is_posted_again_at_once_and_hears_of_the_end(here: World) -> None:
    channel = await declared(here)
    (first,) = announcements(here)
    await here.sam.delete(first)
    await here.ws.until(lambda: announcements(here))
    await here.maya.command(channel.id, "/incident resolve rolled back")
    await rest(here)
    (second,) = announcements(here)
    assert "Resolved" in words(here, second)
    assert [m for m in here.ws.replies(second) if "resolved" in m.text]
    await unharmed(here, channel)


async def test_a_deleted_announcement_with_news_in_its_thread_is_posted_again_at_once(here: World) -> None:
    channel = await declared(here)
    await here.maya.command(channel.id, "/incident update rolling back")
    await here.delivered()
    (first,) = announcements(here)
    assert here.ws.replies(first)
    await here.sam.delete(first)
    await here.ws.until(lambda: any(m.ts != first.ts for m in announcements(here)))
    await unharmed(here, channel)


async def test_news_for_a_deleted_announcement_goes_under_the_new_one(here: World) -> None:
    channel = await declared(here)
    here.ws.delivery.faults.drop = True
    await here.sam.delete(announcements(here)[0])
    here.ws.delivery.faults.drop = False
    await here.maya.command(channel.id, "/incident update rolling back")
    await here.delivered()
    (second,) = announcements(here)
    assert [m for m in here.ws.replies(second) if "update #1" in m.text]
    await unharmed(here, channel)


async def test_a_deleted_page_or_reminder_that_is_settled_is_not_needed(here: World) -> None:
    channel = await declared(here)
    pages = [*direct(here, here.tom.id, "You are paged"), *here.ws.bot_messages("payments")]
    pages += [m for m in here.ws.bot_messages(channel.id) if "paged for" in m.text]
    assert len(pages) == 3
    await here.pass_time(minutes=11)
    reminders = [m for m in here.ws.bot_messages(channel.id) if "Snooze 15m" in buttons(m)]
    assert len(reminders) == 1
    for message in (*pages, *reminders):
        here.ws.posting.delete(message)
    await here.maya.command(channel.id, "/incident update rolling back")
    await here.maya.command(channel.id, "/incident ack")
    await here.maya.command(channel.id, "/incident resolve rolled back")
    await unharmed(here, channel)


async def test_a_deleted_message_of_a_running_playbook_is_posted_again(here: World) -> None:
    channel = await declared(here)
    message = await opened(here, channel)
    await here.sam.delete(message)
    await here.ws.until(lambda: run_messages(here, channel))
    (again,) = run_messages(here, channel)
    await press(here, "maya", again, "Done")
    await unharmed(here, channel)


async def test_a_deleted_request_for_approval_that_waits_is_posted_again(here: World) -> None:
    channel, asked = await failover_asked(here)
    await here.sam.delete(asked)
    await here.ws.until(lambda: any("asks for approval" in m.text for m in here.ws.bot_messages(channel.id)))
    await press(here, "tom", request(here, channel), "Approve")
    await unharmed(here, channel)


async def test_messages_that_were_deleted_while_the_bot_was_away_are_posted_again(here: World) -> None:
    channel = await declared(here)
    message = await opened(here, channel)
    await here.tocsin.stop()
    here.ws.delivery.faults.drop = True
    await here.sam.delete(here.card(channel))
    await here.sam.delete(message)
    here.ws.delivery.faults.drop = False
    await here.restarted()
    await here.ws.until(lambda: run_messages(here, channel) and here.ws.pinned(channel.id))
    await unharmed(here, channel)


async def test_a_deleted_announcement_that_two_notices_miss_is_posted_again_once(
    here: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second one had it posted again although it was there by then."""
    again, calls = SenderBase.post_again, []

    async def late(sender: SenderBase, *missed: Any) -> SendResult:
        calls.append(await again(sender, *missed))
        await here.ws.until(lambda: announcements(here))
        return await again(sender, *missed)

    channel = await declared(here)
    monkeypatch.setattr(SenderBase, "post_again", late)
    await here.sam.delete(announcements(here)[0])
    await here.ws.until(lambda: calls)
    await here.delivered()
    assert len(announcements(here)) == 1
    await unharmed(here, channel)
