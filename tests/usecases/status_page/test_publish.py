from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.errors import NotFound, Refused
from bot.domain.statuspage.component_state import ComponentState as S
from bot.domain.statuspage.publication import Correction, NewPublication, PublicChange, PublicStatus
from bot.domain.timeline.entry import BOT
from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.status_page.publish import correct, find, open_publication, post, proposed_components, publish
from storage import incidents
from storage.statuspage import page, publications
from storage.timeline import entries
from tests.usecases.conftest import MakeContext

POLICY = """
preset: sev1-5
services: {gateway: {components: [api]}, model: {}}
status_page: {preset: llm-platform, components: [{key: chat-completions, name: Chat, services: [model]}]}
"""
NEW = NewPublication("Requests fail", "We look into it.", {"api": S.PARTIAL_OUTAGE})


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    return make_context(POLICY)


async def declare_incident(context: Context, services: tuple[str, ...] = ()) -> int:
    return (await declare(context, Declaration("db-7.internal is down", "sev1", "U1", services=services), "d")).number


async def test_a_publication_is_stored_with_a_receipt_on_the_timeline(context: Context) -> None:
    number = await declare_incident(context)
    made = await publish(context, number, NEW, BOT)
    async with context.database.reading() as conn:
        assert await open_publication(conn, number) == made
        kinds = [each.entry.kind for each in await entries.read(conn, number)]
    assert kinds.count("sent") == 1


async def test_each_change_raises_the_version_that_pages_watch(context: Context) -> None:
    async with context.database.reading() as conn:
        before = await publications.version(conn)
    made = await publish(context, None, NEW, BOT)
    await post(context, made.id, PublicChange("We know why.", PublicStatus.IDENTIFIED), BOT)
    await correct(context, made.id, Correction("We are looking into it.", 1), BOT)
    async with context.database.reading() as conn:
        assert await publications.version(conn) == before + 3


async def test_a_resolved_publication_is_history(context: Context) -> None:
    made = await publish(context, None, NEW, BOT)
    await post(context, made.id, PublicChange("It is well again.", PublicStatus.RESOLVED), BOT)
    now = context.clock.now()
    async with context.database.reading() as conn:
        published = await page.read(conn, now - timedelta(days=90), now)
    assert (published.unresolved, [each.id for each in published.past]) == ((), [made.id])


async def test_an_unknown_component_is_refused_and_nothing_is_stored(context: Context) -> None:
    with pytest.raises(Refused, match="chat-completions"):
        await publish(context, None, NewPublication("a", "b", {"nothing": S.MAJOR_OUTAGE}), BOT)
    async with context.database.reading() as conn:
        assert await publications.unresolved(conn) == []


async def test_the_services_and_severity_of_an_incident_propose_components(context: Context) -> None:
    number = await declare_incident(context, ("gateway", "model"))
    async with context.database.reading() as conn:
        incident = await incidents.get(conn, number)
    assert incident is not None
    assert proposed_components(context.policy, incident) == {"api": S.MAJOR_OUTAGE, "chat-completions": S.MAJOR_OUTAGE}


async def test_a_publication_is_found_by_its_id_and_by_its_incident(context: Context) -> None:
    number = await declare_incident(context)
    made = await publish(context, number, NEW, BOT)
    async with context.database.reading() as conn:
        assert await find(conn, made.id) == await find(conn, f"inc-{number}") == made
        with pytest.raises(NotFound):
            await find(conn, "INC-99")


async def test_an_incident_is_not_published_twice(context: Context) -> None:
    number = await declare_incident(context)
    made = await publish(context, number, NEW, BOT)
    with pytest.raises(Refused, match="is on the status page already"):
        await publish(context, number, NEW, BOT)
    other = replace(NEW, title="Logins fail, too")
    with pytest.raises(Refused, match="Add an update to that"):  # a form that was opened before the first was published
        await publish(context, number, other, BOT, first=True)
    await publish(context, number, other, BOT)  # a second matter of the same incident, on purpose
    await post(context, made.id, PublicChange("It is well again.", PublicStatus.RESOLVED), BOT)
    await publish(context, number, NEW, BOT)  # it happens again
