"""How a walk moves on: what every act on it is made of."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.errors import Refused
from bot.domain.playbook.run import (
    SETTLED,
    Answer,
    Overtaken,
    PlaybookRun,
    RunChange,
    StepState,
    StepStatus,
    current,
    in_words,
)
from bot.domain.timeline.entry import BOT, Entry, entry


def must_go(walk: PlaybookRun) -> None:
    if walk.going:
        return
    how = "is finished" if walk.outcome == "finished" else "was stopped"
    raise Refused(f"{walk.name} {how}. Reopen a step, or open it again.", f"playbook {walk.playbook}")


def asker(mark: StepState) -> str:
    return mark.asked.by if mark.asked else mark.by or BOT


def free(walk: PlaybookRun, key: str, *, waiting: bool = False, running: bool = False) -> StepState:
    """The step, if somebody may act on it now."""
    mark = walk.mark(key)
    if mark.settled:
        raise Overtaken(in_words(mark.state), mark)
    must_go(walk)
    if mark.state is StepStatus.RUNNING and not running:
        raise Refused(f"Step {key} is running. Wait until it is over.")
    taken_back = mark.asked is not None and mark.asked.was in SETTLED
    if mark.state is StepStatus.WAITING and (not waiting or taken_back):
        raise Refused(f"Step {key} waits for approval, which <@{asker(mark)}> asked for.")
    return mark


def settle(
    walk: PlaybookRun, mark: StepState, state: StepStatus, actor: str, now: datetime, reason: str, act: str
) -> RunChange:
    change = moved(walk, mark, state, actor, now, reason, act)
    return finished_if_all(change.walk, actor, now, change.entries)


def moved(
    walk: PlaybookRun, mark: StepState, state: StepStatus, actor: str, now: datetime, reason: str, act: str
) -> RunChange:
    kept = walk.mark(mark.key)  # as it stands after a request was withdrawn
    kept = replace(kept, state=state, by=actor, at=now, reason=reason, reminders=())
    if state is StepStatus.ROLLED_BACK:
        kept = replace(kept, started_at=None, nudged=0)
    text = in_words(state) + (f": {reason}" if reason else "")
    return RunChange(
        start_current(put(walk, kept), now), (log_entry(walk, now, actor, act, text, mark, reason=reason),)
    )


def finished_if_all(walk: PlaybookRun, actor: str, now: datetime, entries: tuple[Entry, ...]) -> RunChange:
    if not walk.going or walk.settled < len(walk.steps):
        return RunChange(start_current(walk, now), entries)
    over = replace(walk, outcome="finished", ended_by=actor, ended_at=now)
    skipped = sum(mark.state is StepStatus.SKIPPED for mark in walk.steps)
    text = f"finished, {len(walk.steps) - skipped} of {len(walk.steps)} steps done"
    return RunChange(over, (*entries, log_entry(walk, now, actor, "finished", text, key=True)))


def withdrawn(walk: PlaybookRun, mark: StepState, why: str) -> PlaybookRun:
    """Without the request for approval that stands or was granted. `why`, such as “void: …”, is told to whom asked."""
    if mark.asked is None or mark.state not in (StepStatus.WAITING, StepStatus.APPROVED):
        return walk
    over = replace(mark.asked, answer=Answer.WITHDRAWN, reason=why)
    return put(walk, replace(mark, state=mark.asked.was, asked=over))


def start_current(walk: PlaybookRun, now: datetime) -> PlaybookRun:
    """Steps whose turn has come begin now."""
    for mark in current(walk):
        if mark.started_at is None:
            walk = put(walk, restart_timer(mark, now))
    return walk


def restart_timer(mark: StepState, now: datetime) -> StepState:
    """Its time begins now, and whoever was reminded of it need not be any more."""
    return replace(mark, started_at=now, turns=mark.turns + 1, nudged=0, reminders=())


def resumed(walk: PlaybookRun) -> PlaybookRun:
    """It goes on, if it had ended."""
    return replace(walk, outcome=None, ended_by=None, ended_at=None, reason="", helped=None)


def put(walk: PlaybookRun, mark: StepState) -> PlaybookRun:
    return replace(walk, steps=tuple(mark if one.key == mark.key else one for one in walk.steps))


def log_entry(
    walk: PlaybookRun,
    now: datetime,
    actor: str,
    act: str,
    words: str,
    mark: StepState | None = None,
    *,
    key: bool = False,
    **data: Any,
) -> Entry:
    """`Database failover, 2.1 Promote the replica: done`."""
    about = f"{walk.name}, {mark.key} {mark.title}" if mark else walk.name
    known = {"walk": walk.number, "playbook": walk.playbook, "act": act, **({"step": mark.key} if mark else {})}
    return replace(entry(now, "playbook", actor, f"{about}: {words}", **known, **data), key=key)
