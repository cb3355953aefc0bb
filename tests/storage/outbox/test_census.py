from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.domain.routing.notice import Notice, NoticeKind
from storage.database import Database
from storage.outbox import census, enqueue, queue
from tests.storage.outbox.notices import CHANNEL, claim_all, dependent


async def test_counts_and_age_cover_what_is_still_to_be_sent(database: Database) -> None:
    async with database.transaction() as conn:
        assert await census.oldest_waiting_at(conn) is None
        free = [Notice("a", NoticeKind.NEWS), Notice("b", NoticeKind.NEWS)]
        await enqueue.put(conn, [CHANNEL, dependent("card:1"), *free])
        rows = await claim_all(conn)
        await queue.mark_sent(conn, rows["a"], {})
        await queue.mark_failed(conn, rows["b"], "no")
        assert await census.count_by_state(conn) == {"held": 1, "queued": 0, "leased": 1, "unknown": 0, "failed": 1}
        oldest = await census.oldest_waiting_at(conn)
        assert oldest is not None
        assert abs(datetime.now(UTC) - oldest) < timedelta(minutes=1)
