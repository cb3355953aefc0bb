"""What is asked often is answered from an index, and without sorting."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import deadlines, incidents, outbox, timeline
from storage.database import Database
from tests.storage.helpers import NOW

Question = Callable[[AsyncConnection], Awaitable[Any]]
QUESTIONS: list[tuple[str, str, Question]] = [
    ("claim a deadline", "deadlines_waiting", lambda conn: deadlines.claim(conn, NOW, 100)),
    ("next deadline", "deadlines_waiting", lambda conn: deadlines.next_due_at(conn)),
    ("claim a notice", "outbox_next", lambda conn: outbox.claim(conn, 100)),
    ("oldest notice", "outbox_next", lambda conn: outbox.oldest_waiting_at(conn)),
    ("next notice", "outbox_next", lambda conn: outbox.next_try_at(conn)),
    ("outbox depth", "outbox_unsent", lambda conn: outbox.depth(conn)),
    ("activity", "timeline_person", lambda conn: timeline.activity(conn, 1, NOW)),
    ("edited message", "timeline_message", lambda conn: timeline.message(conn, 1, "1.0")),
    ("last of a kind", "timeline_kind", lambda conn: timeline.last_of(conn, 1, ["note"])),
    ("open incidents", "incidents_open", lambda conn: incidents.listing(conn, open_only=True)),
    ("incident of a channel", "incidents_channel", lambda conn: incidents.by_channel(conn, "C1")),
]


@pytest.mark.parametrize(("index", "ask"), [case[1:] for case in QUESTIONS], ids=[case[0] for case in QUESTIONS])
async def test_a_frequent_question_is_answered_by_its_index(database: Database, index: str, ask: Question) -> None:
    asked: list[tuple[str, Any]] = []
    async with database.transaction() as conn:
        if database.dialect == "postgresql":  # the tables are empty here, and it would rather read them whole
            await conn.execute(sa.text("SET LOCAL enable_seqscan = off"))
            await conn.execute(sa.text("SET LOCAL enable_bitmapscan = off"))
            await conn.execute(sa.text("SET LOCAL plan_cache_mode = force_generic_plan"))

        def listen(conn: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
            asked.append((statement, parameters))

        sync = await conn.get_raw_connection() and conn.sync_connection
        sa.event.listen(sync, "before_cursor_execute", listen)
        await ask(conn)
        sa.event.remove(sync, "before_cursor_execute", listen)
        statement, parameters = asked[0]
        explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
        plan = str((await conn.exec_driver_sql(f"{explain} {statement}", tuple(parameters))).all())
    assert index in plan
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan
