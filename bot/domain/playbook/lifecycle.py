"""What people do to a walk as a whole: open it, fill in its values, call a criterion, stop it, judge it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.playbook import transitions as moves
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
from bot.domain.timeline.entry import BOT
from bot.domain.values.slack_ids import user_mention


def open_run(
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
    """Begin at the first step. `values` over the defaults; raises `Refused` where one of them cannot be used."""
    steps = tuple(
        StepState(step.key, step.title, phase, step.timeout, step.parallel, step.requires_approval)
        for phase, part in enumerate(playbook.phases)
        for step in part.steps
    )
    run = PlaybookRun(
        incident, number, playbook.id, playbook.digest, playbook.name, actor, now, steps,
        playbook.filled_values(values), playbook.kind, drill, before=before,
    )  # fmt: skip
    return RunChange(moves.start_current(run, now), (moves.log_entry(run, now, actor, "opened", "opened", key=True),))


def fill(
    run: PlaybookRun,
    playbook: Playbook,
    new_values: Mapping[str, str],
    actor: str,
    now: datetime,
    previews: Mapping[str, Sequence[str]],
) -> RunChange:
    """New values for the commands. `shown` is what each step with a request would do with them: a request that said
    something else is withdrawn. Raises `Refused` for a value that cannot be used.
    """
    moves.require_active(run)
    values = playbook.filled_values({**run.values, **new_values})
    if values == run.values:
        return RunChange(run)
    changed = {name: value for name, value in values.items() if run.values.get(name) != value}
    text = ", ".join(f"{name} = {value}" for name, value in changed.items())
    entries = [moves.log_entry(run, now, actor, "filled", f"filled in {text}", values=changed)]
    filled = replace(run, values=values)
    for step in run.steps:
        asked = step.asked
        if (
            asked is None
            or asked.answer not in (*GRANTED, ApprovalStatus.WAITING)
            or tuple(previews.get(step.key, ())) == asked.shown
        ):
            continue
        if step.state not in (StepStatus.WAITING, StepStatus.APPROVED):
            continue
        filled = moves.withdraw_approval(filled, step, "void: what was asked for has changed")
        entries.append(
            moves.log_entry(run, now, BOT, "withdrawn", "approval is void: what it was asked for has changed", step)
        )
    return moves.finish_if_complete(filled, actor, now, tuple(entries))


def escalate(run: PlaybookRun, position: int, criterion: str, actor: str, now: datetime) -> RunChange:
    """A criterion for escalating holds. Once for each; who pressed first is in the timeline."""
    if position in run.criteria:
        raise Refused(f"That was escalated already: {criterion}.", "escalate We need more people")
    called = replace(run, criteria=(*run.criteria, position))
    return RunChange(called, (moves.log_entry(run, now, actor, "escalated", f"escalates: {criterion}", key=True),))


def abandon(run: PlaybookRun, actor: str, now: datetime, reason: str) -> RunChange:
    moves.require_active(run)
    if running := next((step for step in run.steps if step.state is StepStatus.RUNNING), None):
        raise Refused(f"Step {running.key} is running. Wait until it is over.")
    if not reason.strip():
        raise Refused("Say why it is stopped, such as “It is not the database”.")
    left = run
    for step, _ in pending_approvals(run):
        left = moves.withdraw_approval(left, step, f"not needed any more: {user_mention(actor)} stopped the playbook")
    over = replace(left, outcome="abandoned", ended_by=actor, ended_at=now, reason=reason.strip())
    text = f"stopped after {run.settled} of {len(run.steps)} steps: {reason.strip()}"
    return RunChange(over, (moves.log_entry(run, now, actor, "abandoned", text, key=True),))


def judge(run: PlaybookRun, helped: bool, actor: str, now: datetime) -> RunChange:
    """After the end: whether it did what it is for."""
    if run.outcome != "finished":
        raise Refused(f"{run.name} is not finished.")
    if run.helped is helped:
        return RunChange(run)
    text = "helped" if helped else "did not help"
    return RunChange(
        replace(run, helped=helped), (moves.log_entry(run, now, actor, "judged", text, key=True, helped=helped),)
    )
