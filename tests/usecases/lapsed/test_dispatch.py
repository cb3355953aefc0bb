"""Deadlines that lapse: each kind has a handler, and rows of other versions are handled or left."""

from __future__ import annotations

from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.deadlines import DeadlineState
from bot.domain.routing.keys import DeadlineKind
from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.lapsed.dispatch import HANDLERS, handle_lapsed
from storage import deadlines, schema
from storage.deadlines import LedgerRow
from tests.usecases.conftest import MakeContext, MovableClock

POLICY = """
preset: sev1-5
severities:
  sev1:
    update_every: 60m
    respond_within: 10m
    escalate_after: 20m
    roles: []
    ladder:
      - {after: 5m, notify: ["user:U0FIRST01"], until: acknowledged}
      - {after: 6m, notify: ["user:U0SECOND1"], until: acknowledged}
"""


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    return make_context(POLICY)


async def lapse(context: Context, clock: MovableClock, minutes: int) -> list[LedgerRow]:
    """Let time pass to so many minutes after the start, and act on what lapsed. Returns the ledger of INC-1."""
    clock.instant += timedelta(minutes=minutes)
    async with context.database.transaction() as conn:
        rows = await deadlines.claim(conn, clock.now(), 100)
    await handle_lapsed(context, rows)
    return await ledger(context)


async def ledger(context: Context) -> list[LedgerRow]:
    async with context.database.reading() as conn:
        return await deadlines.ledger(conn, 1)


def decided_states(rows: list[LedgerRow]) -> dict[str, DeadlineState]:
    return {row.dedup_key: row.state for row in rows if row.state is not DeadlineState.WAITING}


def test_every_kind_of_deadline_has_a_handler() -> None:
    assert HANDLERS.keys() == set(DeadlineKind)


async def test_a_lower_rung_that_is_due_is_paged_first(context: Context, clock: MovableClock) -> None:
    await declare(context, Declaration("Checkout is down", "sev1", "U1"), "d")
    clock.instant += timedelta(minutes=7)
    async with context.database.transaction() as conn:
        claimed = {row.rung: row for row in await deadlines.claim(conn, clock.now(), 100)}
    await handle_lapsed(context, [claimed[2]])
    assert decided_states(await ledger(context)) == {
        "rung:1:1:sev1:1": DeadlineState.DUE,
        "rung:1:1:sev1:2": DeadlineState.DUE,
    }


async def test_a_missed_target_after_a_page_is_skipped(context: Context, clock: MovableClock) -> None:
    await declare(context, Declaration("Checkout is down", "sev1", "U1"), "d")
    rows = await lapse(context, clock, minutes=10)
    target = next(row for row in rows if row.dedup_key == "respond:1:1:sev1")
    assert target.state is DeadlineState.SKIPPED
    assert target.reason == "not acknowledged within 10m: rung 1 was paged at the same time"


async def test_a_row_that_an_older_version_wrote_is_handled_by_its_key(context: Context, clock: MovableClock) -> None:
    await declare(context, Declaration("Checkout is down", "sev1", "U1"), "d")
    async with context.database.transaction() as conn:
        await conn.execute(sa.update(schema.deadlines).values(subject=None))
    assert all(row.subject is not None for row in await ledger(context))
    assert decided_states(await lapse(context, clock, minutes=5)) == {"rung:1:1:sev1:1": DeadlineState.DUE}


async def test_a_row_of_a_kind_that_only_a_newer_version_knows_is_left_to_it(
    context: Context, clock: MovableClock
) -> None:
    await declare(context, Declaration("Checkout is down", "sev1", "U1"), "d")
    newer = {"dedup_key": "review:1:1", "kind": "review", "subject": {"kind": "review"}}
    async with context.database.transaction() as conn:
        await conn.execute(
            sa.update(schema.deadlines).where(schema.deadlines.c.kind == "update").values(**newer, due_at=clock.now())
        )
    rows = await lapse(context, clock, minutes=0)
    assert next(row for row in rows if row.dedup_key == "review:1:1").state is DeadlineState.WAITING


async def test_a_deadline_that_is_not_planned_any_more_is_skipped(context: Context, clock: MovableClock) -> None:
    await declare(context, Declaration("Checkout is down", "sev1", "U1"), "d")
    stale = {"dedup_key": "respond:1:1:sev5", "subject": {"kind": "respond", "episode": 1, "severity": "sev5"}}
    async with context.database.transaction() as conn:
        await conn.execute(
            sa.update(schema.deadlines).where(schema.deadlines.c.kind == "update").values(**stale, due_at=clock.now())
        )
    row = next(row for row in await lapse(context, clock, minutes=0) if row.dedup_key == "respond:1:1:sev5")
    assert (row.state, row.reason) == (DeadlineState.SKIPPED, "the incident moved on")
