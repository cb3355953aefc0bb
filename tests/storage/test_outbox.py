from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.notice import Notice, OnDependencyFailure, Priority
from storage.database import Database
from storage.outbox import queue
from tests.storage.helpers import EXPIRED

HOUR = timedelta(hours=1)
CHANNEL = Notice("channel:1", "channel", 1, {"name": "inc-1"}, priority=Priority.CHANNEL)


def needing(
    dedup_key: str, needs: str = "channel:1", what: OnDependencyFailure = OnDependencyFailure.FAIL, **more: Any
) -> Notice:
    return Notice(dedup_key, "card", 1, depends_on=needs, on_dependency_failure=what, **more)


async def claimed(conn: AsyncConnection, lease: timedelta = queue.LEASE) -> dict[str, queue.ClaimedNotice]:
    return {row.dedup_key: row for row in await queue.claim(conn, 100, lease)}


async def test_a_notice_is_put_once_claimed_once_and_sent(database: Database) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [CHANNEL, CHANNEL])
        await queue.put(conn, [CHANNEL])
        [row] = await queue.claim(conn, 10)
        assert (row.dedup_key, row.kind, row.incident, row.payload) == ("channel:1", "channel", 1, {"name": "inc-1"})
        assert (row.attempts, row.uncertain, row.redirected) == (1, False, False)
        assert await queue.claim(conn, 10) == []
        assert await queue.receipt(conn, "channel:1") is None
        assert await queue.sent(conn, row, {"id": "C1"})
        assert await queue.receipt(conn, "channel:1") == {"id": "C1"}
        assert await queue.receipts(conn, 1) == {"channel:1": {"id": "C1"}}
        assert await queue.claim(conn, 10) == []


async def test_each_row_has_a_key_of_its_own_that_says_nothing(database: Database) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [Notice("a", "k"), Notice("b", "k")])
        keys = {row.key for row in await queue.claim(conn, 10)}
    assert len(keys) == 2
    assert all(len(key) == 32 for key in keys)


async def test_urgent_rows_go_first(database: Database) -> None:
    async with database.transaction() as conn:
        await queue.put(
            conn,
            [
                Notice("edit", "k", priority=Priority.EDIT),
                Notice("nudge", "k", priority=Priority.NUDGE),
                Notice("page", "k", priority=Priority.PAGE),
            ],
        )
        assert [row.dedup_key for row in await queue.claim(conn, 2)] == ["page", "nudge"]


async def test_kinds_that_cannot_be_sent_now_are_passed_over(database: Database) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [Notice("a", "email"), Notice("b", "post")])
        assert [row.dedup_key for row in await queue.claim(conn, 9, skip_kinds=("email", "sms"))] == ["b"]


async def test_a_row_waits_for_what_it_needs_and_then_goes(database: Database) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [needing("card:1"), CHANNEL, needing("pin:1", "card:1")])
        found = await claimed(conn)
        assert list(found) == ["channel:1"]
        await queue.sent(conn, found["channel:1"], {})
        found = await claimed(conn)
        assert list(found) == ["card:1"]
        await queue.put(conn, [needing("topic:1"), needing("edit:1", "card:1")])
        assert list(await claimed(conn)) == ["topic:1"]  # its need was sent already; the card was not
        await queue.sent(conn, found["card:1"], {})
        assert sorted(await claimed(conn)) == ["edit:1", "pin:1"]


async def test_a_need_that_nobody_put_holds_nothing_up(database: Database) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [needing("card:1", "never put")])
        assert list(await claimed(conn)) == ["card:1"]


async def test_when_a_need_fails_each_row_does_as_it_was_told(database: Database) -> None:
    async with database.transaction() as conn:
        await queue.put(
            conn,
            [
                CHANNEL,
                needing("card:1"),
                needing("pin:1", "card:1"),
                needing("news:1", what=OnDependencyFailure.SEND),
                needing("answer:1", what=OnDependencyFailure.DIRECT),
            ],
        )
        channel = (await claimed(conn))["channel:1"]
        assert await queue.failed(conn, channel, "restricted_action") == ["card:1", "pin:1"]
        found = await claimed(conn)
        assert {dedup_key: row.redirected for dedup_key, row in found.items()} == {"news:1": False, "answer:1": True}
        assert [(f.dedup_key, f.error) for f in await queue.failures(conn, 1)] == [
            ("channel:1", "restricted_action"),
            ("card:1", "what it needed could not be done: restricted_action"),
            ("pin:1", "what it needed could not be done: restricted_action"),
        ]
        await queue.put(
            conn, [needing("late:1"), needing("later:1", what=OnDependencyFailure.DIRECT)]
        )  # at once, as above
        found = await claimed(conn)
        assert {dedup_key: row.redirected for dedup_key, row in found.items()} == {"later:1": True}
        assert len(await queue.failures(conn, 1)) == 4


async def test_what_depends_on_a_row_that_failed_in_the_same_batch_fails_too(database: Database) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [CHANNEL])
        await queue.failed(conn, (await claimed(conn))["channel:1"], "no")
        await queue.put(conn, [needing("pin:1", "card:1"), needing("card:1")])
        assert await claimed(conn) == {}
        assert {f.dedup_key for f in await queue.failures(conn, 1)} == {"channel:1", "card:1", "pin:1"}


async def test_notices_that_need_one_another_are_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="circle"):
        async with database.transaction() as conn:
            await queue.put(conn, [needing("a", "b"), needing("b", "a")])


async def test_a_row_not_needed_any_more_is_dropped_and_holds_nobody(database: Database) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [CHANNEL, needing("news:1", what=OnDependencyFailure.SEND), needing("card:1")])
        channel = (await claimed(conn))["channel:1"]
        assert await queue.dropped(conn, channel, "the incident is over")
        assert not await queue.dropped(conn, channel, "again")
        assert list(await claimed(conn)) == ["news:1"]
        await queue.put(conn, [needing("later:1")])
        assert await queue.failures(conn, 1) == []  # neither the card nor what comes later is needed
        depth = await queue.depth(conn)
        assert not any(depth[state] for state in ("held", "queued", "unknown", "failed"))


async def test_edits_collapse_into_the_newest(database: Database) -> None:
    def edit(version: int) -> Notice:
        return Notice("card-edit:1", "edit", 1, {"v": version}, resend=True)

    async with database.transaction() as conn:
        await queue.put(conn, [edit(1), edit(2)])
        await queue.put(conn, [edit(3)])
        [row] = await queue.claim(conn, 10)
        assert row.payload == {"v": 3}
        await queue.put(conn, [edit(4)])  # while the third is on its way
        assert await queue.claim(conn, 10) == []
        assert await queue.sent(conn, row, {"ts": "1.0"})
        assert await queue.receipt(conn, "card-edit:1") == {"ts": "1.0"}
        [row] = await queue.claim(conn, 10)
        assert (row.payload, row.attempts) == ({"v": 4}, 1)
        assert await queue.sent(conn, row, {"ts": "1.0"})
        assert await queue.claim(conn, 10) == []
        await queue.put(conn, [edit(5)])
        [row] = await queue.claim(conn, 10)
        assert row.payload == {"v": 5}


async def test_an_edit_that_failed_is_tried_with_its_next_payload(database: Database) -> None:
    edit = Notice("card-edit:1", "edit", 1, {"v": 1}, resend=True)
    async with database.transaction() as conn:
        await queue.put(conn, [edit])
        [row] = await queue.claim(conn, 10)
        await queue.put(conn, [edit])
        assert await queue.failed(conn, row, "invalid_blocks") == []
        [row] = await queue.claim(conn, 10)
        await queue.failed(conn, row, "invalid_blocks")
        assert await queue.claim(conn, 10) == []
        await queue.put(conn, [edit])
        [row] = await queue.claim(conn, 10)
        assert row.attempts == 1


async def test_an_edit_does_not_go_round_the_wait_that_slack_asked_for(database: Database) -> None:
    edit = Notice("card-edit:1", "edit", 1, resend=True)
    async with database.transaction() as conn:
        await queue.put(conn, [edit])
        [row] = await queue.claim(conn, 10)
        await queue.retry(conn, row, HOUR, "ratelimited", uncertain=False)
        await queue.put(conn, [edit])
        assert await queue.claim(conn, 10) == []


async def test_who_needs_a_card_does_not_wait_for_its_edit(database: Database) -> None:
    card = Notice("card:1", "card", 1, resend=True)
    async with database.transaction() as conn:
        await queue.put(conn, [card])
        await queue.sent(conn, (await claimed(conn))["card:1"], {"ts": "1.0"})
        await queue.put(conn, [card, needing("pin:1", "card:1")])
        assert sorted(await claimed(conn)) == ["card:1", "pin:1"]


async def test_a_row_is_tried_again_when_its_time_has_come(database: Database) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [CHANNEL])
        [row] = await queue.claim(conn, 10)
        assert await queue.retry(conn, row, HOUR, "ratelimited", uncertain=False)
        assert await queue.claim(conn, 10) == []
        next_try_at = await queue.next_try_at(conn)
        assert next_try_at is not None
        assert HOUR - timedelta(minutes=1) < next_try_at - datetime.now(UTC) <= HOUR
        assert not await queue.retry(conn, row, HOUR, "late", uncertain=False)


async def test_doubt_about_an_attempt_is_not_forgotten_by_later_ones(database: Database) -> None:
    now = timedelta()
    async with database.transaction() as conn:
        await queue.put(conn, [CHANNEL])
        [first] = await queue.claim(conn, 10)
        await queue.retry(conn, first, now, "timed out", uncertain=True)
        assert (await queue.depth(conn))["unknown"] == 1
        [second] = await queue.claim(conn, 10)
        assert (second.uncertain, second.attempts) == (True, 2)
        assert second.first_try_at == first.first_try_at
        await queue.retry(conn, second, now, "ratelimited", uncertain=False)
        [third] = await queue.claim(conn, 10)
        assert third.uncertain
        assert third.key == first.key


@pytest.mark.parametrize("successor_first", [True, False])
async def test_both_who_claimed_a_row_may_come_with_it_at_once(database: Database, successor_first: bool) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [CHANNEL, needing("card:1"), Notice("mail", "mail", 1), needing("after mail", "mail")])
        stopped = {row.dedup_key: row for row in await queue.claim(conn, 10, EXPIRED)}
        ours = await claimed(conn)
        both = [ours["channel:1"], stopped["channel:1"]]
        marked = await queue.all_sent(conn, [(row, {"id": "C1"}) for row in both[:: 1 if successor_first else -1]])
        assert marked == [successor_first, not successor_first]
        both = [ours["mail"], stopped["mail"]]
        marked = await queue.all_dropped(conn, [(row, "over") for row in both[:: 1 if successor_first else -1]])
        assert marked == [successor_first, not successor_first]
        assert set(await claimed(conn)) == {"card:1"}, "what needed it goes, and what needed the other is not needed"
        assert (await queue.depth(conn))["held"] == 0


async def test_after_its_lease_a_row_is_claimed_in_doubt_and_the_first_holder_cannot_mark_it(
    database: Database,
) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [CHANNEL, needing("card:1")])
        [first] = await queue.claim(conn, 10, EXPIRED)
        [second] = await queue.claim(conn, 10)
        assert (second.uncertain, second.attempts, second.fence) == (True, 2, first.fence + 1)
        assert not await queue.sent(conn, first, {"id": "C1"})
        assert not await queue.retry(conn, first, HOUR, "no", uncertain=True)
        assert await queue.failed(conn, first, "no") is None
        assert not await queue.dropped(conn, first, "no")
        assert await queue.sent(conn, second, {"id": "C2"})
        assert await queue.receipt(conn, "channel:1") == {"id": "C2"}


async def test_failed_notices_are_put_in_again_behind_what_they_need(database: Database) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [CHANNEL, needing("card:1"), needing("pin:1", "card:1"), Notice("mail", "email", 1)])
        found = await claimed(conn)
        await queue.failed(conn, found["channel:1"], "no")
        await queue.failed(conn, found["mail"], "no")
        assert await queue.retry_failed(conn, 1) == 4
        assert await queue.retry_failed(conn, 1) == 0
        found = await claimed(conn)
        assert sorted(found) == ["channel:1", "mail"]
        await queue.sent(conn, found["channel:1"], {})
        found = await claimed(conn)
        assert list(found) == ["card:1"]
        await queue.failed(conn, found["card:1"], "no")
        assert await queue.retry_failed(conn, 1) == 2
        assert list(await claimed(conn)) == ["card:1"]  # its channel stands


async def test_many_are_marked_at_once_each_by_its_own_claim(database: Database) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [Notice("lost", "card", 1)])
        [lost] = await queue.claim(conn, 1, EXPIRED)
        names = ["sent", "again", "gone", "past"]
        await queue.put(conn, [Notice(name, "card", 1) for name in names])
        await queue.put(conn, [needing(f"after {name}", name) for name in [*names, "lost"]])
        rows = await claimed(conn)
        await queue.put(conn, [Notice("again", "card", 1, {"new": True}, resend=True)])
        done = [(rows["again"], {"ts": "1"}), (lost, {"ts": "2"}), (rows["sent"], {"ts": "3"})]
        assert await queue.all_sent(conn, done) == [True, False, True]
        assert await queue.all_dropped(conn, [(rows["past"], "past"), (lost, "no"), (rows["gone"], "over")]) == [
            True,
            False,
            True,
        ]
        assert await queue.receipts_by_once(conn, ["sent", "lost", "again", "never"]) == {
            "sent": {"ts": "3"},
            "again": {"ts": "1"},
        }
        assert sorted(await claimed(conn)) == ["after again", "after sent", "again"]
        assert not await queue.known(conn, "never")
        assert (await queue.depth(conn))["held"] == 1, "what needs the lost one waits for whoever has it"


async def test_depth_and_age_count_what_is_still_to_do(database: Database) -> None:
    async with database.transaction() as conn:
        assert await queue.oldest_waiting_at(conn) is None
        assert await queue.next_try_at(conn) is None
        await queue.put(conn, [CHANNEL, needing("card:1"), Notice("a", "k"), Notice("b", "k")])
        found = await claimed(conn)
        await queue.sent(conn, found["a"], {})
        await queue.failed(conn, found["b"], "no")
        assert await queue.depth(conn) == {"held": 1, "queued": 0, "leased": 1, "unknown": 0, "failed": 1}
        oldest = await queue.oldest_waiting_at(conn)
        assert oldest is not None
        assert abs(datetime.now(UTC) - oldest) < timedelta(minutes=1)


async def test_two_claimers_never_claim_the_same_row(database: Database, database_url: str) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [Notice(f"n:{n}", "k") for n in range(300)])
    other = await Database.open(database_url)

    async def claim_all(through: Database) -> list[str]:
        taken: list[str] = []
        while True:
            async with through.transaction() as conn:
                rows = await queue.claim(conn, 20)
            if not rows:
                return taken
            taken += [row.dedup_key for row in rows]

    try:
        found = await asyncio.gather(*(claim_all(through) for through in (database, other) for _ in range(2)))
    finally:
        await other.close()
    taken = [dedup_key for some in found for dedup_key in some]
    assert len(taken) == len(set(taken)) == 300


async def test_putting_and_sending_at_the_same_moment_leaves_nobody_held(database: Database, database_url: str) -> None:
    """Two processes: one sends the channel while another puts what needs it, and the channel again."""
    other = await Database.open(database_url)

    async def send(number: int) -> None:
        async with other.transaction() as conn:
            await queue.put(conn, [Notice(f"channel:{number}", "channel", number)])
        async with other.transaction() as conn:
            for row in await queue.claim(conn, 10):
                assert await queue.sent(conn, row, {})

    async def put(number: int) -> None:
        async with database.transaction() as conn:
            await queue.put(
                conn, [Notice(f"channel:{number}", "channel", number), needing(f"card:{number}", f"channel:{number}")]
            )

    try:
        for number in range(25):
            await asyncio.gather(send(number), put(number))
        for _ in range(30):
            async with other.transaction() as conn:
                for row in await queue.claim(conn, 100):
                    await queue.sent(conn, row, {})
        async with database.reading() as conn:
            assert sum((await queue.depth(conn)).values()) == 0
    finally:
        await other.close()


async def test_text_that_no_database_takes_does_not_stop_a_notice(database: Database) -> None:
    async with database.transaction() as conn:
        await queue.put(conn, [Notice("a\x00", "k", payload={"t": "\x00\ud83d", "\x00": [1]}), needing("b", "a\x00")])
        found = await claimed(conn)
    assert found["a\ufffd"].payload == {"t": "\ufffd\ufffd", "\ufffd": [1]}
    assert len(found) == 1
