"""Requests approval of playbook steps, and records the answers: granted, refused, or going ahead without.

Each is one transaction, which checks that the person may do so.
"""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.access.identity import Identity
from bot.domain.access.permissions import PermissionRequest, require_known, require_member
from bot.domain.errors import Refused
from bot.domain.incident import Incident, require_open
from bot.domain.oncall import schedule
from bot.domain.paging.context import PagingContext
from bot.domain.paging.recipients import recipients_of
from bot.domain.playbook import approvals
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import ApprovalStatus, PlaybookRun, RunChange, StepState
from bot.domain.values.slack_ids import user_mention
from bot.usecases.context import Context
from bot.usecases.playbooks import unit_of_work
from bot.usecases.playbooks.dry_run import would_run
from bot.usecases.playbooks.runs import preview
from bot.usecases.playbooks.unit_of_work import commit
from bot.usecases.unit_of_work import UnitOfWork, locked_incident


async def request_approval(
    context: Context, number: int, run_number: int, step: str, actor: str, delivery: str | None = None
) -> PlaybookRun:
    """Ask the channel, and the approvers directly, for approval of a step."""
    async with unit_of_work.locked_run(context, number, run_number, delivery) as (work, run, playbook):
        runnable = would_run(context, work.incident, playbook, playbook.step(step), run.values)
        return await request_approval_in(work, run, playbook, step, "run" if runnable else "do", actor)


async def request_approval_in(
    work: UnitOfWork, run: PlaybookRun, playbook: Playbook, step: str, action: str, actor: str
) -> PlaybookRun:
    """Request approval within a transaction. Raises `Refused` if a value is missing."""
    require_open(work.incident)
    if missing := playbook.missing_parameters(playbook.step(step), run.values):
        names = ", ".join(parameter.name for parameter in missing)
        raise Refused(f"Fill in {names} first, so that the approvers see what they approve.")
    preview_lines = preview(playbook, step, run.values, action)
    people = await unit_of_work.direct_approvers(work, actor)
    expires = work.policy.playbooks.approval_expires
    change = approvals.request(run, step, action, preview_lines, actor, expires, work.now, people)
    approval = change.run.step(step).asked
    assert approval is not None  # noqa: S101 - it was just requested
    return await commit(work, change, routing.playbook_runs.approval_requested(change.run, approval))


async def approve(
    context: Context,
    number: int,
    run_number: int,
    step: str,
    request: int,
    identity: Identity,
    delivery: str | None = None,
) -> PlaybookRun:
    """Grant a request. Raises `Refused` for the requester, and for people whom the policy does not let approve."""
    async with unit_of_work.locked_run(context, number, run_number, delivery) as (work, run, playbook):
        require_open(work.incident)
        change = approvals.approve(run, step, request, identity.user, work.now)
        await _require_approver(work, run, step, identity)
        return await _commit_grant(work, change, playbook, step)


async def refuse(  # noqa: PLR0913, PLR0917 - flat, like every action on a run
    context: Context, number: int, run_number: int, step: str, request: int, actor: str, reason: str = "",
    delivery: str | None = None,
) -> PlaybookRun:  # fmt: skip
    """Refuse a request. Everyone in the incident may, since a refusal is never dangerous."""
    async with unit_of_work.locked_run(context, number, run_number, delivery) as (work, run, _):
        return await commit(work, approvals.refuse(run, step, request, actor, work.now, reason))


async def break_glass(  # noqa: PLR0913, PLR0917 - flat, like every action on a run
    context: Context, number: int, run_number: int, step: str, request: int, identity: Identity, reason: str,
    delivery: str | None = None,
) -> PlaybookRun:  # fmt: skip
    """Go ahead without approval when no approver is available. The channel and the timeline are told."""
    async with unit_of_work.locked_run(context, number, run_number, delivery) as (work, run, playbook):
        _require_break_glass(work, identity)
        change = approvals.break_glass(run, step, request, identity.user, work.now, reason)
        return await _commit_grant(work, change, playbook, step)


async def require_break_glass(context: Context, number: int, identity: Identity) -> None:
    """Raise `Refused` if this person may not break the glass. Checked before the form asks for a reason."""
    async with locked_incident(context, number) as work:
        _require_break_glass(work, identity)


async def may_answer(context: Context, conn: AsyncConnection, incident: Incident, run: PlaybookRun, user: str) -> bool:
    """Whether the policy lets a member of the workspace grant the waiting request of a run. Nothing is locked."""
    approval = next((step.asked for step in run.steps if is_waiting(step)), None)
    if approval is None or approval.by == user:
        return False
    policy = await context.policies.of(conn, incident)
    if not policy.playbooks.approvers:
        return True
    work = UnitOfWork(context, conn, incident, policy, context.clock.now())
    return user in await unit_of_work.approvers_of(work, run, approval)


def is_waiting(step: StepState) -> bool:
    """Whether a request for approval of the step waits for an answer."""
    return step.asked is not None and step.asked.answer is ApprovalStatus.WAITING


async def _require_approver(work: UnitOfWork, run: PlaybookRun, step: str, identity: Identity) -> None:
    _require_member(work, identity, "approve this")
    approval = run.step(step).asked
    if not work.policy.playbooks.approvers or approval is None:
        return
    people = await unit_of_work.approvers_of(work, run, approval)
    if identity.is_among(people):
        return
    names = ", ".join(map(_mention, people)) or "nobody at the moment"
    if identity.is_among(await unit_of_work.approvers(work)):
        raise Refused(
            "You may approve only by a role or a cover that you had before this was asked, or that somebody else than "
            f"{user_mention(approval.by)} gave you. Others may: {names}."
        )
    raise Refused(f"The policy names who may approve: {names}.")


def _require_break_glass(work: UnitOfWork, identity: Identity) -> None:
    require_open(work.incident)
    if not work.policy.playbooks.break_glass:
        raise Refused("This policy always requires another person's approval. Page somebody.", "escalate")
    _require_member(work, identity, "break the glass")


def _require_member(work: UnitOfWork, identity: Identity, act: str) -> None:
    """Raise `Refused` for guests and people of other organisations, except those whom the policy itself names."""
    if not identity.is_among(_named_approvers(work)):
        require_known(identity, act)
        require_member(PermissionRequest("approve", identity, work.incident), act, "playbooks.approvers")


def _named_approvers(work: UnitOfWork) -> tuple[str, ...]:
    """The approvers named in the policy itself, without roles taken in the incident and without covers."""
    without_covers = PagingContext(work.policy, schedule.on_call_lookup(work.policy), work.context.methods, work.now)
    return recipients_of(work.policy.playbooks.approvers, replace(work.incident, roles={}), without_covers).people


def _mention(person: str) -> str:
    return person if "@" in person else f"{user_mention(person)}"


async def _commit_grant(work: UnitOfWork, change: RunChange, playbook: Playbook, step: str) -> PlaybookRun:
    """Commit an approval if the commands are still those that were shown. Raises `Refused` otherwise."""
    state = change.run.step(step)
    assert state.asked is not None  # noqa: S101 - it was just answered
    if preview(playbook, step, change.run.values, state.asked.action) != state.asked.shown:
        raise Refused("The commands have changed since they were shown. Ask for approval again.")
    broken = state.asked.answer is ApprovalStatus.BREAK_GLASS
    notices = [routing.playbook_runs.glass_broken(change.run, state)] if broken else []
    return await commit(work, change, notices)
