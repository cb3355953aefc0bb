"""Declaring writes the incident with everything that follows, once."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from bot.domain.errors import Refused
from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.unit_of_work import DuplicateDelivery
from storage import deadlines, incidents, similar
from storage.schema import outbox
from storage.timeline import entries
from tests.usecases.conftest import MakeContext


@pytest.fixture
def context(make_context: MakeContext) -> Context:
    return make_context("preset: sev1-5\n")


async def test_the_incident_is_committed_with_its_timeline_deadlines_and_notices(context: Context) -> None:
    incident = await declare(context, Declaration("Checkout is down", "sev1", "U1"), "d1")
    async with context.database.reading() as conn:
        assert await incidents.get(conn, 1) == incident
        assert [record.entry.kind for record in await entries.read(conn, 1)] == ["declared"]
        assert {row.kind for row in await deadlines.waiting(conn, 1)} >= {"update", "role", "acknowledge"}
        kinds = set(await conn.scalars(sa.select(outbox.c.kind).where(outbox.c.incident == 1)))
        assert {"channel", "card", "invite"} <= kinds
        assert await similar.never_indexed(conn, 10) == [1], "a worker indexes it"


async def test_a_second_delivery_declares_nothing(context: Context) -> None:
    await declare(context, Declaration("Checkout is down", "sev1", "U1"), "d1")
    with pytest.raises(DuplicateDelivery):
        await declare(context, Declaration("Checkout is down", "sev1", "U1"), "d1")
    assert (await declare(context, Declaration("Search is slow", "sev2", "U1"), "d2")).number == 2


async def test_an_unknown_severity_is_refused_and_takes_no_number(context: Context) -> None:
    with pytest.raises(Refused):
        await declare(context, Declaration("Checkout is down", "sev9", "U1"))
    assert (await declare(context, Declaration("Checkout is down", "sev1", "U1"))).number == 1


async def test_the_message_it_came_from_is_linked_on_the_timeline(context: Context) -> None:
    source = {"channel": "C1", "ts": "1.1", "author": "U2", "link": "https://acme.slack.com/archives/C1/p11"}
    await declare(context, Declaration("Checkout is down", "sev1", "U1", source=source))
    async with context.database.reading() as conn:
        note = (await entries.read(conn, 1))[-1].entry
    assert (note.kind, note.text, note.data["link"]) == ("note", "Declared from a message by <@U2>", source["link"])
