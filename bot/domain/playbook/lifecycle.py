"""What people do to a walk as a whole: open it, fill in its values, call a criterion, stop it, judge it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.playbook import transitions as moves
from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import GRANTED, Answer, PlaybookRun, RunChange, StepState, StepStatus, standing_approvals
from bot.domain.timeline.entry import BOT


def open_(
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
    walk = PlaybookRun(
        incident, number, playbook.id, playbook.digest, playbook.name, actor, now, steps,
        playbook.values(values), playbook.kind, drill, before=before,
    )  # fmt: skip
    return RunChange(moves.start_current(walk, now), (moves.log_entry(walk, now, actor, "opened", "opened", key=True),))


def fill(
    walk: PlaybookRun,
    playbook: Playbook,
    given: Mapping[str, str],
    actor: str,
    now: datetime,
    shown: Mapping[str, Sequence[str]],
) -> RunChange:
    """New values for the commands. `shown` is what each step with a request would do with them: a request that said
    something else is withdrawn. Raises `Refused` for a value that cannot be used.
    """
    moves.must_go(walk)
    values = playbook.values({**walk.values, **given})
    if values == walk.values:
        return RunChange(walk)
    changed = {name: value for name, value in values.items() if walk.values.get(name) != value}
    text = ", ".join(f"{name} = {value}" for name, value in changed.items())
    entries = [moves.log_entry(walk, now, actor, "filled", f"filled in {text}", values=changed)]
    filled = replace(walk, values=values)
    for mark in walk.steps:
        asked = mark.asked
        if (
            asked is None
            or asked.answer not in (*GRANTED, Answer.WAITING)
            or tuple(shown.get(mark.key, ())) == asked.shown
        ):
            continue
        if mark.state not in (StepStatus.WAITING, StepStatus.APPROVED):
            continue
        filled = moves.withdrawn(filled, mark, "void: what was asked for has changed")
        entries.append(
            moves.log_entry(walk, now, BOT, "withdrawn", "approval is void: what it was asked for has changed", mark)
        )
    return moves.finished_if_all(filled, actor, now, tuple(entries))


def call(walk: PlaybookRun, position: int, criterion: str, actor: str, now: datetime) -> RunChange:
    """A criterion for escalating holds. Once for each; who pressed first is in the timeline."""
    if position in walk.criteria:
        raise Refused(f"That was escalated already: {criterion}.", "escalate We need more people")
    called = replace(walk, criteria=(*walk.criteria, position))
    return RunChange(called, (moves.log_entry(walk, now, actor, "escalated", f"escalates: {criterion}", key=True),))


def abandon(walk: PlaybookRun, actor: str, now: datetime, reason: str) -> RunChange:
    moves.must_go(walk)
    if running := next((mark for mark in walk.steps if mark.state is StepStatus.RUNNING), None):
        raise Refused(f"Step {running.key} is running. Wait until it is over.")
    if not reason.strip():
        raise Refused("Say why it is stopped, such as “It is not the database”.")
    left = walk
    for mark, _ in standing_approvals(walk):
        left = moves.withdrawn(left, mark, f"not needed any more: <@{actor}> stopped the playbook")
    over = replace(left, outcome="abandoned", ended_by=actor, ended_at=now, reason=reason.strip())
    text = f"stopped after {walk.settled} of {len(walk.steps)} steps: {reason.strip()}"
    return RunChange(over, (moves.log_entry(walk, now, actor, "abandoned", text, key=True),))


def judge(walk: PlaybookRun, helped: bool, actor: str, now: datetime) -> RunChange:
    """After the end: whether it did what it is for."""
    if walk.outcome != "finished":
        raise Refused(f"{walk.name} is not finished.")
    if walk.helped is helped:
        return RunChange(walk)
    text = "helped" if helped else "did not help"
    return RunChange(
        replace(walk, helped=helped), (moves.log_entry(walk, now, actor, "judged", text, key=True, helped=helped),)
    )
