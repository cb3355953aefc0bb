from __future__ import annotations

import asyncio

import pytest
import sqlalchemy as sa

from bot.domain.routing.notice import Notice, NoticeKind, Priority
from storage.database import Database
from storage.open import open_database
from storage.outbox import census, enqueue, queue, receipts
from storage.schema import outbox
from tests.storage.helpers import NOW
from tests.storage.outbox.notices import CHANNEL, HOUR, claim_all, dependent


async def test_each_row_has_an_opaque_metadata_key_of_its_own(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(conn, [Notice("a", NoticeKind.NEWS), Notice("b", NoticeKind.NEWS)])
        keys = {row.key for row in await queue.claim(conn, 10)}
    assert len(keys) == 2
    assert all(len(key) == 32 for key in keys)


async def test_a_restored_database_gives_the_same_notice_the_same_metadata_key(database: Database) -> None:
    keys = []
    for _ in range(2):  # before the database is lost, and after its restore
        async with database.transaction() as conn:
            await enqueue.put(conn, [Notice("nudge:1", NoticeKind.NUDGE)])
            (row,) = await queue.claim(conn, 1)
            keys.append(row.key)
            await conn.execute(sa.delete(outbox))
    assert keys[0] == keys[1]


async def test_a_notice_that_may_have_been_sent_before_a_restore_is_looked_for(database: Database) -> None:
    async with database.transaction() as conn:
        edit = Notice("edit:1", NoticeKind.CARD_EDIT, resend=True, look_since=NOW)
        await enqueue.put(conn, [Notice("nudge:1", NoticeKind.NUDGE, look_since=NOW), edit])
        rows = await claim_all(conn)
        assert (rows["nudge:1"].uncertain, rows["nudge:1"].look_since) == (True, NOW)
        assert (rows["edit:1"].uncertain, rows["edit:1"].look_since) == (False, None)


async def test_a_dependency_that_was_never_put_holds_nothing_up(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(conn, [dependent("card:1", "never put")])
        assert list(await claim_all(conn)) == ["card:1"]


async def test_a_dependent_of_a_row_that_failed_in_the_same_batch_fails_too(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(conn, [CHANNEL])
        await queue.mark_failed(conn, (await claim_all(conn))["channel:1"], "no")
        await enqueue.put(conn, [dependent("pin:1", "card:1"), dependent("card:1")])
        assert await claim_all(conn) == {}
        assert {f.dedup_key for f in await census.failures(conn, 1)} == {"channel:1", "card:1", "pin:1"}


async def test_notices_that_depend_on_each_other_are_refused(database: Database) -> None:
    with pytest.raises(ValueError, match="circle"):
        async with database.transaction() as conn:
            await enqueue.put(conn, [dependent("a", "b"), dependent("b", "a")])


async def test_edits_collapse_into_the_newest(database: Database) -> None:
    def edit(version: int) -> Notice:
        return Notice("card-edit:1", NoticeKind.CARD_EDIT, 1, {"v": version}, resend=True)

    async with database.transaction() as conn:
        await enqueue.put(conn, [edit(1), edit(2)])
        await enqueue.put(conn, [edit(3)])
        [row] = await queue.claim(conn, 10)
        assert row.payload == {"v": 3}
        await enqueue.put(conn, [edit(4)])  # while the third is on its way
        assert await queue.claim(conn, 10) == []
        assert await queue.mark_sent(conn, row, {"ts": "1.0"})
        assert await receipts.get(conn, "card-edit:1") == {"ts": "1.0"}
        [row] = await queue.claim(conn, 10)
        assert (row.payload, row.attempts) == ({"v": 4}, 1)
        assert await queue.mark_sent(conn, row, {"ts": "1.0"})
        assert await queue.claim(conn, 10) == []
        await enqueue.put(conn, [edit(5)])
        [row] = await queue.claim(conn, 10)
        assert row.payload == {"v": 5}


async def test_an_edit_that_failed_is_tried_with_its_next_payload(database: Database) -> None:
    edit = Notice("card-edit:1", NoticeKind.CARD_EDIT, 1, {"v": 1}, resend=True)
    async with database.transaction() as conn:
        await enqueue.put(conn, [edit])
        [row] = await queue.claim(conn, 10)
        await enqueue.put(conn, [edit])
        assert await queue.mark_failed(conn, row, "invalid_blocks") == []
        [row] = await queue.claim(conn, 10)
        await queue.mark_failed(conn, row, "invalid_blocks")
        assert await queue.claim(conn, 10) == []
        await enqueue.put(conn, [edit])
        [row] = await queue.claim(conn, 10)
        assert row.attempts == 1


async def test_an_edit_does_not_shorten_the_back_off_that_slack_asked_for(database: Database) -> None:
    edit = Notice("card-edit:1", NoticeKind.CARD_EDIT, 1, resend=True)
    async with database.transaction() as conn:
        await enqueue.put(conn, [edit])
        [row] = await queue.claim(conn, 10)
        await queue.retry_later(conn, row, HOUR, "ratelimited", uncertain=False)
        await enqueue.put(conn, [edit])
        assert await queue.claim(conn, 10) == []


async def test_a_dependent_of_a_sent_card_does_not_wait_for_its_edit(database: Database) -> None:
    card = Notice("card:1", NoticeKind.CARD, 1, resend=True)
    async with database.transaction() as conn:
        await enqueue.put(conn, [card])
        await queue.mark_sent(conn, (await claim_all(conn))["card:1"], {"ts": "1.0"})
        await enqueue.put(conn, [card, dependent("pin:1", "card:1")])
        assert sorted(await claim_all(conn)) == ["card:1", "pin:1"]


async def test_failed_notices_are_queued_again_behind_their_dependencies(database: Database) -> None:
    async with database.transaction() as conn:
        mail = Notice("mail", NoticeKind.PAGE_VENDOR, 1)
        await enqueue.put(conn, [CHANNEL, dependent("card:1"), dependent("pin:1", "card:1"), mail])
        rows = await claim_all(conn)
        await queue.mark_failed(conn, rows["channel:1"], "no")
        await queue.mark_failed(conn, rows["mail"], "no")
        assert await enqueue.retry_failed(conn, 1) == 4
        assert await enqueue.retry_failed(conn, 1) == 0
        rows = await claim_all(conn)
        assert sorted(rows) == ["channel:1", "mail"]
        await queue.mark_sent(conn, rows["channel:1"], {})
        rows = await claim_all(conn)
        assert list(rows) == ["card:1"]
        await queue.mark_failed(conn, rows["card:1"], "no")
        assert await enqueue.retry_failed(conn, 1) == 2
        assert list(await claim_all(conn)) == ["card:1"]  # its channel stands


async def test_putting_and_sending_at_the_same_time_leaves_no_row_held(database: Database, database_url: str) -> None:
    """Two processes: one sends the channel while another puts what needs it, and the channel again."""
    other = await open_database(database_url)

    async def send(number: int) -> None:
        async with other.transaction() as conn:
            await enqueue.put(conn, [Notice(f"channel:{number}", NoticeKind.CHANNEL, number)])
        async with other.transaction() as conn:
            for row in await queue.claim(conn, 10):
                assert await queue.mark_sent(conn, row, {})

    async def put(number: int) -> None:
        async with database.transaction() as conn:
            channel = Notice(f"channel:{number}", NoticeKind.CHANNEL, number)
            await enqueue.put(conn, [channel, dependent(f"card:{number}", f"channel:{number}")])

    try:
        for number in range(25):
            await asyncio.gather(send(number), put(number))
        for _ in range(30):
            async with other.transaction() as conn:
                for row in await queue.claim(conn, 100):
                    await queue.mark_sent(conn, row, {})
        async with database.reading() as conn:
            assert sum((await census.count_by_state(conn)).values()) == 0
    finally:
        await other.close()


async def test_text_that_no_database_accepts_does_not_stop_a_notice(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(
            conn, [Notice("a\x00", NoticeKind.NEWS, payload={"t": "\x00\ud83d", "\x00": [1]}), dependent("b", "a\x00")]
        )
        rows = await claim_all(conn)
    assert rows["a\ufffd"].payload == {"t": "\ufffd\ufffd", "\ufffd": [1]}
    assert len(rows) == 1


def _edit(priority: Priority) -> Notice:
    return Notice("card_edit:1", NoticeKind.CARD_EDIT, 1, priority=priority, resend=True)


async def test_an_edit_keeps_the_highest_priority_until_it_is_sent(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(conn, [_edit(Priority.BUTTONS), _edit(Priority.EDIT)])
        await enqueue.put(conn, [_edit(Priority.EDIT)])
        [row] = await queue.claim(conn, 10)
        assert row.priority == Priority.BUTTONS
        assert await queue.mark_sent(conn, row, {})
        await enqueue.put(conn, [_edit(Priority.EDIT)])
        [row] = await queue.claim(conn, 10)
        assert row.priority == Priority.EDIT


async def test_a_more_urgent_edit_does_not_wait_until_the_earlier_one_would_have_gone(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(conn, [_edit(Priority.EDIT)])
        [row] = await queue.claim(conn, 10)
        await queue.requeue(conn, row, HOUR, "the rate limit")
        await enqueue.put(conn, [_edit(Priority.EDIT)])
        assert await queue.claim(conn, 10) == []
        await enqueue.put(conn, [_edit(Priority.BUTTONS)])
        [row] = await queue.claim(conn, 10)
        assert row.priority == Priority.BUTTONS


async def test_an_edit_that_became_more_urgent_while_it_was_tried_does_not_wait(database: Database) -> None:
    async with database.transaction() as conn:
        await enqueue.put(conn, [_edit(Priority.EDIT)])
        [row] = await queue.claim(conn, 10)
        await enqueue.put(conn, [_edit(Priority.BUTTONS)])
        assert await queue.claim(conn, 10) == [], "it is still being tried"
        await queue.requeue(conn, row, HOUR, "the rate limit")
        [row] = await queue.claim(conn, 10)
        assert row.priority == Priority.BUTTONS
