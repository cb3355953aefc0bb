"""An update changes status and severity with it, and arms the next reminder."""

from __future__ import annotations

import pytest

from bot.domain.deadlines import DeadlineState
from bot.domain.errors import NotFound
from bot.domain.incident.status import Status
from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.post_update import post_update
from storage import deadlines
from storage.timeline import entries
from tests.usecases.conftest import MakeContext


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context("preset: sev1-5\n")
    await declare(context, Declaration("Checkout is down", "sev2", "U1"))
    return context


async def test_an_update_changes_status_and_severity_where_they_differ(context: Context) -> None:
    incident = await post_update(context, 1, "Rolled back", "U1", status=Status.MITIGATING, severity="sev1")
    assert (incident.updates, incident.status, incident.severity) == (1, Status.MITIGATING, "sev1")
    async with context.database.reading() as conn:
        kinds = [record.entry.kind for record in await entries.read(conn, 1)]
    assert kinds[1:] == ["acknowledged", "severity", "status", "update"]


async def test_an_update_that_resolves_ends_the_incident(context: Context) -> None:
    incident = await post_update(context, 1, "Fixed by a rollback", "U1", status=Status.RESOLVED)
    assert (incident.status, incident.summary) == (Status.RESOLVED, "Fixed by a rollback")
    async with context.database.reading() as conn:
        assert await deadlines.waiting(conn, 1) == []


async def test_the_reminder_before_an_update_says_what_answered_it(context: Context) -> None:
    await post_update(context, 1, "Looking into it", "U1")
    async with context.database.reading() as conn:
        rows = {row.dedup_key: row for row in await deadlines.ledger(conn, 1)}
    answered = rows["update:1:1:0:0"]
    assert (answered.state, answered.reason) == (DeadlineState.CANCELLED, "answered by update #1")
    assert rows["update:1:1:1:0"].state is DeadlineState.WAITING


async def test_an_incident_that_does_not_exist_is_not_found(context: Context) -> None:
    with pytest.raises(NotFound):
        await post_update(context, 7, "Looking into it", "U1")
