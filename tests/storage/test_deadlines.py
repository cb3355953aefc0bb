from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.deadlines import Deadline, DeadlineState
from storage import deadlines
from storage.database import Database
from storage.open import open_database
from tests.storage.helpers import EXPIRED, MINUTE, NOW, store_incidents


def due(dedup_key: str = "update:1", kind: str = "update", at: datetime = NOW, reason: str = "every 15m") -> Deadline:
    return Deadline(dedup_key, kind, at, reason)


async def arm(conn: AsyncConnection, *planned: Deadline, now: datetime = NOW, number: int = 1) -> None:
    await deadlines.sync(conn, number, planned, lambda once: f"{once} is not needed", now)


async def states(conn: AsyncConnection) -> dict[str, tuple[DeadlineState, str]]:
    return {row.dedup_key: (row.state, row.reason) for row in await deadlines.ledger(conn, 1)}


async def test_planned_deadlines_wait_and_withdrawn_ones_have_a_reason(database: Database) -> None:
    await store_incidents(database)
    rung = Deadline("rung:1", "acknowledge", NOW + MINUTE, "rung 1", 1)
    async with database.transaction() as conn:
        await arm(conn, due(), rung, due("fix:1", "mitigate"))
        assert [row.dedup_key for row in await deadlines.waiting(conn, 1)] == ["fix:1", "update:1", "rung:1"]
        assert (await deadlines.waiting(conn, 1))[2].rung == 1
        await arm(conn, due("update:2"))
        assert await states(conn) == {
            "update:1": (DeadlineState.CANCELLED, "update:1 is not needed"),
            "rung:1": (DeadlineState.SKIPPED, "rung:1 is not needed"),
            "fix:1": (DeadlineState.SKIPPED, "fix:1 is not needed"),
            "update:2": (DeadlineState.WAITING, "every 15m"),
        }


async def test_a_deadline_that_moves_is_moved_and_keeps_its_row(database: Database) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        await arm(conn, due())
        await arm(conn, due(at=NOW + MINUTE, reason="snoozed"))
        rows = await deadlines.ledger(conn, 1)
    assert [(row.due_at, row.reason) for row in rows] == [(NOW + MINUTE, "snoozed")]


@pytest.mark.parametrize("state", [DeadlineState.SENT, DeadlineState.DUE, DeadlineState.FAILED, DeadlineState.SKIPPED])
async def test_a_deadline_that_was_decided_is_never_armed_again(database: Database, state: DeadlineState) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        await arm(conn, due())
        await deadlines.decide(
            conn, "update:1", DeadlineState.DUE if state is not DeadlineState.SKIPPED else state, "asked", NOW
        )
        if state is DeadlineState.SENT:
            await deadlines.mark_sent(conn, "update:1", NOW + MINUTE)
        elif state is DeadlineState.FAILED:
            await deadlines.mark_failed(conn, "update:1", "asked")
        await arm(conn, due(at=NOW + MINUTE))
        await arm(conn)
        row = await deadlines.get(conn, "update:1")
        assert row is not None
        assert (row.state, row.reason, row.due_at) == (state, "asked", NOW)
        assert row.sent_at == (NOW + MINUTE if state is DeadlineState.SENT else None)
        assert await deadlines.claim(conn, NOW + timedelta(days=1), 10) == []


@pytest.mark.parametrize("kind", ["update", "acknowledge"])
async def test_a_deadline_that_was_only_withdrawn_comes_back_when_planned_again(database: Database, kind: str) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        await arm(conn, due(kind=kind))
        await arm(conn)
        assert await deadlines.claim(conn, NOW, 10) == []
        await arm(conn, due(kind=kind))
        assert await states(conn) == {"update:1": (DeadlineState.WAITING, "every 15m")}
        assert len(await deadlines.claim(conn, NOW, 10)) == 1


async def test_syncing_again_changes_nothing(database: Database) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        await arm(conn, due())
        [held] = await deadlines.claim(conn, NOW, 10)
        await arm(conn, due())
        assert await deadlines.is_claimed(conn, held)


async def test_one_incident_is_synced_without_touching_another(database: Database) -> None:
    await store_incidents(database, 1, 2)
    async with database.transaction() as conn:
        await arm(conn, due("update:1"))
        await arm(conn, due("update:2"), number=2)
        await arm(conn)
        assert [row.dedup_key for row in await deadlines.waiting(conn, 2)] == ["update:2"]


async def test_only_lapsed_deadlines_are_claimed_earliest_first(database: Database) -> None:
    await store_incidents(database)
    later = [due(f"update:{n}", at=NOW + n * MINUTE) for n in (3, 1, 2, 9)]
    async with database.transaction() as conn:
        await arm(conn, *later)
        assert await deadlines.next_due_at(conn) == NOW + MINUTE
        assert [r.dedup_key for r in await deadlines.claim(conn, NOW + 3 * MINUTE, 2)] == ["update:1", "update:2"]
        assert await deadlines.next_due_at(conn) == NOW + 3 * MINUTE
        assert [r.dedup_key for r in await deadlines.claim(conn, NOW + 3 * MINUTE, 9)] == ["update:3"]


async def test_two_claimers_never_claim_the_same_deadline(database: Database, database_url: str) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        await arm(conn, *(due(f"update:{n}") for n in range(400)))
    other = await open_database(database_url)

    async def claim_all(through: Database) -> list[str]:
        claimed: list[str] = []
        while True:
            async with through.transaction() as conn:
                rows = await deadlines.claim(conn, NOW, 20)
            if not rows:
                return claimed
            claimed += [row.dedup_key for row in rows]

    try:
        claims = await asyncio.gather(*(claim_all(through) for through in (database, other) for _ in range(2)))
    finally:
        await other.close()
    claimed = [dedup_key for some in claims for dedup_key in some]
    assert len(claimed) == len(set(claimed)) == 400


async def test_after_its_lease_a_deadline_is_lost_to_its_first_holder(database: Database) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        await arm(conn, due())
        [first] = await deadlines.claim(conn, NOW, 10, EXPIRED)
        assert await deadlines.is_claimed(conn, first)
        [second] = await deadlines.claim(conn, NOW, 10)
        assert second.fence == first.fence + 1
        assert not await deadlines.is_claimed(conn, first)
        assert await deadlines.is_claimed(conn, second)
        assert await deadlines.claim(conn, NOW, 10) == []


@pytest.mark.parametrize("planned", [[], [due(at=NOW + MINUTE)]])
async def test_a_claim_is_lost_when_the_deadline_is_moved_or_withdrawn(
    database: Database, planned: Sequence[Deadline]
) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        await arm(conn, due())
        [held] = await deadlines.claim(conn, NOW, 10)
        await arm(conn, *planned)
        assert not await deadlines.is_claimed(conn, held)
        assert len(await deadlines.claim(conn, NOW + MINUTE, 10)) == len(planned)


async def test_a_message_not_needed_any_more_is_skipped_with_its_reason(database: Database) -> None:
    await store_incidents(database)
    async with database.transaction() as conn:
        await arm(conn, due())
        await deadlines.decide(conn, "update:1", DeadlineState.DUE, "an update is due", NOW)
        await deadlines.mark_skipped(conn, "update:1", "answered meanwhile")
        await arm(conn, due())
        assert await states(conn) == {"update:1": (DeadlineState.SKIPPED, "answered meanwhile")}
