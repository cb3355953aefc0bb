"""Frequent queries are answered from an index, without sorting."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import export
from bot.domain import routing
from bot.domain.deadlines import Deadline, DeadlineState
from bot.domain.timeline.entry import Entry
from storage import deadlines, figures, incident_pages, incidents, retention, similar, user_activity
from storage.alerts import changes
from storage.database import Database
from storage.incident_pages import PageFilter
from storage.incidents import IncidentFilter
from storage.outbox import census, enqueue, queue, receipts
from storage.schema import metadata
from storage.timeline import audit, entries, verify
from tests.storage.helpers import NOW, incident, message_entry, store_incidents

LONG_AGO = NOW - timedelta(days=400)
TABLES = "|".join(table.name for table in metadata.sorted_tables)
SCANS = {
    "sqlite": re.compile(rf"SCAN ({TABLES})(?! USING [A-Z ]*INDEX)"),
    "postgresql": re.compile(rf"Seq Scan on ({TABLES})"),
}
OUTBOX_WITH_A_BACKLOG = """
    INSERT INTO outbox (
        once, kind, payload, metadata_key, if_need_fails, redirected, priority, state, attempts, uncertain,
        next_try_at, fence, version, created_at, queued_at
    )
    SELECT
        'n' || n, 'news', '{}', 'k' || n, 'drop', false, n % 5,
        CASE n % 3 WHEN 0 THEN 'queued' WHEN 1 THEN 'failed' ELSE 'sent' END, 0, false, 1, 0, 1, 1, 1
    FROM generate_series(1, 20000) AS n
"""
Query = Callable[[AsyncConnection], Awaitable[Any]]
QUERIES: list[tuple[str, str, Query]] = [
    ("claim a deadline", "deadlines_waiting", lambda conn: deadlines.claim(conn, NOW, 100)),
    ("next deadline", "deadlines_waiting", deadlines.next_due_at),
    ("claim a notice", "outbox_next", lambda conn: queue.claim(conn, 100)),
    ("oldest notice", "outbox_(next|unsent)", census.oldest_waiting_at),
    ("home tabs in use", "homes_opened", lambda conn: user_activity.homes_opened_since(conn, LONG_AGO, 100)),
    ("outbox depth", "outbox_unsent", census.count_by_state),
    ("activity", "timeline_(person|time)", lambda conn: entries.activity(conn, 1, NOW)),
    ("edited message", "timeline_message", lambda conn: entries.message(conn, 1, "1.0")),
    ("last of a kind", "timeline_kind", lambda conn: entries.newest_of_kinds(conn, 1, ["note"])),
    ("open incidents", "incidents_open", lambda conn: incidents.newest(conn, open_only=True)),
    ("incident of a channel", "incidents_channel", lambda conn: incidents.number_of_channel(conn, "C1")),
    ("incidents of a period", "incidents_declared|incidents_figures", lambda conn: figures.facts_since(conn, NOW)),
    ("what ended long ago", "incidents_ended", lambda conn: retention.ended_incidents(conn, LONG_AGO, None)),
    ("due for indexing", "chains_due_for_indexing", lambda conn: similar.due_for_indexing(conn, 20)),
    ("never indexed", "chains_due_for_indexing", lambda conn: similar.never_indexed(conn, 20)),
    ("old changes", "service_changes_at", lambda conn: changes.delete_before(conn, LONG_AGO, 100)),
    ("old answers", "outbox_answers", lambda conn: retention.drop_answers(conn, LONG_AGO)),
    ("old deliveries", "deliveries_seen", lambda conn: retention.delete_deliveries(conn, LONG_AGO)),
]


@pytest.mark.parametrize(("index", "query"), [case[1:] for case in QUERIES], ids=[case[0] for case in QUERIES])
async def test_a_frequent_query_uses_its_index(database: Database, index: str, query: Query) -> None:
    plan = await _plan(database, query)
    assert re.search(index, plan)
    assert "Sort" not in plan
    assert "TEMP B-TREE" not in plan.replace("TEMP B-TREE FOR GROUP BY", "")  # of a period's rows, which are few


async def test_the_audit_reads_the_index_of_key_entries(database: Database) -> None:
    assert "timeline_audit" in await _plan(database, lambda conn: audit.newest(conn, 100))
    assert "timeline_actor" in await _plan(database, lambda conn: audit.newest(conn, 100, actor="U1"))


async def _plan(database: Database, query: Query) -> str:
    """How the database answers the first statement of a query."""
    statements: list[tuple[str, Any]] = []
    async with database.transaction() as conn:
        if database.dialect == "postgresql":  # the other tables are empty here, so that it would read them whole
            await conn.execute(sa.text("TRUNCATE incidents, timeline, outbox, deliveries CASCADE"))
            await conn.execute(sa.text(OUTBOX_WITH_A_BACKLOG))
            await conn.execute(sa.text("ANALYZE outbox"))  # statistics of an earlier test would change the plan
            await conn.execute(sa.text("SET LOCAL enable_seqscan = off"))
            await conn.execute(sa.text("SET LOCAL enable_bitmapscan = off"))
            await conn.execute(sa.text("SET LOCAL plan_cache_mode = force_generic_plan"))

        def listen(conn: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
            statements.append((statement, parameters))

        sync = await conn.get_raw_connection() and conn.sync_connection
        sa.event.listen(sync, "before_cursor_execute", listen)
        await query(conn)
        sa.event.remove(sync, "before_cursor_execute", listen)
        statement, parameters = statements[0]
        explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
        return str((await conn.exec_driver_sql(f"{explain} {statement}", tuple(parameters))).all())


async def _card_edit(conn: AsyncConnection) -> None:
    await enqueue.put(conn, [routing.card_edit(1)])
    for row in await queue.claim(conn, 1):
        await receipts.get(conn, routing.card_key(1))
        await census.failures(conn, 1)
        await queue.mark_sent(conn, row, {})


async def _everything_of_one(conn: AsyncConnection) -> None:
    await incidents.lock(conn, 1)
    await entries.append(conn, 1, [message_entry("a", "1.0"), message_entry("b", "2.0")])
    for key_only in (False, True):
        await entries.read(conn, 1, key_only=key_only, limit=200, newest=True)
    await entries.by_seqs(conn, 1, [1, 2])
    await entries.of_actor(conn, 1, ("joined", "left"), "U1")
    await deadlines.sync(conn, 1, [Deadline("a", "update", NOW, "")], lambda once: "", NOW)
    await deadlines.decide(conn, "a", DeadlineState.SKIPPED, "", NOW)
    await deadlines.ledger(conn, 1)
    await incidents.save(conn, incident(1))


async def _retention(conn: AsyncConnection) -> None:
    await retention.purge(conn, 1, NOW, NOW)
    await retention.drop_ledger(conn, 1)
    await retention.note_oldest_text(conn, 1, NOW)
    await retention.drop_answers(conn, NOW)


async def _verified(conn: AsyncConnection) -> None:
    async for _ in verify.verify_all(lambda: contextlib.nullcontext(conn)):
        pass


async def _exported(conn: AsyncConnection) -> None:
    async for _ in export.incident(conn, 1):
        pass


WHOLE: dict[str, Query] = {
    "card edit": _card_edit,
    "everything of one incident": _everything_of_one,
    "which channels to fill": lambda conn: incidents.open_or_ended_after(conn, LONG_AGO, 1000),
    "list all": lambda conn: incidents.newest(conn, limit=100),
    "retention": _retention,
    "verify": _verified,
    "export": _exported,
}


@pytest.mark.parametrize("name", list(WHOLE))
async def test_nothing_that_is_asked_reads_a_whole_table(database: Database, name: str) -> None:
    statements: list[tuple[str, Any]] = []

    def listen(conn: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.split(maxsplit=1)[0] in ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH"):
            statements.append((statement, parameters[0] if many else parameters))

    await store_incidents(database, 1)
    async with database.transaction() as conn:
        if database.dialect == "postgresql":
            await conn.execute(sa.text("SET LOCAL enable_seqscan = off"))
        await entries.append(conn, 1, [message_entry("old", "0.1"), Entry(NOW, "keyed", "U1", source_ts="0.1")])
        sync = conn.sync_connection
        sa.event.listen(sync, "before_cursor_execute", listen)
        await WHOLE[name](conn)
        sa.event.remove(sync, "before_cursor_execute", listen)
        assert statements
        explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
        for statement, parameters in statements:
            plan = (await conn.exec_driver_sql(f"{explain} {statement}", tuple(parameters))).all()
            assert not SCANS[database.dialect].search(str(plan)), f"{statement}\n{plan}"


PRIVATE_ONES = IncidentFilter(private=True, concerning="U1")
GROWN: dict[
    str, tuple[str, Query]
] = {  # what a person waits for, and which is bounded by what is shown: the index that bounds it
    "private incidents among those shown": (
        "incidents_private",
        lambda conn: incident_pages.read(conn, PageFilter(private=True, concerning="U1", at_least=9), 50),
    ),
    "private incidents of a list": ("incidents_private", lambda conn: incidents.find(conn, PRIVATE_ONES, (), 100)),
    "incidents of a severity": (
        "incidents_severity",
        lambda conn: incidents.find(conn, IncidentFilter(severities=frozenset({"sev1"})), (), 100),
    ),
}


@pytest.mark.parametrize("name", list(GROWN))
async def test_a_list_reads_no_more_of_the_history_than_it_shows(database: Database, name: str) -> None:
    index, query = GROWN[name]
    plan = await _plan(database, query)
    assert index in plan
    assert "TEMP B-TREE" not in plan


async def test_how_many_incidents_are_indexed_is_read_from_one_row(database: Database) -> None:
    plan = await _plan(database, lambda conn: similar.frequencies(conn, []))
    assert re.search(r"SEARCH incident_words|incident_words_pkey|pk_incident_words", plan)
