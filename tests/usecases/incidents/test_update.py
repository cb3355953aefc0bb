"""An update changes status and severity with it, and arms the next reminder."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.deadlines import DeadlineState
from bot.domain.errors import NotFound
from bot.domain.incident.status import Status
from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.update import assign, snooze, update
from storage import deadlines
from storage.timeline import entries
from tests.usecases.conftest import START, MakeContext


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context("preset: sev1-5\n")
    await declare(context, Declaration("Checkout is down", "sev2", "U1"))
    return context


async def test_an_update_changes_status_and_severity_where_they_differ(context: Context) -> None:
    incident = await update(context, 1, "Rolled back", "U1", status=Status.MITIGATING, severity="sev1")
    assert (incident.updates, incident.status, incident.severity) == (1, Status.MITIGATING, "sev1")
    async with context.database.reading() as conn:
        kinds = [record.entry.kind for record in await entries.read(conn, 1)]
    assert kinds[1:] == ["severity", "acknowledged", "status", "update"]


async def test_an_update_that_resolves_ends_the_incident(context: Context) -> None:
    incident = await update(context, 1, "Fixed by a rollback", "U1", status=Status.RESOLVED)
    assert (incident.status, incident.summary) == (Status.RESOLVED, "Fixed by a rollback")
    async with context.database.reading() as conn:
        assert await deadlines.waiting(conn, 1) == []


async def test_the_reminder_before_an_update_says_what_answered_it(context: Context) -> None:
    await update(context, 1, "Looking into it", "U1")
    async with context.database.reading() as conn:
        rows = {row.dedup_key: row for row in await deadlines.ledger(conn, 1)}
    answered = rows["update:1:1:0:0"]
    assert (answered.state, answered.reason) == (DeadlineState.CANCELLED, "answered by update #1")
    assert rows["update:1:1:1:0"].state is DeadlineState.WAITING


async def test_a_snooze_moves_the_reminder_and_no_page(context: Context) -> None:
    async with context.database.reading() as conn:
        pages = {row.dedup_key: row.due_at for row in await deadlines.waiting(conn, 1) if row.rung}
    incident = await snooze(context, 1, timedelta(hours=2), "U1")
    assert incident.update_due_at == START + timedelta(hours=2)
    async with context.database.reading() as conn:
        assert {row.dedup_key: row.due_at for row in await deadlines.waiting(conn, 1) if row.rung} == pages


async def test_a_role_that_stays_the_same_gets_no_entry(context: Context) -> None:
    await assign(context, 1, {"commander": "U2"}, "U1")
    await assign(context, 1, {"commander": "U2", "scribe": "U3"}, "U1")
    async with context.database.reading() as conn:
        roles = [record.entry.data["role"] for record in await entries.read(conn, 1) if record.entry.kind == "role"]
    assert roles == ["commander", "scribe"]


async def test_an_incident_that_does_not_exist_is_not_found(context: Context) -> None:
    with pytest.raises(NotFound):
        await update(context, 7, "Looking into it", "U1")
