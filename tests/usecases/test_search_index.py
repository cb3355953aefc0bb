"""A worker keeps the search index current, and a search finds an incident that was declared just now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
import sqlalchemy as sa

from bot.domain.incident.status import Status
from bot.usecases import search_index
from bot.usecases.context import Context
from bot.usecases.incidents.acknowledge import acknowledge
from bot.usecases.incidents.change_severity import change_severity
from bot.usecases.incidents.change_status import change_status
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.note import note
from bot.usecases.incidents.post_update import post_update
from bot.usecases.incidents.resolve import resolve
from bot.usecases.queries.search import search
from bot.usecases.reviews.changes import complete_review, edit_sections, open_review
from bot.usecases.reviews.publish import publish_review
from bot.workers.search_indexer import LATER, SearchIndexer
from storage import similar
from storage.schema import chains
from storage.timeline import entries
from tests.storage.helpers import message_entry
from tests.usecases.conftest import MakeContext


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    return make_context("preset: sev1-5\n")


async def open_incident(context: Context, title: str = "Checkout is down", **more: Any) -> int:
    return (await declare(context, Declaration(title, "sev2", "U1", **more))).number


async def find(context: Context, words: str, user: str = "U9") -> list[int]:
    async with context.database.reading() as conn:
        matches = await search(conn, words, user, context.clock.now())
    return [match.incident.number for match in matches]


async def due(context: Context) -> list[int]:
    async with context.database.reading() as conn:
        return [each.incident for each in await similar.due_for_indexing(conn, 100)]


WAITED_FOR: dict[str, Callable[[Context], Awaitable[Any]]] = {
    "declare": lambda context: declare(context, Declaration("Search is slow", "sev2", "U1")),
    "note": lambda context: note(context, 1, "Deploy 4512 went out", "U1"),
    "ack": lambda context: acknowledge(context, 1, "U2"),
    "status": lambda context: change_status(context, 1, Status.IDENTIFIED, "U1"),
    "severity": lambda context: change_severity(context, 1, "sev1", "U1"),
    "update": lambda context: post_update(context, 1, "Rolling back", "U1"),
    "resolve": lambda context: resolve(context, 1, "U1", summary="Rolled back"),
}


@pytest.mark.parametrize("verb", list(WAITED_FOR))
async def test_nothing_that_a_person_waits_for_indexes_or_reads_the_timeline(context: Context, verb: str) -> None:
    await open_incident(context)
    await search_index.index_due(context.database)
    statements: list[str] = []

    def listen(conn: Any, cursor: Any, statement: str, *more: Any) -> None:
        statements.append(statement)

    sa.event.listen(sa.Engine, "before_cursor_execute", listen)
    try:
        await WAITED_FOR[verb](context)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", listen)
    assert any("INTO timeline" in statement for statement in statements)
    assert [s for s in statements if "FROM timeline" in s or "incident_words" in s] == []
    assert await due(context) == [2 if verb == "declare" else 1]


async def test_what_is_noted_is_found_once_the_worker_has_been_there(context: Context) -> None:
    number = await open_incident(context)
    await SearchIndexer(context).round()
    await note(context, number, "It was the flux capacitor", "U1")
    assert await SearchIndexer(context).round() == 1
    assert await find(context, "capacitor") == [number]
    assert await due(context) == []


async def test_a_review_is_found_by_what_people_wrote_once_it_is_published(context: Context) -> None:
    number = await open_incident(context)
    await resolve(context, number, "U1", summary="Rolled back")
    await open_review(context, number, "U1")
    await edit_sections(context, number, {"lessons": (0, "Warm the zeppelin first")}, "U1")
    await complete_review(context, number, "U1")
    await SearchIndexer(context).round()
    assert await find(context, "zeppelin") == []
    await publish_review(context, number, "U1")
    await SearchIndexer(context).round()
    assert await find(context, "zeppelin") == [number]


async def test_a_search_right_after_a_declare_finds_it(context: Context) -> None:
    await open_incident(context, "Search is slow")
    await SearchIndexer(context).round()
    number = await open_incident(context, description="The pool of hikari is exhausted")
    assert await find(context, "checkout") == [number]
    assert await find(context, "hikari") == [number]
    await SearchIndexer(context).round()
    assert await find(context, "checkout") == [number]


async def test_a_new_private_incident_is_found_only_by_who_may_see_it(context: Context) -> None:
    number = await open_incident(context, "Keys leaked", private=True)
    assert await find(context, "keys") == []
    assert await find(context, "keys", "U1") == [number]


async def test_messages_do_not_have_an_incident_read_again(context: Context) -> None:
    number = await open_incident(context)
    await SearchIndexer(context).round()
    async with context.database.transaction() as conn:
        await entries.append(conn, number, [message_entry("zeppelin", "1.0")])
    assert await due(context) == [number]
    assert await SearchIndexer(context).round() == 0
    assert await due(context) == []


async def test_what_is_noted_while_the_incident_is_read_leaves_it_due(context: Context) -> None:
    number = await open_incident(context)

    async def noted_meanwhile() -> None:
        if not await find(context, "capacitor"):
            await note(context, number, "It was the flux capacitor", "U1")

    await search_index.index_due(context.database, noted_meanwhile)
    assert await due(context) == [number]
    await search_index.index_due(context.database)
    assert await find(context, "capacitor") == [number]


async def test_an_older_reading_does_not_replace_a_newer_one(context: Context) -> None:
    number = await open_incident(context)
    async with context.database.reading() as conn:
        (before,) = await similar.due_for_indexing(conn, 1)
    async with context.database.transaction() as conn:
        await similar.request_indexing(conn, number)
        assert await similar.mark_indexed(conn, [before]) == []
    assert await due(context) == [number]


async def test_an_incident_that_cannot_be_indexed_holds_up_no_other(
    context: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await open_incident(context), await open_incident(context, "Search is slow")
    whole = search_index._whole_document

    async def fails_for_the_second(incident: Any, *more: Any) -> Any:
        if incident.number == second:
            raise ZeroDivisionError
        return await whole(incident, *more)

    monkeypatch.setattr(search_index, "_whole_document", fails_for_the_second)
    assert await search_index.index_due(context.database) == 1
    assert await due(context) == [second]
    async with context.database.reading() as conn:
        assert await conn.scalar(sa.select(chains.c.indexed_seq).where(chains.c.incident == first)) == 1


async def test_the_worker_lets_many_due_reminders_pass_but_not_for_ever(context: Context) -> None:
    await open_incident(context)
    indexer = SearchIndexer(context)
    with context.lapsed_backlog.deciding(is_long=True):
        assert [await indexer.round() for _ in range(LATER)] == [0] * LATER
        assert await due(context) == [1]
        assert await indexer.round() == 1
    assert await due(context) == []
