"""The use cases of an incident's life: permission, one delivery, and the rows of one commit."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
import sqlalchemy as sa

from bot.domain.errors import NotFound, Refused
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.usecases.context import Context
from bot.usecases.incidents.acknowledge import acknowledge
from bot.usecases.incidents.cancel import cancel
from bot.usecases.incidents.change_severity import change_severity
from bot.usecases.incidents.change_status import change_status
from bot.usecases.incidents.close import close
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.next_update import promise
from bot.usecases.incidents.note import note
from bot.usecases.incidents.reopen import reopen
from bot.usecases.incidents.resolve import resolve
from bot.usecases.unit_of_work import DuplicateDelivery
from storage import deadlines, incidents
from storage.schema import outbox
from storage.timeline import entries
from tests.usecases.conftest import START, MakeContext, MovableClock

Verb = Callable[[Context, str, str | None], Awaitable[Incident]]  # of the actor and the delivery
HOUR = timedelta(hours=1)
VERBS: dict[str, Verb] = {
    "resolve": lambda context, actor, delivery: resolve(context, 1, actor, summary="Restarted", delivery=delivery),
    "close": lambda context, actor, delivery: close(context, 1, actor, delivery),
    "cancel": lambda context, actor, delivery: cancel(context, 1, actor, "false alarm", delivery),
    "severity": lambda context, actor, delivery: change_severity(context, 1, "sev3", actor, "", delivery),
    "status": lambda context, actor, delivery: change_status(context, 1, Status.IDENTIFIED, actor, "", delivery),
    "next": lambda context, actor, delivery: promise(context, 1, HOUR, actor, delivery),
    "note": lambda context, actor, delivery: note(context, 1, "The index is gone", actor, None, delivery),
}  # fmt: skip


@pytest.fixture
async def context(make_context: MakeContext) -> Context:
    context = make_context("preset: sev1-5\n")
    await declare(context, Declaration("Checkout is down", "sev2", "U1"))
    return context


async def kinds(context: Context) -> list[str]:
    """The kinds of the incident's entries, in order."""
    async with context.database.reading() as conn:
        return [record.entry.kind for record in await entries.read(conn, 1)]


async def notice_keys(context: Context) -> set[str]:
    """The dedup keys of all notices."""
    async with context.database.reading() as conn:
        return set(await conn.scalars(sa.select(outbox.c.dedup_key)))


async def waiting(context: Context) -> list[str]:
    """The dedup keys of the deadlines that are to come."""
    async with context.database.reading() as conn:
        return [row.dedup_key for row in await deadlines.waiting(conn, 1)]


@pytest.mark.parametrize("verb", VERBS.values(), ids=VERBS)
async def test_a_delivery_changes_an_incident_once(context: Context, verb: Verb) -> None:
    await verb(context, "U1", "trigger:1")
    before = await kinds(context)
    with pytest.raises(DuplicateDelivery):
        await verb(context, "U1", "trigger:1")
    assert await kinds(context) == before


@pytest.mark.parametrize("action", VERBS)
async def test_without_permission_nothing_is_written(make_context: MakeContext, action: str) -> None:
    context = make_context(f'preset: sev1-5\npermissions: {{{action}: ["user:U0BOSS001"]}}\n')
    await declare(context, Declaration("Checkout is down", "sev2", "U1"))
    before = (await kinds(context), await notice_keys(context), await waiting(context))
    with pytest.raises(Refused, match="<@U0BOSS001>"):
        await VERBS[action](context, "U1", "trigger:1")
    assert (await kinds(context), await notice_keys(context), await waiting(context)) == before
    await VERBS[action](context, "U0BOSS001", "trigger:1")  # a refusal does not use up the delivery
    assert await kinds(context) != before[0]


async def test_resolving_by_the_status_needs_the_permission_to_resolve(make_context: MakeContext) -> None:
    context = make_context('preset: sev1-5\npermissions: {resolve: ["user:U0BOSS001"]}\n')
    await declare(context, Declaration("Checkout is down", "sev2", "U1"))
    with pytest.raises(Refused):
        await change_status(context, 1, Status.RESOLVED, "U1")
    assert (await change_status(context, 1, Status.MITIGATING, "U1")).status is Status.MITIGATING


async def test_closing_an_open_incident_needs_the_permission_to_resolve(make_context: MakeContext) -> None:
    context = make_context('preset: sev1-5\npermissions: {resolve: ["user:U0BOSS001"]}\n')
    await declare(context, Declaration("Checkout is down", "sev2", "U1"))
    with pytest.raises(Refused, match="may resolve incidents"):
        await close(context, 1, "U1")
    with pytest.raises(Refused, match="may resolve incidents"):
        await change_status(context, 1, Status.CLOSED, "U1")
    await resolve(context, 1, "U0BOSS001")
    assert (await close(context, 1, "U1")).status is Status.CLOSED


async def test_an_incident_that_does_not_exist_is_not_found(context: Context) -> None:
    with pytest.raises(NotFound, match="INC-7"):
        await resolve(context, 7, "U1")


@pytest.mark.parametrize(
    "verb", [VERBS["resolve"], VERBS["close"], VERBS["cancel"]], ids=["resolve", "close", "cancel"]
)
async def test_an_end_withdraws_every_deadline_with_its_reason(context: Context, verb: Verb) -> None:
    assert await waiting(context)
    ended = await verb(context, "U1", None)
    assert await waiting(context) == []
    async with context.database.reading() as conn:
        reasons = {row.reason for row in await deadlines.ledger(conn, 1)}
    assert reasons == {f"the incident is {ended.status}"}


async def test_closing_an_open_incident_resolves_it_first(context: Context, clock: MovableClock) -> None:
    clock.instant += HOUR
    closed = await close(context, 1, "U1")
    assert (closed.status, closed.resolved_at, closed.closed_at) == (Status.CLOSED, clock.instant, clock.instant)
    assert (await kinds(context))[-2:] == ["resolved", "closed"]


async def test_a_resolution_keeps_what_was_said_before(context: Context) -> None:
    await resolve(context, 1, "U1", summary="Restarted it", root_cause="A full disk")
    await reopen(context, 1, "U1", "Errors are back")
    again = await resolve(context, 1, "U1", summary="Replaced the disk")
    assert (again.summary, again.root_cause) == ("Replaced the disk", "A full disk")


async def test_a_reopened_incident_begins_a_new_episode_with_deadlines_of_its_own(
    context: Context, clock: MovableClock
) -> None:
    await acknowledge(context, 1, "U1")
    first = await waiting(context)
    await resolve(context, 1, "U1")
    clock.instant += HOUR
    incident = await reopen(context, 1, "U1", "Errors are back")
    assert (incident.episode, incident.ladder.started_at) == (2, clock.instant)
    assert incident.ladder.acknowledged_at is None
    assert set(first).isdisjoint(await waiting(context))
    assert all(key.split(":")[2] == "2" for key in await waiting(context))


async def test_another_severity_restarts_the_cadence_and_names_itself_in_the_ledger(context: Context) -> None:
    lowered = await change_severity(context, 1, "sev3", "U1", "Only one region")
    assert (lowered.severity, lowered.update_due_at) == ("sev3", START + HOUR)
    async with context.database.reading() as conn:
        withdrawn = {row.reason for row in await deadlines.ledger(conn, 1) if row.state == "cancelled"}
    assert "the severity is now sev3" in withdrawn


async def test_a_promise_moves_the_next_reminder(context: Context) -> None:
    promised = await promise(context, 1, HOUR, "U1")
    assert (promised.update_due_at, promised.promised_by) == (START + HOUR, "U1")
    async with context.database.reading() as conn:
        (update,) = [row for row in await deadlines.waiting(conn, 1) if row.kind == "update"]
    assert update.due_at == START + HOUR


async def test_the_change_its_entry_and_its_notices_are_one_commit(context: Context) -> None:
    before = await notice_keys(context)
    await change_status(context, 1, Status.IDENTIFIED, "U1", "A bad deploy")
    async with context.database.reading() as conn:
        stored = await incidents.get(conn, 1)
        newest = (await entries.read(conn, 1))[-1]
    assert stored is not None
    assert (stored.status, newest.entry.kind) == (Status.IDENTIFIED, "status")
    assert {key.split(":")[0] for key in await notice_keys(context) - before} >= {"news", "thread", "card_edit"}


async def test_a_commit_wakes_outbox_and_scheduler(context: Context) -> None:
    context.wakeups.outbox.clear()
    context.wakeups.deadlines.clear()
    await note(context, 1, "The index is gone", "U1")
    assert context.wakeups.outbox.is_set()
    assert context.wakeups.deadlines.is_set()
