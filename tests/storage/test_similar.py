"""Full-text search over incidents, the same on both databases."""

from __future__ import annotations

from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.triage.similarity import SearchDocument
from storage import incidents, schema, similar
from storage.database import Database
from storage.timeline import entries
from tests.storage.helpers import incident, message_entry, store_incidents

NUMBERS = 5000


def document(number: int, title: str, **more: str) -> SearchDocument:
    return SearchDocument(number, tuple(title.split()), **{name: tuple(text.split()) for name, text in more.items()})


async def put(database: Database, *documents: SearchDocument, private: frozenset[int] = frozenset()) -> None:
    async with database.transaction() as conn:
        for each in documents:
            if await incidents.get(conn, each.incident) is None:
                await incidents.insert(conn, incident(each.incident, private=each.incident in private))
            await similar.index(conn, each)


async def search(database: Database, *terms: str, private: bool = False, **worths: float) -> list[int]:
    async with database.reading() as conn:
        weighted = dict.fromkeys(terms, 1.0) | worths
        return [each.incident for each in await similar.find(conn, weighted, limit=10, private=private)]


async def test_the_incident_that_shares_the_most_comes_first_and_whole(database: Database) -> None:
    whole = document(1, "checkout pool", services="orders", fix="rollback", body="hikari 4512")
    await put(database, whole, document(2, "checkout slow"), document(3, "search slow"))
    assert await search(database, checkout=1.0, pool=3.0) == [1, 2]
    async with database.reading() as conn:
        assert (await similar.find(conn, {"4512": 1.0}, limit=5)) == [whole]


async def test_an_incident_is_found_by_its_present_words(database: Database) -> None:
    await put(database, document(1, "checkout"), document(2, "search"))
    await put(database, document(1, "gateway"))
    assert await search(database, "checkout") == []
    assert await search(database, "gateway") == [1]
    async with database.transaction() as conn:
        await similar.clear(conn)
    assert await search(database, "gateway", "search") == []


async def test_how_common_a_term_is_counts_incidents_and_not_fields(database: Database) -> None:
    await put(database, document(1, "api", fix="api"), document(2, "api redis"), document(3, "für größe"))
    async with database.reading() as conn:
        often = await similar.frequencies(conn, ["api", "redis", "nothing", "größe"])
    assert (often.total, dict(often.counts)) == (3, {"api": 2, "redis": 1, "nothing": 0, "größe": 1})


async def test_private_incidents_are_found_only_if_asked_for(database: Database) -> None:
    await put(database, document(1, "leak"), document(2, "leak"), private=frozenset({2}))
    assert await search(database, "leak") == [1]
    assert await search(database, "leak", private=True) == [2]


async def test_incidents_due_for_indexing_are_listed_in_pages_the_newest_first(database: Database) -> None:
    await store_incidents(database, 1, 2, 3, 4)
    async with database.transaction() as conn:
        for number in (1, 2, 3, 4):
            await entries.append(conn, number, [message_entry()])
        (indexed,) = await similar.due_for_indexing(conn, 1, below=3)
        assert await similar.mark_indexed(conn, [indexed]) == [2]
    async with database.reading() as conn:
        assert [due.incident for due in await similar.due_for_indexing(conn, 2)] == [4, 3]
        assert [due.incident for due in await similar.due_for_indexing(conn, 2, below=3)] == [1]
        assert await similar.never_indexed(conn, 2) == [4, 3]


@pytest.fixture
async def with_one(database: Database) -> Database:
    await put(database, document(1, "checkout and or not near title"))
    return database


@given(
    st.lists(st.text(max_size=12) | st.sampled_from(['"', "'", "OR", "NEAR(", "a*", "-a", "title:", "%", ":t0", "\\"]))
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_no_term_breaks_a_query(with_one: Database, terms: list[str]) -> None:
    async with with_one.reading() as conn:
        often = await similar.frequencies(conn, terms)
        assert often.total == 1
        assert len(await similar.find(conn, dict.fromkeys(terms, 1.0), limit=3)) <= 1


async def test_operators_of_query_languages_are_plain_words(with_one: Database) -> None:
    for word in ("and", "or", "not", "near", "title"):
        assert await search(with_one, word) == [1]
        assert await search(with_one, word.upper()) in ([], [1])


async def test_thousands_of_incidents_are_searched_by_the_index(database: Database) -> None:
    async with database.transaction() as conn:
        await conn.execute(sa.insert(schema.incidents), [_row(number) for number in range(1, NUMBERS + 1)])
        rows = [
            {"incident": n, "title": f"checkout w{n % 997}", "services": "shop", "fix": f"f{n % 89}", "body": f"b{n}"}
            for n in range(1, NUMBERS + 1)
        ]
        await conn.execute(sa.insert(schema.incident_words), rows)
    if database.dialect == "postgresql":
        async with database.transaction() as conn:
            await conn.execute(sa.text("ANALYZE incident_words"))
    having = {number for number in range(1, NUMBERS + 1) if number % 997 == 123}
    assert set(await search(database, "w123", "b77")) == having | {77}
    plans = await _plans(database)
    assert plans
    for plan in plans:
        if database.dialect == "postgresql":
            assert "incident_index" in plan, plan
        else:  # an FTS5 table is its own index: to read all of it would be `VIRTUAL TABLE INDEX 0:` and no more
            assert "VIRTUAL TABLE INDEX 0:M" in plan


async def _plans(database: Database) -> list[str]:
    statements: list[tuple[str, Any]] = []
    plans = []
    async with database.transaction() as conn:

        def listen(conn: Any, cursor: Any, statement: str, parameters: Any, *more: Any) -> None:
            statements.append((statement, parameters))

        sync = await conn.get_raw_connection() and conn.sync_connection
        sa.event.listen(sync, "before_cursor_execute", listen)
        await similar.frequencies(conn, ["w123"])
        await similar.find(conn, {"w123": 1.0, "b9": 2.0}, limit=10)
        sa.event.remove(sync, "before_cursor_execute", listen)
        explain = "EXPLAIN QUERY PLAN" if database.dialect == "sqlite" else "EXPLAIN"
        for statement, parameters in statements[1:]:
            plans.append(str((await conn.exec_driver_sql(f"{explain} {statement}", tuple(parameters))).all()))
    return plans


def _row(number: int) -> dict[str, Any]:
    return incidents.columns(incident(number))
