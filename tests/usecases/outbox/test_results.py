"""A process that lost its claim of a message records no result for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import policy as policy_reader
from bot.usecases.context import Context, Policies
from bot.usecases.incidents import declare
from bot.usecases.lapsed.dispatch import handle_lapsed
from bot.usecases.outbox import results
from storage import deadlines
from storage.database import Database
from storage.outbox import census, queue, receipts
from storage.outbox.queue import ClaimedNotice
from storage.timeline import entries

POLICY = """
preset: sev1-5
contacts: {ana: {name: Ana, slack: U0AAAAAA7}}
severities: {sev1: {ladder: [{after: 0m, notify: ["contact:ana"]}]}}
"""
EXPIRED = timedelta(seconds=-1)


class Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def at(self, wall_s: float) -> datetime:
        return datetime.fromtimestamp(wall_s, UTC)

    def wall(self, instant: datetime) -> float:
        return instant.timestamp()


@pytest.fixture
def context(database: Database, tmp_path: Path) -> Context:
    (tmp_path / "policy.yml").write_text(POLICY)
    loaded = policy_reader.read(tmp_path / "policy.yml")
    return Context(database, Policies(loaded.policy, loaded.document, policy_reader.from_document), Clock())


async def _taken_over(context: Context) -> tuple[ClaimedNotice, ClaimedNotice]:
    """A page, claimed by a process that was stopped for too long, and again by its successor."""
    await declare.declare(context, declare.Declaration("Checkout is down", "sev1", "U1"), "d1")
    async with context.database.transaction() as conn:
        lapsed = await deadlines.claim(conn, context.clock.now(), 10)
    await handle_lapsed(context, lapsed)
    found = []
    for lease in (EXPIRED, timedelta(minutes=1)):
        async with context.database.transaction() as conn:
            rows = await queue.claim(conn, 100, lease)
        [row] = [one for one in rows if one.kind == "page_direct"]
        found.append(row)
    return found[0], found[1]


async def _stands(context: Context, row: ClaimedNotice) -> tuple[list[str], list[tuple[str, str]], list[str]]:
    """What the timeline, the ledger and the outbox say of it."""
    async with context.database.reading() as conn:
        told = [one.entry.text for one in await entries.read(conn, 1) if one.entry.kind == "delivery_failed"]
        ledger = [
            (one.dedup_key, str(one.state))
            for one in await deadlines.ledger(conn, 1)
            if one.dedup_key in row.payload["deadlines"]
        ]
        return told, ledger, [one.dedup_key for one in await census.failures(conn, 1)]


async def test_a_page_that_another_has_taken_over_has_not_failed(context: Context) -> None:
    stopped, successor = await _taken_over(context)
    before = await _stands(context, successor)
    await results.record_failure(context, stopped, "Slack says: invalid_auth")
    assert await _stands(context, successor) == before
    assert await results.record_sent(context, successor, {"ts": "1.1", "channel": "D1"})
    await results.record_failure(context, stopped, "Slack says: invalid_auth")
    assert (await _stands(context, successor))[0] == []
    async with context.database.reading() as conn:
        assert await receipts.get(conn, successor.dedup_key) == {"ts": "1.1", "channel": "D1"}


async def test_a_page_that_another_has_taken_over_was_not_dropped(context: Context) -> None:
    stopped, successor = await _taken_over(context)
    before = await _stands(context, successor)
    await results.record_dropped(context, stopped, "the incident is over")
    assert await _stands(context, successor) == before
    await results.record_failure(context, successor, "Slack says: user_disabled")
    assert (await _stands(context, successor))[0] != [], "its own failure is told"
