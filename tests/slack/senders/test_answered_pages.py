"""A page that waited for Slack is not posted once somebody has answered, however late and wherever they did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, cast

import aiohttp
import pytest

from bot.domain.routing.send_result import NotNeeded, SendResult, Sent
from bot.slack.client.api import SlackApi
from bot.slack.inbound.event_parser import BotIdentity
from bot.slack.senders.dispatch import Dispatcher
from bot.usecases import outage as outages
from bot.usecases.context import Context
from bot.usecases.incidents import declare
from bot.usecases.incidents.acknowledge import acknowledge
from bot.usecases.lapsed.dispatch import handle_lapsed
from bot.usecases.outage import NOTICED, Outage
from storage import deadlines
from storage.lease import LEASE
from storage.outbox import queue
from storage.outbox.queue import ClaimedNotice
from tests.slack.fakes import FakeApi
from tests.usecases.conftest import MakeContext, MovableClock, clock, make_context

__all__ = ["clock", "make_context"]

TOM = "U0TOM00000"
POLICY = f"""
preset: sev1-5
severities: {{sev1: {{ladder: [{{after: 0m, notify: ["user:{TOM}"]}}]}}}}
"""
ANSWERED = NotNeeded("acknowledged before it could be sent")


class Slack(FakeApi):
    """Takes every message. While it opens a conversation, or searches one, `meanwhile` happens once."""

    def __init__(self) -> None:
        super().__init__(
            conversations_open=lambda args: {"channel": {"id": "D0TOM"}},
            conversations_history=lambda args: {"messages": []},
            chat_postMessage=lambda args: {"channel": "D0TOM", "ts": "1.1"},
        )
        self.meanwhile: dict[str, Callable[[], Awaitable[Any]]] = {}

    async def call(self, method: str, **args: Any) -> dict[str, Any]:
        if method in self.meanwhile:
            await self.meanwhile.pop(method)()
        return await super().call(method, **args)


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    return make_context(POLICY)


@pytest.fixture
def slack() -> Slack:
    return Slack()


def sent_by(context: Context, slack: Slack) -> Callable[[ClaimedNotice], Awaitable[SendResult]]:
    me = BotIdentity("U0BOT", "B0BOT", "T0")
    return Dispatcher(context, cast(SlackApi, slack), me, cast(aiohttp.ClientSession, None)).send


async def page_from_an_outage(context: Context, clock: MovableClock) -> ClaimedNotice:
    """Tom's page, claimed for the first time just after an outage that ended within seconds."""
    async with context.database.transaction() as conn:
        await outages.start(conn, Outage(clock.now(), NOTICED, "no answer"))
    await declare.declare(context, declare.Declaration("Checkout is down", "sev1", "U0MAYA0000"), "d1")
    async with context.database.transaction() as conn:
        lapsed = await deadlines.claim(conn, clock.now(), 10)
    await handle_lapsed(context, lapsed)
    clock.instant += timedelta(hours=1)
    async with context.database.transaction() as conn:
        await outages.stop(conn, clock.now(), ["sev1"])
        claimed = await queue.claim(conn, 100, LEASE)
    (row,) = (row for row in claimed if row.kind == "page_direct")
    return row


async def test_an_answer_while_slack_is_asked_for_the_conversation_counts(
    context: Context, clock: MovableClock, slack: Slack
) -> None:
    row = await page_from_an_outage(context, clock)
    slack.meanwhile["conversations.open"] = lambda: acknowledge(context, 1, "U0LENA0000")
    assert await sent_by(context, slack)(row) == ANSWERED
    assert slack.methods() == ["conversations.open"]


async def test_an_answer_while_an_earlier_attempt_is_looked_for_counts(
    context: Context, clock: MovableClock, slack: Slack
) -> None:
    row = replace(await page_from_an_outage(context, clock), uncertain=True, attempts=2)
    slack.meanwhile["conversations.history"] = lambda: acknowledge(context, 1, "U0LENA0000")
    assert await sent_by(context, slack)(row) == ANSWERED
    assert slack.methods() == ["conversations.open", "conversations.history"]


async def test_an_answer_counts_for_a_process_that_has_not_heard_of_the_outage(
    context: Context, clock: MovableClock, slack: Slack
) -> None:
    row = await page_from_an_outage(context, clock)
    await acknowledge(context, 1, "U0LENA0000")
    assert (row.attempts, context.outage, context.past_outages) == (1, None, ())
    assert await sent_by(context, slack)(row) == ANSWERED
    assert slack.calls == []


async def test_an_answer_counts_for_a_page_that_is_older_than_the_outage(
    context: Context, clock: MovableClock, slack: Slack
) -> None:
    row = await page_from_an_outage(context, clock)
    await acknowledge(context, 1, "U0LENA0000")
    older = replace(row, created_at=row.created_at - timedelta(minutes=10))
    assert await sent_by(context, slack)(older) == ANSWERED
    assert slack.calls == []


async def test_a_page_that_nobody_has_answered_is_posted(context: Context, clock: MovableClock, slack: Slack) -> None:
    row = await page_from_an_outage(context, clock)
    assert await sent_by(context, slack)(row) == Sent({"channel": "D0TOM", "ts": "1.1", "key": row.key})
