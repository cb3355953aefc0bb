"""Playbooks in an incident: opened once, worked through by people, approved exactly as shown."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa

from bot.domain.access.identity import Identity, Membership
from bot.domain.errors import NotFound, Refused
from bot.domain.playbook.run import ApprovalStatus, PlaybookRun, StepAlreadySettled, StepStatus
from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration, declare
from bot.usecases.incidents.resolve import resolve
from bot.usecases.playbooks import approvals, runs
from bot.usecases.unit_of_work import DuplicateDelivery
from playbooks.library_cache import LibraryCache
from storage import deadlines, incidents
from storage.schema import outbox
from storage.timeline import entries
from tests.usecases.conftest import MakeContext

POLICY = """
preset: sev1-5
services: {search: {}}
severities:
  sev2:
    ladder: [{after: 5m, notify: ["user:U0FIRST01"], until: acknowledged}]
"""
PLAYBOOK = """
id: fix-it
name: Fix it
category: availability
parameters:
  service: {description: Which service}
phases:
  - title: Fix
    steps:
      - {title: Look, commands: ["look {service}"], timeout: 5m}
      - {title: Restart, commands: ["restart {service}"], requires_approval: true}
escalation_criteria: [Data is lost]
"""
MAYA, TOM = "U0MAYA0000", "U0TOM00000"
TOM_AS_MEMBER = Identity(TOM, Membership.MEMBER)


@pytest.fixture
async def context(make_context: MakeContext, tmp_path: Path) -> Context:
    (tmp_path / "playbooks").mkdir()
    (tmp_path / "playbooks" / "fix-it.yml").write_text(PLAYBOOK)
    context = make_context(POLICY)
    context.playbook_library = LibraryCache([tmp_path / "playbooks"])
    await declare(context, Declaration("Checkout is down", "sev2", MAYA))
    return context


@pytest.fixture
async def run(context: Context) -> PlaybookRun:
    return await runs.open_run(context, 1, "fix-it", MAYA)


async def texts(context: Context) -> list[str]:
    """The incident's entries about playbooks."""
    async with context.database.reading() as conn:
        return [record.entry.text for record in await entries.read(conn, 1) if record.entry.kind == "playbook"]


async def queued_keys(context: Context, kind: str) -> list[str]:
    """The dedup keys of the notices of this kind."""
    async with context.database.reading() as conn:
        return list(await conn.scalars(sa.select(outbox.c.dedup_key).where(outbox.c.kind == kind)))


async def step_deadlines(context: Context) -> list[str]:
    """The dedup keys of the deadlines of steps that are to come."""
    async with context.database.reading() as conn:
        return [row.dedup_key for row in await deadlines.waiting(conn, 1) if row.kind == "playbook"]


async def test_a_playbook_is_open_once_in_an_incident(context: Context, run: PlaybookRun) -> None:
    with pytest.raises(runs.AlreadyOpen) as raised:
        await runs.open_run(context, 1, "fix-it", TOM)
    assert raised.value.run == run
    await runs.abandon(context, 1, 1, MAYA, "wrong playbook")
    assert (await runs.open_run(context, 1, "fix-it", TOM)).number == 2


async def test_an_unknown_playbook_or_run_is_not_found(context: Context, run: PlaybookRun) -> None:
    with pytest.raises(NotFound, match="fix-it"):
        await runs.open_run(context, 1, "fix-its", MAYA)
    with pytest.raises(NotFound):
        await runs.complete(context, 1, 9, "1.1", MAYA)


async def test_the_only_affected_service_fills_the_parameter_of_that_name(context: Context) -> None:
    await declare(context, Declaration("Search is down", "sev2", MAYA, services=("search",)))
    assert (await runs.open_run(context, 2, "fix-it", MAYA)).values == {"service": "search"}


async def test_an_open_run_is_posted_and_summed_up_in_its_incident(context: Context, run: PlaybookRun) -> None:
    assert await queued_keys(context, "walk") == ["walk:1:1"]
    async with context.database.reading() as conn:
        stored = await incidents.get(conn, 1)
    assert stored is not None
    assert [(walk.number, walk.playbook, walk.outcome) for walk in stored.walks] == [(1, "fix-it", None)]


async def test_the_current_step_has_a_deadline_that_an_assignment_restarts(context: Context, run: PlaybookRun) -> None:
    (first,) = await step_deadlines(context)
    await runs.assign(context, 1, 1, "1.1", TOM, MAYA)
    (second,) = await step_deadlines(context)
    await runs.complete(context, 1, 1, "1.1", TOM)
    (next_step,) = await step_deadlines(context)
    assert len({first, second, next_step}) == 3
    assert [key.split(":")[4] for key in (first, second, next_step)] == ["1.1", "1.1", "1.2"]


async def test_a_press_delivered_twice_counts_once(context: Context, run: PlaybookRun) -> None:
    await runs.note(context, 1, 1, "1.1", MAYA, "Nothing in the logs", "trigger:1")
    with pytest.raises(DuplicateDelivery):
        await runs.note(context, 1, 1, "1.1", MAYA, "Nothing in the logs", "trigger:1")
    assert len(await texts(context)) == 2  # it was opened, and one note


async def test_the_second_person_to_settle_a_step_learns_who_was_first(context: Context, run: PlaybookRun) -> None:
    await runs.complete(context, 1, 1, "1.1", MAYA)
    with pytest.raises(StepAlreadySettled) as raised:
        await runs.complete(context, 1, 1, "1.1", TOM)
    assert (raised.value.step.by, raised.value.step.state) == (MAYA, StepStatus.DONE)


async def test_a_run_ends_with_its_last_step_and_can_be_judged(context: Context, run: PlaybookRun) -> None:
    await runs.complete(context, 1, 1, "1.1", MAYA)
    ended = await runs.skip(context, 1, 1, "1.2", MAYA, "not needed")
    assert not ended.active
    assert (await runs.judge(context, 1, 1, True, TOM)).helped is True
    reopened = await runs.reopen(context, 1, 1, "1.2", TOM)
    assert reopened.active


async def test_an_older_run_is_not_reopened_beside_a_newer_one(context: Context, run: PlaybookRun) -> None:
    await runs.complete(context, 1, 1, "1.1", MAYA)
    await runs.abandon(context, 1, 1, MAYA, "start afresh")
    await runs.open_run(context, 1, "fix-it", MAYA)
    with pytest.raises(runs.AlreadyOpen):
        await runs.reopen(context, 1, 1, "1.1", MAYA)


async def test_a_refused_value_is_on_the_timeline_and_changes_nothing(context: Context, run: PlaybookRun) -> None:
    with pytest.raises(Refused, match="service"):
        await runs.fill(context, 1, 1, {"service": "a; rm -rf /"}, MAYA)
    assert "a value was refused" in (await texts(context))[-1]
    assert (await runs.note(context, 1, 1, None, MAYA, "what now?")).values == {}


async def test_a_criterion_pages_the_next_rung_and_is_used_once(context: Context, run: PlaybookRun) -> None:
    used = await runs.escalate(context, 1, 1, 0, MAYA)
    assert (used.criterion, used.escalated.paging.recipients.people) == ("Data is lost", ("U0FIRST01",))
    with pytest.raises(Refused):
        await runs.escalate(context, 1, 1, 0, TOM)
    with pytest.raises(Refused, match="not in this playbook"):
        await runs.escalate(context, 1, 1, 7, TOM)


async def test_an_approval_shows_the_commands_with_their_values(context: Context, run: PlaybookRun) -> None:
    await runs.complete(context, 1, 1, "1.1", MAYA)
    with pytest.raises(Refused, match="Fill in service first"):
        await approvals.request_approval(context, 1, 1, "1.2", MAYA)
    await runs.fill(context, 1, 1, {"service": "checkout"}, MAYA)
    asked = (await approvals.request_approval(context, 1, 1, "1.2", MAYA)).step("1.2").asked
    assert asked is not None
    assert (asked.shown, asked.action) == (("restart checkout",), "do")
    assert len(await queued_keys(context, "approval")) == 1


async def test_a_changed_value_voids_the_request_that_showed_another(context: Context, run: PlaybookRun) -> None:
    number = await asked_for(context)
    changed = await runs.fill(context, 1, 1, {"service": "search"}, TOM)
    assert changed.step("1.2").state is StepStatus.OPEN
    with pytest.raises(Refused):
        await approvals.approve(context, 1, 1, "1.2", number, TOM_AS_MEMBER)


async def test_somebody_else_approves_and_only_while_the_incident_is_open(context: Context, run: PlaybookRun) -> None:
    number = await asked_for(context)
    with pytest.raises(Refused, match="somebody else has to give it"):
        await approvals.approve(context, 1, 1, "1.2", number, Identity(MAYA, Membership.MEMBER))
    approved = await approvals.approve(context, 1, 1, "1.2", number, TOM_AS_MEMBER)
    asked = approved.step("1.2").asked
    assert asked is not None
    assert (asked.answer, asked.answered_by) == (ApprovalStatus.APPROVED, TOM)
    await resolve(context, 1, MAYA, summary="Fixed")
    with pytest.raises(Refused):
        await approvals.request_approval(context, 1, 1, "1.2", MAYA)


async def test_a_guest_does_not_approve(context: Context, run: PlaybookRun) -> None:
    number = await asked_for(context)
    with pytest.raises(Refused):
        await approvals.approve(context, 1, 1, "1.2", number, Identity(TOM, Membership.GUEST))


async def asked_for(context: Context) -> int:
    """Maya asks for approval of step 1.2. The number of the request."""
    await runs.complete(context, 1, 1, "1.1", MAYA)
    await runs.fill(context, 1, 1, {"service": "checkout"}, MAYA)
    asked = (await approvals.request_approval(context, 1, 1, "1.2", MAYA)).step("1.2").asked
    assert asked is not None
    return asked.number
