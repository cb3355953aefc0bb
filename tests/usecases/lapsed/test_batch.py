"""Reminders that lapse together are decided as each would be by itself."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from bot.usecases.context import Context
from bot.usecases.incidents import declare
from bot.usecases.lapsed import batch
from bot.usecases.lapsed.batch import remind_batch
from bot.usecases.lapsed.dispatch import handle_lapsed
from bot.workers.scheduler import Scheduler
from bot.workers.timer import Timer
from storage import deadlines, incidents
from storage.deadlines import LedgerRow
from storage.open import open_database
from storage.schema import outbox
from storage.timeline import entries
from storage.timeline.verify import chain_faults
from tests.usecases.conftest import START, MakeContext, MovableClock
from tests.waiting import WITHIN_S

POLICY = """
preset: sev1-5
severities:
  sev2: {respond_within: null, update_every: 15m, escalate_after: null, roles: [], ladder: []}
  sev3: {respond_within: null, update_every: 15m, escalate_after: null, roles: [commander], ladder: []}
"""


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    return make_context(POLICY)


async def _lapsed(context: Context, clock: MovableClock, severities: list[str]) -> list[LedgerRow]:
    """Incidents of these severities, declared at one instant, and what lapses of them a quarter of an hour later."""
    for n, severity in enumerate(severities):
        await declare.declare(context, declare.Declaration("Checkout is down", severity, "U1"), f"d{n}")
    clock.instant = START + timedelta(minutes=15)
    async with context.database.transaction() as conn:
        return await deadlines.claim(conn, clock.now(), 100)


async def _stands(context: Context, number: int) -> str:
    """Everything about an incident, its number aside."""
    async with context.database.reading() as conn:
        state = await incidents.get(conn, number)
        ledger = [(r.dedup_key, r.due_at, r.state, r.reason) for r in await deadlines.ledger(conn, number)]
        told = [(r.seq, r.entry) for r in await entries.read(conn, number)]
        wanted = sa.select(outbox.c.dedup_key, outbox.c.kind, outbox.c.state, outbox.c.payload)
        notices = [tuple(row) for row in await conn.execute(wanted.where(outbox.c.incident == number))]
        assert await chain_faults(conn, number) == []
    text = json.dumps([repr(state), ledger, repr(told), sorted(notices)], default=str)
    return re.sub(rf"\b(INC-)?{number}\b", "N", text)


async def _was_reminded(context: Context, number: int) -> bool:
    async with context.database.reading() as conn:
        return any(record.entry.kind == "reminder" for record in await entries.read(conn, number))


async def test_many_are_reminded_as_each_would_be(context: Context, clock: MovableClock) -> None:
    rows = await _lapsed(context, clock, ["sev2"] * 40)
    assert len(rows) == 40
    assert await remind_batch(context, rows[:39]) == []
    await handle_lapsed(context, rows[39:])
    others = {await _stands(context, row.incident) for row in rows[34:39]}
    assert others == {await _stands(context, rows[39].incident)}
    assert await remind_batch(context, rows[:39]) == rows[:39], "they are decided, and lapse no more"
    await handle_lapsed(context, rows[:39])
    assert {await _stands(context, row.incident) for row in rows[34:39]} == others


async def test_what_is_more_than_a_reminder_is_left(context: Context, clock: MovableClock) -> None:
    rows = await _lapsed(context, clock, ["sev2", "sev3", "sev2"])
    left = await remind_batch(context, rows)
    assert {row.incident for row in left} == {2}, "it owes an update and a role, which one message tells"
    assert [await _was_reminded(context, number) for number in (1, 2, 3)] == [True, False, True]


async def test_silence_that_pages_is_left(context: Context, clock: MovableClock) -> None:
    rows = await _lapsed(context, clock, ["sev2", "sev2"])
    await remind_batch(context, rows)
    clock.instant += timedelta(minutes=15)
    async with context.database.transaction() as conn:
        again = await deadlines.claim(conn, clock.now(), 100)
    assert len(again) == 2
    assert await remind_batch(context, again) == again, "two cadences of silence page the ladder"


async def test_a_claim_that_was_lost_is_passed_over(context: Context, clock: MovableClock) -> None:
    await _lapsed(context, clock, [])
    for n in range(2):
        await declare.declare(context, declare.Declaration("Checkout is down", "sev2", "U1"), f"again{n}")
    clock.instant += timedelta(minutes=15)
    async with context.database.transaction() as conn:
        lost = await deadlines.claim(conn, clock.now(), 100, lease=timedelta(seconds=-1))
        await deadlines.claim(conn, clock.now(), 100)
    assert await remind_batch(context, lost) == lost
    assert not await _was_reminded(context, 1)


async def test_nobody_is_waited_for(context: Context, clock: MovableClock) -> None:
    """A transaction may hold an incident for long; deadlines of the other incidents do not wait for it."""
    if context.database.dialect == "sqlite":
        pytest.skip("SQLite has one writer")
    rows = await _lapsed(context, clock, ["sev2", "sev2", "sev2"])
    async with context.database.transaction() as conn:
        await incidents.lock(conn, 2)
        async with asyncio.timeout(WITHIN_S):
            left = await remind_batch(context, rows)
    assert [row.incident for row in left] == [2]
    assert [await _was_reminded(context, number) for number in (1, 2, 3)] == [True, False, True]


async def test_one_that_fails_takes_nobody_along(context: Context, clock: MovableClock, monkeypatch: Any) -> None:
    """All of it or nothing: the scheduler then looks at each by itself."""
    rows = await _lapsed(context, clock, ["sev2", "sev2"])

    async def broken(*_: Any) -> None:
        raise RuntimeError("no")

    with monkeypatch.context() as patched:
        patched.setattr(batch, "commit_many", broken)
        with pytest.raises(RuntimeError):
            await remind_batch(context, rows)
    assert not await _was_reminded(context, 1)
    await handle_lapsed(context, rows)
    assert await _was_reminded(context, 1)
    assert await _was_reminded(context, 2)


async def test_two_processes_remind_each_once(
    context: Context, clock: MovableClock, database_url: str, tmp_path: Path
) -> None:
    if context.database.dialect == "sqlite":
        pytest.skip("one process serves a SQLite file")
    for n in range(60):
        await declare.declare(context, declare.Declaration("Checkout is down", "sev2", "U1"), f"d{n}")
    clock.instant = START + timedelta(minutes=15)
    other = await open_database(database_url, migrate=False)
    try:
        both = [Scheduler(context, clock, Timer()), Scheduler(replace(context, database=other), clock, Timer())]  # type: ignore[arg-type]
        await asyncio.gather(*(one.tick() for one in both))
    finally:
        await other.close()
    async with context.database.reading() as conn:
        told = [record.entry.kind for n in range(1, 61) for record in await entries.read(conn, n)]
        posts = await conn.scalar(sa.select(sa.func.count()).where(outbox.c.kind == "nudge"))
    assert (told.count("reminder"), posts) == (60, 60)
