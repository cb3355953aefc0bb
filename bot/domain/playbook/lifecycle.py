"""Computes how a playbook run changes when it is opened, gets values, is escalated, stopped or judged helpful."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import (
    GRANTED,
    ApprovalStatus,
    PlaybookRun,
    RunChange,
    StepState,
    StepStatus,
    pending_approvals,
)
from bot.domain.playbook.transitions import (
    finish_if_complete,
    log_entry,
    require_active,
    start_current,
    withdraw_approval,
)
from bot.domain.timeline.entry import BOT
from bot.domain.values.slack_ids import user_mention


def open_run(  # noqa: PLR0913 - eight values, all of one new run
    incident: int,
    number: int,
    playbook: Playbook,
    actor: str,
    now: datetime,
    *,
    drill: bool = False,
    values: Mapping[str, str] | None = None,
    before: str = "",
) -> RunChange:
    """Open a run at its first step. Raises `Refused` for an invalid value.

    `values` replace the defaults; `before` says how earlier runs of the playbook went.
    """
    steps = tuple(
        StepState(step.key, step.title, position, step.timeout, step.parallel, step.requires_approval)
        for position, phase in enumerate(playbook.phases)
        for step in phase.steps
    )
    run = PlaybookRun(
        incident, number, playbook.id, playbook.digest, playbook.name, actor, now, steps,
        playbook.filled_values(values), playbook.kind, drill, before=before,
    )  # fmt: skip
    return RunChange(start_current(run, now), (log_entry(run, now, actor, "opened", "opened", key=True),))


def fill(
    run: PlaybookRun,
    playbook: Playbook,
    new_values: Mapping[str, str],
    actor: str,
    now: datetime,
    previews: Mapping[str, Sequence[str]],
) -> RunChange:
    """Set values for the commands. Raises `Refused` for an invalid one.

    `previews` says what each step with a request for approval would do with the new values: a request that showed
    something else becomes void.
    """
    require_active(run)
    values = playbook.filled_values({**run.values, **new_values})
    if values == run.values:
        return RunChange(run)
    changed = {name: value for name, value in values.items() if run.values.get(name) != value}
    text = ", ".join(f"{name} = {value}" for name, value in changed.items())
    entries = [log_entry(run, now, actor, "filled", f"filled in {text}", values=changed)]
    filled = replace(run, values=values)
    for step in run.steps:
        if not _is_outdated(step, previews.get(step.key, ())):
            continue
        filled = withdraw_approval(filled, step, "void: the commands have changed")
        entries.append(log_entry(run, now, BOT, "withdrawn", "the approval is void: the commands have changed", step))
    return finish_if_complete(filled, actor, now, tuple(entries))


def escalate(run: PlaybookRun, position: int, criterion: str, actor: str, now: datetime) -> RunChange:
    """Record that a criterion for escalation applies. Raises `Refused` if that was recorded before."""
    if position in run.criteria:
        raise Refused(f"That was already escalated: {criterion}.", "escalate We need more people")
    escalated = replace(run, criteria=(*run.criteria, position))
    return RunChange(escalated, (log_entry(run, now, actor, "escalated", f"escalates: {criterion}", key=True),))


def abandon(run: PlaybookRun, actor: str, now: datetime, reason: str) -> RunChange:
    """Stop a run with a reason; pending requests for approval are withdrawn."""
    require_active(run)
    if running := next((step for step in run.steps if step.state is StepStatus.RUNNING), None):
        raise Refused(f"Step {running.key} is running. Wait until it has ended.")
    if not reason.strip():
        raise Refused("Say why you stop it, such as “It is not the database”.")
    stopped = run
    for step, _ in pending_approvals(run):
        stopped = withdraw_approval(stopped, step, f"no longer needed: {user_mention(actor)} stopped the playbook")
    stopped = replace(stopped, outcome="abandoned", ended_by=actor, ended_at=now, reason=reason.strip())
    text = f"stopped after {run.settled} of {len(run.steps)} steps: {reason.strip()}"
    return RunChange(stopped, (log_entry(run, now, actor, "abandoned", text, key=True),))


def judge(run: PlaybookRun, helped: bool, actor: str, now: datetime) -> RunChange:
    """Record whether a finished run helped."""
    if run.outcome != "finished":
        raise Refused(f"{run.name} is not finished.")
    if run.helped is helped:
        return RunChange(run)
    text = "helped" if helped else "did not help"
    return RunChange(
        replace(run, helped=helped), (log_entry(run, now, actor, "judged", text, key=True, helped=helped),)
    )


def _is_outdated(step: StepState, preview: Sequence[str]) -> bool:
    """Whether the step has a pending or granted approval of something else than `preview`."""
    approval = step.asked
    return (
        approval is not None
        and approval.answer in (*GRANTED, ApprovalStatus.WAITING)
        and step.state in (StepStatus.WAITING, StepStatus.APPROVED)
        and approval.shown != tuple(preview)
    )
