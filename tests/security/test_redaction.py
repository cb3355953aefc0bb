"""Redacted words are gone from action items, reviews, communications, the status page and the API's stored answers."""

from __future__ import annotations

import sqlalchemy as sa

from bot.domain.actions.item import NewAction
from bot.domain.communications.tell import Message
from bot.domain.statuspage.publication import NewPublication
from bot.domain.timeline.redaction import STRUCK, StruckWords
from bot.usecases.actions.create import create_action
from bot.usecases.communications.send import send
from bot.usecases.context import Context
from bot.usecases.incidents.assign_roles import assign_roles
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.note import note
from bot.usecases.incidents.redact import redact
from bot.usecases.incidents.resolve import resolve
from bot.usecases.reviews.changes import edit_sections, open_review
from bot.usecases.status_page.publish import publish
from storage import actions, api_requests, communications, reviews
from storage.api_requests import StoredAnswer
from storage.schema import metadata
from storage.statuspage import publications
from storage.timeline import entries, verify
from tests.usecases.conftest import MakeContext

MAYA = "U0MAYA0000"
SECRET = "hunter2 opens the safe"
POLICY = """
preset: sev1-5
announce: "#incidents"
audiences:
  internal: {notify: ["channel:#general"]}
"""


async def everything_kept(context: Context) -> str:
    async with context.database.reading() as conn:
        tables = [(await conn.execute(sa.select(table))).all() for table in metadata.sorted_tables]
        assert await verify.chain_faults(conn, 1) == []
    return "\n".join(str(row) for rows in tables for row in rows)


async def redacted(context: Context, kind: str) -> None:
    async with context.database.reading() as conn:
        record = await entries.newest_of_kinds(conn, 1, [kind])
    assert record is not None
    await redact(context, 1, record.seq, "A password", MAYA)


async def open_incident(make_context: MakeContext) -> Context:
    context = make_context(POLICY)
    await declare(context, Declaration("Checkout is down", "sev2", MAYA))
    await assign_roles(context, 1, {"commander": MAYA}, MAYA)
    return context


async def test_redacted_words_are_struck_from_all_that_is_kept_beside_the_incident(make_context: MakeContext) -> None:
    context = await open_incident(make_context)
    await note(context, 1, SECRET, MAYA)
    await create_action(context, 1, NewAction(f"Change it: {SECRET}", description=SECRET), MAYA)
    await send(context, 1, Message("internal", "update", "News", f"Careful, {SECRET}."), MAYA)
    await publish(context, 1, NewPublication("Requests fail", f"We say {SECRET}.", {}), MAYA)
    await resolve(context, 1, MAYA, summary="Rolled back")
    await open_review(context, 1, MAYA)
    assert await edit_sections(context, 1, {"lessons": (0, f"We wrote {SECRET}")}, MAYA) == {}
    now = context.clock.now()
    async with context.database.transaction() as conn:
        await api_requests.remember(conn, "1:k", "f", now, now)
        await api_requests.note_answer(conn, "1:k", StoredAnswer(200, {}, SECRET.encode()))
        before = await publications.version(conn)
    await redacted(context, "note")
    assert "hunter2" not in await everything_kept(context)
    async with context.database.reading() as conn:
        (item,) = await actions.of_incident(conn, 1)
        assert (item.title, item.live) == (f"Change it: {STRUCK}", True)
        assert (await communications.newest(conn, 1, 1))[0].text == f"Careful, {STRUCK}."
        assert (await publications.of_incident(conn, 1))[0].updates[0].message == f"We say {STRUCK}."
        assert await publications.version(conn) == before + 1
        assert (await reviews.current(conn, 1))["lessons"].text == f"We wrote {STRUCK}"


async def test_what_only_an_action_a_message_or_the_page_says_can_be_redacted(make_context: MakeContext) -> None:
    context = await open_incident(make_context)
    await create_action(context, 1, NewAction(f"1 {SECRET}"), MAYA)
    await redacted(context, "action")
    await send(context, 1, Message("internal", "update", "News", f"2 {SECRET}"), MAYA)
    await redacted(context, "communication")
    await publish(context, 1, NewPublication("Requests fail", f"3 {SECRET}", {}), MAYA)
    await redacted(context, "sent")
    assert "hunter2" not in await everything_kept(context)


async def test_a_word_that_is_also_a_state_breaks_nothing(make_context: MakeContext) -> None:
    context = await open_incident(make_context)
    await create_action(context, 1, NewAction("Change the password"), MAYA)
    await note(context, 1, "open", MAYA)
    await redacted(context, "note")
    async with context.database.reading() as conn:
        (item,) = await actions.of_incident(conn, 1)
    assert (str(item.status), item.title) == ("open", "Change the password")
    assert StruckWords.of(["done"]).strike_in({"state": "done", "text": "done"}) == {"state": "done", "text": STRUCK}
