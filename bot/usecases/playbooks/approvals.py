"""Approving a step: asked of others, answered by somebody else, or broken open with a reason; it expires."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain import routing
from bot.domain.access.identity import Identity, Membership
from bot.domain.errors import Refused
from bot.domain.incident import require_open
from bot.domain.oncall import schedule
from bot.domain.paging import ladder
from bot.domain.playbook import approvals
from bot.domain.playbook import run as walks
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import ApprovalStatus, PlaybookRun
from bot.domain.policy.policy import Rung
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
    """Somebody wants to do a step that needs approval: the channel is asked, and the approvers directly."""
    async with unit_of_work.locked_run(context, number, run_number, delivery) as (work, known, playbook):
        mark = known.step(step)
        wanted = next(one for one in playbook.steps if one.key == mark.key)
        runs = would_run(context, work.incident, playbook, wanted, known.values)
        return await request_approval_in(work, known, playbook, step, "run" if runs else "do", actor)


async def request_approval_in(
    work: UnitOfWork, run: PlaybookRun, playbook: Playbook, step: str, action: str, actor: str
) -> PlaybookRun:
    """Exactly what is shown is asked for: with a value missing there is nothing to show."""
    require_open(work.incident)
    wanted = next(one for one in playbook.steps if one.key == step)
    if missing := playbook.missing_parameters(wanted, run.values):
        raise Refused(f"Fill in {', '.join(one.name for one in missing)} first, so that it can be shown.")
    shown = preview(playbook, step, run.values, action)
    people = await unit_of_work.direct_approvers(work, actor)
    change = approvals.request(
        run, step, action, shown, actor, work.policy.playbooks.approval_expires, work.now, people
    )
    asked = change.run.step(step).asked
    assert asked is not None  # noqa: S101 - it was asked for just now
    return await commit(work, change, routing.playbook_runs.approval_requested(change.run, asked))


async def approve(
    context: Context, number: int, run_number: int, step: str, request: int, who: Identity, delivery: str | None = None
) -> PlaybookRun:
    async with unit_of_work.locked_run(context, number, run_number, delivery) as (work, known, playbook):
        require_open(work.incident)
        change = approvals.approve(known, step, request, who.user, work.now)
        await _require_approver(work, who)
        return await _commit_grant(work, change, playbook, step)


async def refuse(
    context: Context, number: int, run_number: int, step: str, request: int, actor: str, reason: str = "",
    delivery: str | None = None,
) -> PlaybookRun:  # fmt: skip
    """Anybody in the incident may: saying no is never dangerous."""
    async with unit_of_work.locked_run(context, number, run_number, delivery) as (work, known, _):
        return await commit(work, approvals.refuse(known, step, request, actor, work.now, reason))


async def break_glass(
    context: Context, number: int, run_number: int, step: str, request: int, who: Identity, reason: str,
    delivery: str | None = None,
) -> PlaybookRun:  # fmt: skip
    """Alone, and it cannot wait. Told aloud in the channel, and kept."""
    async with unit_of_work.locked_run(context, number, run_number, delivery) as (work, known, playbook):
        _require_break_glass(work, who)
        change = approvals.break_glass(known, step, request, who.user, work.now, reason)
        return await _commit_grant(work, change, playbook, step)


async def require_break_glass(context: Context, number: int, who: Identity) -> None:
    """Asked before somebody says why: raises `Refused` where it would be for nothing."""
    async with locked_incident(context, number) as work:
        _require_break_glass(work, who)


async def _require_approver(work: UnitOfWork, who: Identity) -> None:
    _require_member(work, who, "approve this")
    if not work.policy.playbooks.approvers:
        return
    allowed = await unit_of_work.approvers(work)
    if not who.is_among(allowed):
        people = ", ".join(map(_mention, allowed)) or "nobody now"
        raise Refused(f"The policy names who may approve: {people}.")


def _require_break_glass(work: UnitOfWork, who: Identity) -> None:
    require_open(work.incident)
    if not work.policy.playbooks.break_glass:
        raise Refused("This policy asks for somebody else's approval in every case. Page somebody.", "escalate")
    _require_member(work, who, "break the glass")


def _require_member(work: UnitOfWork, who: Identity, what: str) -> None:
    """Guests and people of other organisations are in to help: what is dangerous is for the workspace to answer for."""
    if who.membership is Membership.MEMBER or who.is_among(_named_approvers(work)):
        return
    if who.membership is Membership.UNKNOWN:
        said = f"Slack has not told me yet whether you belong to this workspace, so I can't let you {what}."
        raise Refused(f"{said} Press again in a moment.")
    why = "a guest here" if who.membership is Membership.GUEST else "of another organisation"
    leading = [work.incident.roles.get(role) for role in ("commander", "technical_lead")]
    others = [*dict.fromkeys(_mention(one) for one in leading if one and one != who.user), "anybody who belongs to it"]
    raise Refused(
        f"You are {why}, and only people of this workspace may {what}. Ask {' or '.join(others)}. "
        "Others may where the policy names them: `playbooks.approvers`."
    )


def _named_approvers(work: UnitOfWork) -> tuple[str, ...]:
    """Whom the policy itself lets approve: not whoever took a role in the incident, or covers a schedule."""
    rung = Rung(timedelta(), work.policy.playbooks.approvers)
    unmanned, calendar = replace(work.incident, roles={}), schedule.on_call_lookup(work.policy)
    return ladder.recipients_of(rung, unmanned, work.policy, calendar, work.now).people


def _mention(person: str) -> str:
    return person if "@" in person else user_mention(person)


async def _commit_grant(work: UnitOfWork, change: walks.RunChange, playbook: Playbook, step: str) -> PlaybookRun:
    mark = change.run.step(step)
    assert mark.asked is not None  # noqa: S101 - it was answered just now
    if tuple(preview(playbook, step, change.run.values, mark.asked.action)) != mark.asked.shown:
        raise Refused("What would be done has changed since it was shown. Ask for approval again.")
    loud = (
        [routing.playbook_runs.glass_broken(change.run, mark)]
        if mark.asked.answer is ApprovalStatus.BREAK_GLASS
        else []
    )
    return await commit(work, change, loud)
