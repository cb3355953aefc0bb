"""Failed notices are queued again at a person's request, and notices that wait for an operator are tried now."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.outbox import results
from bot.usecases.outbox.retry_failed import retry_failed, try_waiting_now
from bot.usecases.unit_of_work import DuplicateDelivery
from storage.outbox import queue
from storage.outbox.queue import ClaimedNotice
from storage.schema import outbox
from tests.usecases.conftest import MakeContext

LATER = timedelta(hours=1)


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context("preset: sev1-5\n")
    await declare(context, Declaration("Checkout is down", "sev2", "U0MAYA0000"))
    return context


async def claim_by_kind(context: Context) -> dict[str, ClaimedNotice]:
    """What can be sent now, by kind."""
    async with context.database.transaction() as conn:
        return {row.kind: row for row in await queue.claim(conn, 100, timedelta(minutes=1))}


async def state(context: Context, kind: str) -> str:
    async with context.database.reading() as conn:
        return str(await conn.scalar(sa.select(outbox.c.state).where(outbox.c.kind == kind)))


async def test_a_retry_queues_what_failed_again_and_edits_the_card(context: Context) -> None:
    await results.record_failure(
        context, (await claim_by_kind(context))["channel"], "Could not open the channel: restricted_action."
    )
    assert await state(context, "channel") == "failed"
    assert await retry_failed(context, 1, "press:1") >= 1
    assert "channel" in await claim_by_kind(context)
    assert await state(context, "card_edit") in ("held", "queued")


async def test_a_retry_delivered_twice_counts_once(context: Context) -> None:
    await retry_failed(context, 1, "press:1")
    with pytest.raises(DuplicateDelivery):
        await retry_failed(context, 1, "press:1")


async def test_where_nothing_failed_nothing_is_sent_again(context: Context) -> None:
    channel = (await claim_by_kind(context))["channel"]
    assert await results.record_sent(context, channel, {"channel": "C1", "name": "inc-1"})
    assert await retry_failed(context, 1) == 0
    assert await state(context, "channel") == "sent"


async def test_what_waits_is_tried_now_once_its_cause_is_gone(context: Context) -> None:
    row = (await claim_by_kind(context))["channel"]
    async with context.database.transaction() as conn:
        assert await queue.requeue(conn, row, LATER, "token_revoked")
    assert "channel" not in await claim_by_kind(context)
    await try_waiting_now(context)
    assert "channel" in await claim_by_kind(context)
