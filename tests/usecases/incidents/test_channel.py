"""Slack's reports about the channel are recorded once, and release the notices that waited for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.alerts.group import Decision
from bot.domain.incident import ChannelLoss
from bot.usecases.alerts import act
from bot.usecases.context import Context
from bot.usecases.incidents.channel import look_at_channel, lose_channel, regain_channel
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.outbox import results
from storage import incidents
from storage.alerts import groups
from storage.outbox import queue
from storage.schema import outbox
from storage.timeline import entries
from tests.usecases.alerts.telling import alert, report
from tests.usecases.conftest import MakeContext

MAYA = "U0MAYA0000"


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    """An incident whose channel Slack has opened."""
    context = make_context("preset: sev1-5\n")
    await declare(context, Declaration("Checkout is down", "sev2", MAYA))
    await send(context, "channel", {"channel": "C1", "name": "inc-1-checkout-is-down"})
    return context


async def send(context: Context, kind: str, receipt: dict[str, str]) -> None:
    async with context.database.transaction() as conn:
        rows = await queue.claim(conn, 100, timedelta(minutes=1))
    for row in rows:
        if row.kind == kind:
            assert await results.record_sent(context, row, receipt)


async def kinds(context: Context) -> list[str]:
    async with context.database.reading() as conn:
        return [record.entry.kind for record in await entries.read(conn, 1)]


async def queued_count(context: Context, kind: str) -> int:
    async with context.database.reading() as conn:
        rows = await conn.scalars(sa.select(outbox.c.dedup_key).where(outbox.c.kind == kind))
        return len(list(rows))


async def channel_loss(context: Context) -> ChannelLoss | None:
    async with context.database.reading() as conn:
        incident = await incidents.get(conn, 1)
    assert incident is not None
    assert incident.channel_id == "C1"
    return incident.channel_lost


async def test_a_loss_is_recorded_once_and_told(context: Context) -> None:
    for _ in range(2):
        await lose_channel(context, 1, ChannelLoss.ARCHIVED, "U0SAM00000")
    assert await channel_loss(context) is ChannelLoss.ARCHIVED
    assert (await kinds(context)).count("channel_lost") == 1
    assert await queued_count(context, "channel_lost") == 1


async def test_a_channel_that_is_back_is_recorded_once_and_read(context: Context) -> None:
    await lose_channel(context, 1, ChannelLoss.ARCHIVED)
    for _ in range(2):
        await regain_channel(context, 1, joined=False)
    assert await channel_loss(context) is None
    assert (await kinds(context))[-2:] == ["channel_lost", "channel_back"]
    assert await queued_count(context, "backfill") == 1


async def test_a_bot_that_joined_again_reads_what_it_missed_without_an_entry(context: Context) -> None:
    before = await kinds(context)
    async with context.database.transaction() as conn:
        await conn.execute(sa.delete(outbox).where(outbox.c.kind == "backfill"))
    await regain_channel(context, 1, joined=False)
    assert await queued_count(context, "backfill") == 0
    await regain_channel(context, 1, joined=True)
    assert await queued_count(context, "backfill") == 1
    assert await kinds(context) == before


async def test_several_looks_at_a_channel_are_one(context: Context) -> None:
    await look_at_channel(context, 1)
    await look_at_channel(context, 1, "U0SAM00000", "deleted")
    assert await queued_count(context, "channel_look") == 1


async def test_a_deleted_channel_is_not_waited_for(context: Context) -> None:
    await lose_channel(context, 1, ChannelLoss.ARCHIVED)
    async with context.database.transaction() as conn:
        rows = [row for row in await queue.claim(conn, 100, timedelta(minutes=1)) if row.kind == "topic"]
    for row in rows:
        await results.hold(context, row, "channel_back:1", "it is archived")
    await lose_channel(context, 1, ChannelLoss.DELETED)
    async with context.database.reading() as conn:
        states = list(await conn.scalars(sa.select(outbox.c.state).where(outbox.c.kind == "topic")))
    assert states == ["dropped"] * len(rows)
    assert rows


async def test_the_card_of_the_alerts_that_declared_gets_the_link_to_the_channel(make_context: MakeContext) -> None:
    context = make_context("preset: sev1-5\nalerts: {routes: [{do: ask}]}\n")
    await report(context, alert("Down"), alert("Slow"))
    async with context.database.transaction() as conn:
        down, slow = (await groups.newest(conn, 2))[::-1]
        await groups.save_many(conn, [replace(down, decision=Decision.ASKED, carded=True), replace(slow, carded=True)])
    await act.declare_from_card(context, 1, Declaration("Down", "sev2", MAYA))
    async with context.database.transaction() as conn:
        rows = {row.kind: row for row in await queue.claim(conn, 100, timedelta(minutes=1))}
    await results.record_sent(context, rows["alert_card_edit"], {"ts": "1"})
    assert await cards_to_edit(context) == []
    await results.record_sent(context, rows["channel"], {"channel": "C1", "name": "inc-1-down"})
    assert await cards_to_edit(context) == ["alert_card_edit:1"]


async def cards_to_edit(context: Context) -> list[str]:
    waits = outbox.c.state.in_(("queued", "held"))
    async with context.database.reading() as conn:
        query = sa.select(outbox.c.dedup_key).where(outbox.c.kind == "alert_card_edit", waits)
        return list(await conn.scalars(query))
