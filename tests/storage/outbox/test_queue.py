from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa

from bot.domain.routing.notice import Notice, NoticeKind, OnDependencyFailure, Priority
from storage.database import Database
from storage.open import open_database
from storage.outbox import census, enqueue, queue, receipts
from storage.schema import outbox
from tests.storage.helpers import EXPIRED
from tests.storage.outbox.notices import CHANNEL, HOUR, claim_all, dependent


async def test_a_notice_is_put_once_claimed_once_and_sent(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(conn, [CHANNEL, CHANNEL])
        await enqueue.put(conn, [CHANNEL])
        [row] = await queue.claim(conn, 10)
        assert (row.dedup_key, row.kind, row.incident, row.payload) == ("channel:1", "channel", 1, {"name": "inc-1"})
        assert (row.attempts, row.uncertain, row.redirected) == (1, False, False)
        assert await queue.claim(conn, 10) == []
        assert await receipts.get(conn, "channel:1") is None
        assert await queue.mark_sent(conn, row, {"id": "C1"})
        assert await receipts.get(conn, "channel:1") == {"id": "C1"}
        assert await receipts.get_many(conn, ["channel:1"]) == {"channel:1": {"id": "C1"}}
        assert await queue.claim(conn, 10) == []


async def test_urgent_rows_go_first(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(
            conn,
            [
                Notice("edit", NoticeKind.NEWS, priority=Priority.EDIT),
                Notice("nudge", NoticeKind.NEWS, priority=Priority.NUDGE),
                Notice("page", NoticeKind.NEWS, priority=Priority.PAGE),
            ],
        )
        assert [row.dedup_key for row in await queue.claim(conn, 2)] == ["page", "nudge"]


async def test_skipped_kinds_are_not_claimed(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(conn, [Notice("a", NoticeKind.PAGE_VENDOR), Notice("b", NoticeKind.NEWS)])
        rows = await queue.claim(conn, 9, skip_kinds=(NoticeKind.PAGE_VENDOR, NoticeKind.ANSWER))
        assert [row.dedup_key for row in rows] == ["b"]


async def test_a_row_is_held_until_the_one_it_depends_on_is_sent(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(conn, [dependent("card:1"), CHANNEL, dependent("pin:1", "card:1")])
        rows = await claim_all(conn)
        assert list(rows) == ["channel:1"]
        await queue.mark_sent(conn, rows["channel:1"], {})
        rows = await claim_all(conn)
        assert list(rows) == ["card:1"]
        await enqueue.put(conn, [dependent("topic:1"), dependent("edit:1", "card:1")])
        assert list(await claim_all(conn)) == ["topic:1"]  # its need was sent already; the card was not
        await queue.mark_sent(conn, rows["card:1"], {})
        assert sorted(await claim_all(conn)) == ["edit:1", "pin:1"]


async def test_when_a_dependency_fails_each_dependent_acts_by_its_setting(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(
            conn,
            [
                CHANNEL,
                dependent("card:1"),
                dependent("pin:1", "card:1"),
                dependent("news:1", on_failure=OnDependencyFailure.SEND),
                dependent("answer:1", on_failure=OnDependencyFailure.DIRECT),
            ],
        )
        channel = (await claim_all(conn))["channel:1"]
        assert await queue.mark_failed(conn, channel, "restricted_action") == ["card:1", "pin:1"]
        rows = await claim_all(conn)
        assert {dedup_key: row.redirected for dedup_key, row in rows.items()} == {"news:1": False, "answer:1": True}
        assert [(f.dedup_key, f.error) for f in await census.failures(conn, 1)] == [
            ("channel:1", "restricted_action"),
            ("card:1", "a notice it depends on failed: restricted_action"),
            ("pin:1", "a notice it depends on failed: restricted_action"),
        ]
        assert [f.dedup_key for f in await census.causes_of_failure(conn, 1)] == ["channel:1"]
        await enqueue.put(
            conn, [dependent("late:1"), dependent("later:1", on_failure=OnDependencyFailure.DIRECT)]
        )  # at once, as above
        rows = await claim_all(conn)
        assert {dedup_key: row.redirected for dedup_key, row in rows.items()} == {"later:1": True}
        assert len(await census.failures(conn, 1)) == 4


async def test_a_dropped_row_drops_its_dependents_and_holds_no_other(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(
            conn, [CHANNEL, dependent("news:1", on_failure=OnDependencyFailure.SEND), dependent("card:1")]
        )
        channel = (await claim_all(conn))["channel:1"]
        assert await queue.mark_dropped(conn, channel, "the incident is over")
        assert not await queue.mark_dropped(conn, channel, "again")
        assert list(await claim_all(conn)) == ["news:1"]
        await enqueue.put(conn, [dependent("later:1")])
        assert await census.failures(conn, 1) == []  # neither the card nor what comes later is needed
        depth = await census.count_by_state(conn)
        assert not any(depth[state] for state in ("held", "queued", "unknown", "failed"))


async def test_a_row_is_retried_when_its_back_off_is_over(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(conn, [CHANNEL])
        [row] = await queue.claim(conn, 10)
        assert await queue.retry_later(conn, row, HOUR, "ratelimited", uncertain=False)
        assert await queue.claim(conn, 10) == []
        next_try_at = await conn.scalar(sa.select(outbox.c.next_try_at))
        assert next_try_at is not None
        assert HOUR - timedelta(minutes=1) < next_try_at - datetime.now(UTC) <= HOUR
        assert not await queue.retry_later(conn, row, HOUR, "late", uncertain=False)


async def test_a_row_stays_uncertain_after_later_attempts(database: Database) -> None:
    now = timedelta()
    async with database.transaction() as conn:
        await enqueue.put(conn, [CHANNEL])
        [first] = await queue.claim(conn, 10)
        await queue.retry_later(conn, first, now, "timed out", uncertain=True)
        assert (await census.count_by_state(conn))["unknown"] == 1
        [second] = await queue.claim(conn, 10)
        assert (second.uncertain, second.attempts) == (True, 2)
        assert second.first_try_at == first.first_try_at
        await queue.retry_later(conn, second, now, "ratelimited", uncertain=False)
        [third] = await queue.claim(conn, 10)
        assert third.uncertain
        assert third.key == first.key


@pytest.mark.parametrize("successor_first", [True, False])
async def test_two_claims_of_a_row_may_be_marked_at_once(database: Database, successor_first: bool) -> None:
    async with database.transaction() as conn:
        await enqueue.put(
            conn, [CHANNEL, dependent("card:1"), Notice("mail", NoticeKind.NEWS, 1), dependent("after mail", "mail")]
        )
        stopped = {row.dedup_key: row for row in await queue.claim(conn, 10, EXPIRED)}
        second = await claim_all(conn)
        both = [second["channel:1"], stopped["channel:1"]]
        marked = await queue.mark_many_sent(
            conn, [(row, {"id": "C1"}) for row in both[:: 1 if successor_first else -1]]
        )
        assert marked == [successor_first, not successor_first]
        both = [second["mail"], stopped["mail"]]
        marked = await queue.mark_many_dropped(conn, [(row, "over") for row in both[:: 1 if successor_first else -1]])
        assert marked == [successor_first, not successor_first]
        assert set(await claim_all(conn)) == {"card:1"}, "only what depends on the sent row is queued"
        assert (await census.count_by_state(conn))["held"] == 0


async def test_after_its_lease_a_row_is_uncertain_and_lost_to_its_first_holder(
    database: Database,
) -> None:
    async with database.transaction() as conn:
        await enqueue.put(conn, [CHANNEL, dependent("card:1")])
        [first] = await queue.claim(conn, 10, EXPIRED)
        [second] = await queue.claim(conn, 10)
        assert (second.uncertain, second.attempts, second.fence) == (True, 2, first.fence + 1)
        assert not await queue.mark_sent(conn, first, {"id": "C1"})
        assert not await queue.retry_later(conn, first, HOUR, "no", uncertain=True)
        assert await queue.mark_failed(conn, first, "no") is None
        assert not await queue.mark_dropped(conn, first, "no")
        assert await queue.mark_sent(conn, second, {"id": "C2"})
        assert await receipts.get(conn, "channel:1") == {"id": "C2"}


async def test_many_rows_are_marked_at_once_each_by_its_own_claim(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(conn, [Notice("lost", NoticeKind.CARD, 1)])
        [lost] = await queue.claim(conn, 1, EXPIRED)
        names = ["sent", "again", "gone", "past"]
        await enqueue.put(conn, [Notice(name, NoticeKind.CARD, 1) for name in names])
        await enqueue.put(conn, [dependent(f"after {name}", name) for name in [*names, "lost"]])
        rows = await claim_all(conn)
        await enqueue.put(conn, [Notice("again", NoticeKind.CARD, 1, {"new": True}, resend=True)])
        done = [(rows["again"], {"ts": "1"}), (lost, {"ts": "2"}), (rows["sent"], {"ts": "3"})]
        assert await queue.mark_many_sent(conn, done) == [True, False, True]
        assert await queue.mark_many_dropped(conn, [(rows["past"], "past"), (lost, "no"), (rows["gone"], "over")]) == [
            True,
            False,
            True,
        ]
        assert await receipts.get_many(conn, ["sent", "lost", "again", "never"]) == {
            "sent": {"ts": "3"},
            "again": {"ts": "1"},
        }
        assert sorted(await claim_all(conn)) == ["after again", "after sent", "again"]
        assert not await enqueue.exists(conn, "never")
        assert (await census.count_by_state(conn))["held"] == 1, "what depends on the lost row waits for its new holder"


async def test_two_claimers_never_claim_the_same_row(database: Database, database_url: str) -> None:
    async with database.transaction() as conn:
        await enqueue.put(conn, [Notice(f"n:{n}", NoticeKind.NEWS) for n in range(300)])
    other = await open_database(database_url)

    async def claim_all(through: Database) -> list[str]:
        taken: list[str] = []
        while True:
            async with through.transaction() as conn:
                rows = await queue.claim(conn, 20)
            if not rows:
                return taken
            taken += [row.dedup_key for row in rows]

    try:
        rows = await asyncio.gather(*(claim_all(through) for through in (database, other) for _ in range(2)))
    finally:
        await other.close()
    taken = [dedup_key for some in rows for dedup_key in some]
    assert len(taken) == len(set(taken)) == 300
