"""A playbook being walked in an incident: how each step stands, who did what, what comes next. Pure functions.

A walk keeps a skeleton of its playbook's steps, so that it decides without the playbook; the words and commands stay
in the playbook as it was when the walk was opened, by its digest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incident import Timer, Walking
from bot.domain.playbook import Playbook
from bot.domain.timeline import BOT, Entry, entry

AGAIN_AT_LEAST = timedelta(minutes=5)  # between the first reminder of a step and the one to the commander
REMINDERS = 2  # whoever holds the step, then the commander


class State(StrEnum):
    """Of a step. Where it is not settled, a person still decides."""

    OPEN = "open"
    WAITING = "waiting"  # for approval
    APPROVED = "approved"
    RUNNING = "running"
    DONE = "done"
    SUCCEEDED = "succeeded"
    SKIPPED = "skipped"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    ROLLED_BACK = "rolled_back"
    MAY_HAVE_RUN = "may_have_run"  # the process ended while it ran; nobody knows how far it came


SETTLED = frozenset({State.DONE, State.SUCCEEDED, State.SKIPPED})
TIMED = frozenset({State.OPEN, State.APPROVED, State.FAILED, State.TIMED_OUT, State.MAY_HAVE_RUN, State.ROLLED_BACK})
TROUBLED = frozenset({State.FAILED, State.TIMED_OUT, State.MAY_HAVE_RUN})
IN_WORDS = {State.TIMED_OUT: "timed out", State.ROLLED_BACK: "rolled back", State.MAY_HAVE_RUN: "may have run"}


class Answer(StrEnum):
    """What became of a request for approval."""

    WAITING = "waiting"
    APPROVED = "approved"
    BROKEN = "broken"  # break-glass: nobody else approved
    REFUSED = "refused"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


GRANTED = frozenset({Answer.APPROVED, Answer.BROKEN})


@dataclass(frozen=True, slots=True)
class Approval:
    """A request. `shown` is what will be done, byte for byte; of anything else it says nothing."""

    number: int  # counts a walk's requests
    action: str  # `do`, `run` or `rollback`
    by: str
    asked_at: datetime
    due_at: datetime
    shown: tuple[str, ...]
    answer: Answer = Answer.WAITING
    answered_by: str | None = None
    answered_at: datetime | None = None
    reason: str = ""
    people: tuple[str, ...] = ()  # who was asked directly
    was: State = State.OPEN  # the step is that again where it is not granted


@dataclass(frozen=True, slots=True)
class Note:
    by: str
    at: datetime
    text: str


@dataclass(frozen=True, slots=True)
class Mark:
    """How one step stands. `by` and `at`: who brought it there and when."""

    key: str
    title: str
    phase: int  # from 0
    timeout: timedelta
    parallel: str | None = None
    needs_approval: bool = False
    state: State = State.OPEN
    by: str | None = None
    at: datetime | None = None
    reason: str = ""  # of a skip; what came of a run
    failed: str = ""  # why the run failed that is being taken back, or was
    holder: str | None = None
    notes: tuple[Note, ...] = ()
    started_at: datetime | None = None  # since when it is its turn
    turns: int = 0  # how often it became its turn, or began anew
    nudged: int = 0
    reminders: tuple[str, ...] = ()  # `once` of the deadline whose reminder still stands
    asked: Approval | None = None  # the latest request
    job: str | None = None
    action: str = "run"  # of that job, or `rollback`

    @property
    def settled(self) -> bool:
        return self.state in SETTLED

    @property
    def approved(self) -> bool:
        """Whether a person may go on with it. An approval ends with its act; one of taking back is for that alone."""
        if not self.needs_approval:
            return True
        asked = self.asked if self.state is State.APPROVED else None
        return asked is not None and asked.answer in GRANTED and asked.action != "rollback"


@dataclass(frozen=True, slots=True)
class Walk:
    """`number` counts an incident's walks. `outcome`: None while it goes on, then `finished` or `abandoned`;
    `helped` is what somebody said of it afterwards.
    """

    incident: int
    number: int
    playbook: str
    digest: str
    name: str
    opened_by: str
    opened_at: datetime
    steps: tuple[Mark, ...]
    values: dict[str, str] = field(default_factory=dict)
    kind: str = "playbook"
    drill: bool = False
    outcome: str | None = None
    ended_by: str | None = None
    ended_at: datetime | None = None
    reason: str = ""
    helped: bool | None = None
    approvals_asked: int = 0
    criteria: tuple[int, ...] = ()  # positions of escalation criteria that somebody called
    before: str = ""  # how the playbook fared until this walk, in words

    @property
    def going(self) -> bool:
        return self.outcome is None

    @property
    def settled(self) -> int:
        return sum(mark.settled for mark in self.steps)

    def mark(self, key: str) -> Mark:
        """Raises `Refused` where the playbook has no such step."""
        for mark in self.steps:
            if mark.key == key:
                return mark
        raise Refused(f"{self.name} has no step {key[:20]}.", "playbook")


class Overtaken(Refused):
    """Somebody was first. `by` and `at` say who and when, so that it can be told kindly."""

    def __init__(self, what: str, mark: Mark) -> None:
        super().__init__(f"Step {mark.key} is {in_words(mark.state)} already.", "playbook")
        self.what = what
        self.mark = mark


@dataclass(frozen=True, slots=True)
class Change:
    """What an act made of a walk: how it stands now, and the entries to append."""

    walk: Walk
    entries: tuple[Entry, ...] = ()


def in_words(state: State) -> str:
    return IN_WORDS.get(state, str(state))


# --- reading ---------------------------------------------------------------------------------------------------------


def current(walk: Walk) -> tuple[Mark, ...]:
    """Whose turn it is: the first step that is not settled, and those declared parallel to it. None once it is over."""
    if not walk.going:
        return ()
    left = [mark for mark in walk.steps if not mark.settled]
    if not left:
        return ()
    first = left[0]
    return tuple(mark for mark in left if mark is first or _beside(walk, first, mark))


def upcoming(walk: Walk) -> Mark | None:
    """The step after those whose turn it is."""
    now = {mark.key for mark in current(walk)}
    return next((mark for mark in walk.steps if not mark.settled and mark.key not in now), None) if now else None


def standing_approvals(walk: Walk) -> tuple[tuple[Mark, Approval], ...]:
    return tuple((mark, mark.asked) for mark in walk.steps if mark.asked and mark.asked.answer is Answer.WAITING)


def walking(walk: Walk, last: str = "") -> Walking:
    """What the incident itself knows of a walk: progress, and the timers from which its deadlines are planned."""
    return Walking(
        walk.number, walk.playbook, walk.name, walk.settled, len(walk.steps), walk.outcome, timers(walk), last
    )


def timers(walk: Walk) -> tuple[Timer, ...]:
    if not walk.going:
        return ()
    return (
        *(_step_timer(walk, mark) for mark in current(walk) if mark.state in TIMED and mark.nudged < REMINDERS),
        *(_approval_timer(walk, mark, asked) for mark, asked in standing_approvals(walk)),
    )


def _beside(walk: Walk, first: Mark, other: Mark) -> bool:
    """Parallel: of one group, in one phase, with nothing of another kind between them."""
    if first.parallel is None or other.parallel != first.parallel or other.phase != first.phase:
        return False
    from_, to = walk.steps.index(first), walk.steps.index(other)
    return all(mark.parallel == first.parallel for mark in walk.steps[from_:to])


def _step_timer(walk: Walk, mark: Mark) -> Timer:
    began = mark.started_at or walk.opened_at
    span = mark.timeout if not mark.nudged else mark.timeout + max(mark.timeout, AGAIN_AT_LEAST)
    who = f"<@{mark.holder}>" if mark.holder and not mark.nudged else "whoever holds it" if not mark.nudged else ""
    whom = f"then {who} is asked" if who else "then the commander is asked"
    why = f"{walk.name}, step {mark.key} is given {_minutes(mark.timeout)}; {whom}"
    return Timer(f"step:{walk.number}:{mark.key}:{mark.turns}:{mark.nudged}", began + span, span, why)


def _approval_timer(walk: Walk, mark: Mark, asked: Approval) -> Timer:
    why = f"{walk.name}, step {mark.key}: <@{asked.by}> asked for approval; unanswered it expires"
    return Timer(f"approval:{walk.number}:{mark.key}:{asked.number}", asked.due_at, asked.due_at - asked.asked_at, why)


def _minutes(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    return f"{seconds // 60} min" if seconds < 7200 else f"{seconds // 3600} h"


# --- what people do --------------------------------------------------------------------------------------------------


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
) -> Change:
    """Begin at the first step. `values` over the defaults; raises `Refused` where one of them cannot be used."""
    steps = tuple(
        Mark(step.key, step.title, phase, step.timeout, step.parallel, step.requires_approval)
        for phase, part in enumerate(playbook.phases)
        for step in part.steps
    )
    walk = Walk(
        incident, number, playbook.id, playbook.digest, playbook.name, actor, now, steps,
        playbook.values(values), playbook.kind, drill, before=before,
    )  # fmt: skip
    return Change(_turned(walk, now), (_said(walk, now, actor, "opened", "opened", key=True),))


def done(walk: Walk, key: str, actor: str, now: datetime) -> Change:
    mark = _free(walk, key)
    if not mark.approved:
        raise Refused(f"Step {key} needs somebody's approval first. Press Ask for approval.", "playbook")
    return _settle(walk, mark, State.DONE, actor, now, "", "done")


def skip(walk: Walk, key: str, actor: str, now: datetime, reason: str) -> Change:
    mark = _free(walk, key, waiting=True)
    if not reason.strip():
        raise Refused("Say why the step is skipped, such as “We have no replica”.", "playbook")
    return _settle(_withdrawn(walk, mark), walk.mark(key), State.SKIPPED, actor, now, reason.strip(), "skipped")


def note(walk: Walk, key: str | None, actor: str, now: datetime, text: str) -> Change:
    """About one step, or about the walk as a whole; also after its end."""
    text = text.strip()
    if not text:
        raise Refused("A note needs words.", "note Deploy 4512 went out at 02:47")
    if key is None:
        return Change(walk, (_said(walk, now, actor, "note", text),))
    mark = walk.mark(key)
    kept = replace(mark, notes=(*mark.notes, Note(actor, now, text)))
    return Change(_put(walk, kept), (_said(walk, now, actor, "note", text, mark),))


def assign(walk: Walk, key: str, user: str | None, actor: str, now: datetime) -> Change:
    """Whoever holds a step is asked when it takes too long. A new holder is given the whole time."""
    mark = _free(walk, key, waiting=True, running=True)
    if mark.holder == user:
        return Change(walk)
    held = replace(mark, holder=user)
    if user is not None:
        held = replace(held, started_at=now if held.started_at else None, turns=held.turns + 1, nudged=0, reminders=())
    text = f"assigned to <@{user}>" if user else "assigned to nobody"
    return Change(_put(walk, held), (_said(walk, now, actor, "assigned", text, mark, user=user),))


def reopen(walk: Walk, key: str, actor: str, now: datetime) -> Change:
    """It is not done after all: it is its turn again. A walk that had ended goes on."""
    mark = walk.mark(key)
    if not mark.settled and mark.state is not State.ROLLED_BACK:
        raise Refused(f"Step {key} is {in_words(mark.state)}; there is nothing to reopen.", "playbook")
    again = replace(walk, outcome=None, ended_by=None, ended_at=None, reason="", helped=None)
    fresh = replace(
        mark,
        state=State.OPEN,
        by=actor,
        at=now,
        reason="",
        started_at=None,
        nudged=0,
        reminders=(),
        asked=None,
        job=None,
    )
    return Change(_turned(_put(again, fresh), now), (_said(walk, now, actor, "reopened", "reopened", mark),))


def roll_back(walk: Walk, key: str, actor: str, now: datetime, reason: str = "") -> Change:
    """Somebody undid a step by hand. It is its turn again: to be done anew, or skipped."""
    mark = walk.mark(key)
    if mark.state is State.RUNNING:
        raise Refused(f"Step {key} is running. Wait until it is over, then roll it back.", "playbook")
    if mark.state is State.ROLLED_BACK:
        raise Overtaken("rolled back", mark)
    if walk.outcome == "abandoned":
        raise Refused(f"{walk.name} was stopped. Open it again to go on.", "playbook")
    again = replace(_withdrawn(walk, mark), outcome=None, ended_by=None, ended_at=None, helped=None)
    return _moved(again, walk.mark(key), State.ROLLED_BACK, actor, now, reason.strip(), "rolled_back")


def fill(
    walk: Walk,
    playbook: Playbook,
    given: Mapping[str, str],
    actor: str,
    now: datetime,
    shown: Mapping[str, Sequence[str]],
) -> Change:
    """New values for the commands. `shown` is what each step with a request would do with them: a request that said
    something else is withdrawn. Raises `Refused` for a value that cannot be used.
    """
    _must_go(walk)
    values = playbook.values({**walk.values, **given})
    if values == walk.values:
        return Change(walk)
    changed = {name: value for name, value in values.items() if walk.values.get(name) != value}
    text = ", ".join(f"{name} = {value}" for name, value in changed.items())
    entries = [_said(walk, now, actor, "filled", f"filled in {text}", values=changed)]
    filled = replace(walk, values=values)
    for mark in walk.steps:
        asked = mark.asked
        if (
            asked is None
            or asked.answer not in (*GRANTED, Answer.WAITING)
            or tuple(shown.get(mark.key, ())) == asked.shown
        ):
            continue
        if mark.state not in (State.WAITING, State.APPROVED):
            continue
        filled = _withdrawn(filled, mark)
        entries.append(_said(walk, now, BOT, "withdrawn", "approval is void: what it was asked for has changed", mark))
    return _finished_if_all(filled, actor, now, tuple(entries))


def call(walk: Walk, position: int, criterion: str, actor: str, now: datetime) -> Change:
    """A criterion for escalating holds. Once for each; who pressed first is in the timeline."""
    if position in walk.criteria:
        raise Refused(f"That was escalated already: {criterion}.", "escalate We need more people")
    called = replace(walk, criteria=(*walk.criteria, position))
    return Change(called, (_said(walk, now, actor, "escalated", f"escalates: {criterion}", key=True),))


def abandon(walk: Walk, actor: str, now: datetime, reason: str) -> Change:
    _must_go(walk)
    if running := next((mark for mark in walk.steps if mark.state is State.RUNNING), None):
        raise Refused(f"Step {running.key} is running. Wait until it is over.", "playbook")
    if not reason.strip():
        raise Refused("Say why it is stopped, such as “It is not the database”.", "playbook")
    left = walk
    for mark, _ in standing_approvals(walk):
        left = _withdrawn(left, mark)
    over = replace(left, outcome="abandoned", ended_by=actor, ended_at=now, reason=reason.strip())
    text = f"stopped after {walk.settled} of {len(walk.steps)} steps: {reason.strip()}"
    return Change(over, (_said(walk, now, actor, "abandoned", text, key=True),))


def judge(walk: Walk, helped: bool, actor: str, now: datetime) -> Change:
    """After the end: whether it did what it is for."""
    if walk.outcome != "finished":
        raise Refused(f"{walk.name} is not finished.", "playbook")
    if walk.helped is helped:
        return Change(walk)
    text = "helped" if helped else "did not help"
    return Change(replace(walk, helped=helped), (_said(walk, now, actor, "judged", text, key=True, helped=helped),))


def reminded(walk: Walk, key: str, whom: str, deadline: str, now: datetime, late: str = "") -> Change:
    """The time of a step is over, and somebody was asked; the reminder before this one is overtaken."""
    mark = walk.mark(key)
    text = f"not settled within {_minutes(mark.timeout)}: <@{whom}> is asked{late}"
    said = _said(walk, now, BOT, "reminded", text, mark, user=whom)
    return Change(_put(walk, replace(mark, nudged=mark.nudged + 1, reminders=(deadline,))), (said,))


def not_again(walk: Walk, key: str) -> Walk:
    """Whoever would be asked now was asked before."""
    return _put(walk, replace(walk.mark(key), nudged=REMINDERS))


# --- approving -------------------------------------------------------------------------------------------------------


def ask(
    walk: Walk,
    key: str,
    action: str,
    shown: Sequence[str],
    actor: str,
    expires: timedelta,
    now: datetime,
    people: Sequence[str] = (),
) -> Change:
    """Ask for approval of exactly `shown`."""
    mark = walk.mark(key)
    if action == "do" and not mark.needs_approval:
        raise Refused(f"Step {key} needs no approval. Do it, then press Done.", "playbook")
    if mark.state is State.WAITING:
        raise Overtaken("asked for approval", mark)
    if action != "rollback":
        mark = _free(walk, key)
        if mark.state is State.APPROVED:
            raise Overtaken("approved", mark)
    elif mark.state is State.RUNNING:
        raise Refused(f"Step {key} is running. Wait until it is over.", "playbook")
    elif walk.outcome == "abandoned":
        _must_go(walk)
    number = walk.approvals_asked + 1
    was = State.OPEN if mark.state is State.APPROVED else mark.state
    asked = Approval(number, action, actor, now, now + expires, tuple(shown), people=tuple(people), was=was)
    holder = mark.holder or (None if actor == BOT else actor)
    waiting = replace(mark, state=State.WAITING, asked=asked, holder=holder)
    if not mark.settled:
        waiting = replace(waiting, by=actor, at=now)
    else:  # it is to be taken back: whoever did it still did it, if that is refused
        walk = replace(walk, outcome=None, ended_by=None, ended_at=None, helped=None)
    said = _said(walk, now, actor, "asked", _wanted(action), mark, action=action, shown=list(shown), approval=number)
    return Change(_turned(_put(replace(walk, approvals_asked=number), waiting), now), (said,))


def approve(walk: Walk, key: str, number: int, actor: str, now: datetime) -> Change:
    """By somebody other than whoever asked."""
    mark, asked = _asked(walk, key, number)
    if asked.by == actor:
        raise Refused("You asked for it, so somebody else has to approve it.", "playbook")
    return _answered(walk, mark, asked, Answer.APPROVED, actor, now, "", f"approved what <@{asked.by}> asked for")


def refuse(walk: Walk, key: str, number: int, actor: str, now: datetime, reason: str = "") -> Change:
    """Whoever asked may take it back in the same way."""
    mark, asked = _asked(walk, key, number)
    text = "took the request back" if asked.by == actor else f"refused what <@{asked.by}> asked for"
    return _answered(walk, mark, asked, Answer.REFUSED, actor, now, reason.strip(), text)


def break_glass(walk: Walk, key: str, number: int, actor: str, now: datetime, reason: str) -> Change:
    """Nobody else is there: go on without approval, with a reason, for everybody to see."""
    mark, asked = _asked(walk, key, number)
    if not reason.strip():
        raise Refused("Say why it cannot wait, such as “Nobody else is awake and customers cannot pay”.", "playbook")
    text = "BROKE THE GLASS: nobody else approved this"
    return _answered(walk, mark, asked, Answer.BROKEN, actor, now, reason.strip(), text)


def expire(walk: Walk, key: str, number: int, now: datetime) -> Change:
    mark, asked = _asked(walk, key, number)
    return _answered(walk, mark, asked, Answer.EXPIRED, BOT, now, "", f"nobody answered <@{asked.by}> in time")


def _asked(walk: Walk, key: str, number: int) -> tuple[Mark, Approval]:
    mark = walk.mark(key)
    if mark.asked is None or mark.asked.number != number:
        raise Refused("That request is over: it was taken back, or another one followed.", "playbook")
    if mark.asked.answer is not Answer.WAITING or mark.state is not State.WAITING:
        raise Overtaken("answered", mark)
    _must_go(walk)
    return mark, mark.asked


def _answered(
    walk: Walk, mark: Mark, asked: Approval, answer: Answer, actor: str, now: datetime, reason: str, text: str
) -> Change:
    settled = replace(asked, answer=answer, answered_by=actor, answered_at=now, reason=reason)
    if answer in GRANTED or asked.was not in SETTLED:
        state = State.APPROVED if answer in GRANTED else asked.was
        kept = replace(
            mark, state=state, by=actor, at=now, asked=settled,
            started_at=now, turns=mark.turns + 1, nudged=0, reminders=(),
        )  # fmt: skip
    else:
        kept = replace(mark, state=asked.was, asked=settled)
    said = _said(
        walk, now, actor, str(answer), text + (f": {reason}" if reason else ""), mark,
        key=True, action=asked.action, shown=list(asked.shown), approval=asked.number, asked_by=asked.by,
    )  # fmt: skip
    return _finished_if_all(_put(walk, kept), actor, now, (said,))


def _wanted(action: str) -> str:
    return {"run": "asks for approval to run it", "rollback": "asks for approval to roll it back"}.get(
        action, "asks for approval"
    )


# --- what a runner did -----------------------------------------------------------------------------------------------


def run_started(walk: Walk, key: str, job: str, by: str, now: datetime, action: str = "run") -> Change:
    """A job took the step. Raises `Overtaken` where one runs already or it is settled (a rollback may follow that)."""
    mark = walk.mark(key)
    if mark.state is State.RUNNING or (mark.settled and action == "run"):
        raise Overtaken(in_words(mark.state), mark)
    # What the bot takes back by itself was settled, shown and approved with the run that it takes back.
    by_itself = by == BOT and action == "rollback"
    if not by_itself:
        if mark.state is State.WAITING:
            raise Refused(f"Step {key} waits for approval, which <@{_asker(mark)}> asked for.", "playbook")
        if mark.needs_approval and mark.state is not State.APPROVED:
            raise Refused(f"Step {key} needs somebody's approval first.", "playbook")
        _must_go(walk)
    walk = _withdrawn(walk, mark) if mark.state is State.WAITING else walk
    mark = walk.mark(key)
    if walk.outcome == "finished":
        walk = replace(walk, outcome=None, ended_by=None, ended_at=None, helped=None)
    holder = mark.holder or (None if by == BOT else by)
    went_wrong = action == "rollback" and mark.state in (State.FAILED, State.TIMED_OUT)
    failed = mark.reason or str(mark.state).replace("_", " ") if went_wrong else ""
    running = replace(
        mark, state=State.RUNNING, by=by, at=now, reason="", failed=failed, job=job, action=action, holder=holder
    )
    words = "runs" if action == "run" else "is being rolled back"
    said = _said(walk, now, by, "running", words, mark, job=job, action=action)
    return Change(_turned(_put(walk, running), now), (said,))


def run_finished(walk: Walk, key: str, job: str, outcome: str, text: str, now: datetime) -> Change:
    """`outcome`: `succeeded`, `failed`, `timed_out`, `refused` or `cancelled`. Of a job that is not the step's any more
    nothing changes but the timeline.

    A rollback that succeeded leaves the step rolled back; one that did not leaves it failed.
    """
    mark = walk.mark(key)
    state = _after_run(mark.action, outcome)
    words = _ran(mark.action, outcome) + (f": {text}" if text else "")
    act = outcome if outcome in ("cancelled", "refused") else str(state)
    said = _said(walk, now, BOT, act, words, mark, key=state in TROUBLED, job=job, action=mark.action, outcome=outcome)
    if mark.job != job or mark.state is not State.RUNNING:
        return Change(walk, (said,))
    over = replace(
        mark, state=state, at=now, reason=text, started_at=now, turns=mark.turns + 1, nudged=0, reminders=(),
        asked=None if outcome != "succeeded" else mark.asked,
    )  # fmt: skip
    return _finished_if_all(_turned(_put(walk, over), now), mark.by or BOT, now, (said,))


def may_have_run(walk: Walk, key: str, job: str, text: str, now: datetime) -> Change:
    """The process ended in the middle. It is never run again by itself: a person looks, and decides."""
    mark = walk.mark(key)
    if mark.job != job or mark.state is not State.RUNNING:
        return Change(walk)
    words = text or "was interrupted and may have run; look before you decide"
    said = _said(walk, now, BOT, "may_have_run", words, mark, job=job, action=mark.action, key=True)
    over = replace(
        mark,
        state=State.MAY_HAVE_RUN,
        at=now,
        reason=text,
        started_at=now,
        turns=mark.turns + 1,
        nudged=0,
        reminders=(),
        asked=None,
    )
    return Change(_put(walk, over), (said,))


def settled_by_person(walk: Walk, key: str, job: str, ran: bool, actor: str, now: datetime) -> Change:
    """Somebody looked at what may have run: it is done, or it has not run and is open again."""
    mark = walk.mark(key)
    if mark.job != job or mark.state is not State.MAY_HAVE_RUN:
        raise Overtaken("settled", mark)
    if mark.action == "rollback":
        state, words = (State.ROLLED_BACK, "it was rolled back") if ran else (State.FAILED, "it was not rolled back")
    else:
        state, words = (State.DONE, "it ran") if ran else (State.OPEN, "it did not run")
    said = _said(walk, now, actor, "settled", f"looked: {words}", mark, job=job, ran=ran)
    over = replace(
        mark, state=state, by=actor, at=now, reason="", started_at=now, turns=mark.turns + 1, nudged=0, reminders=()
    )
    return _finished_if_all(_turned(_put(walk, over), now), actor, now, (said,))


def after_all(walk: Walk, key: str, job: str, ran: bool, actor: str, now: datetime) -> Change:
    """Somebody looked, and says whether what may have run did. Nothing changes where the step has moved on since."""
    mark = walk.mark(key)
    if mark.job != job or mark.state is not State.MAY_HAVE_RUN:
        return Change(walk)
    back = mark.action == "rollback"
    state = {(True, True): State.ROLLED_BACK, (True, False): State.FAILED, (False, True): State.DONE}.get(
        (back, ran), State.OPEN
    )
    reason = f"{'the rollback' if back else 'it'} {'ran' if ran else 'did not run'}, says <@{actor}>"
    fresh = replace(mark, started_at=now, turns=mark.turns + 1, nudged=0)
    return _settle(_put(walk, fresh), fresh, state, actor, now, reason, "after_all")


def _after_run(action: str, outcome: str) -> State:
    if outcome in ("cancelled", "refused"):
        return State.OPEN
    if outcome == "succeeded":
        return State.SUCCEEDED if action == "run" else State.ROLLED_BACK
    return State.TIMED_OUT if outcome == "timed_out" else State.FAILED


def _ran(action: str, outcome: str) -> str:
    what = "run" if action == "run" else "rollback"
    return f"{what} {'timed out' if outcome == 'timed_out' else outcome}"


# --- within ----------------------------------------------------------------------------------------------------------


def _must_go(walk: Walk) -> None:
    if walk.going:
        return
    how = "finished" if walk.outcome == "finished" else "was stopped"
    raise Refused(
        f"{walk.name} {'is ' if how == 'finished' else ''}{how}. Reopen a step, or open it again.", "playbook"
    )


def _asker(mark: Mark) -> str:
    return mark.asked.by if mark.asked else mark.by or BOT


def _free(walk: Walk, key: str, *, waiting: bool = False, running: bool = False) -> Mark:
    """The step, if somebody may act on it now."""
    mark = walk.mark(key)
    if mark.settled:
        raise Overtaken(in_words(mark.state), mark)
    _must_go(walk)
    if mark.state is State.RUNNING and not running:
        raise Refused(f"Step {key} is running. Wait until it is over.", "playbook")
    taken_back = mark.asked is not None and mark.asked.was in SETTLED
    if mark.state is State.WAITING and (not waiting or taken_back):
        raise Refused(f"Step {key} waits for approval, which <@{_asker(mark)}> asked for.", "playbook")
    return mark


def _settle(walk: Walk, mark: Mark, state: State, actor: str, now: datetime, reason: str, act: str) -> Change:
    change = _moved(walk, mark, state, actor, now, reason, act)
    return _finished_if_all(change.walk, actor, now, change.entries)


def _moved(walk: Walk, mark: Mark, state: State, actor: str, now: datetime, reason: str, act: str) -> Change:
    kept = walk.mark(mark.key)  # as it stands after a request was withdrawn
    moved = replace(kept, state=state, by=actor, at=now, reason=reason, reminders=())
    if state is State.ROLLED_BACK:
        moved = replace(moved, started_at=None, nudged=0, reminders=())
    text = in_words(state) + (f": {reason}" if reason else "")
    return Change(_turned(_put(walk, moved), now), (_said(walk, now, actor, act, text, mark, reason=reason),))


def _finished_if_all(walk: Walk, actor: str, now: datetime, entries: tuple[Entry, ...]) -> Change:
    if not walk.going or walk.settled < len(walk.steps):
        return Change(_turned(walk, now), entries)
    over = replace(walk, outcome="finished", ended_by=actor, ended_at=now)
    skipped = sum(mark.state is State.SKIPPED for mark in walk.steps)
    text = f"finished, {len(walk.steps) - skipped} of {len(walk.steps)} steps done"
    return Change(over, (*entries, _said(walk, now, actor, "finished", text, key=True)))


def _withdrawn(walk: Walk, mark: Mark) -> Walk:
    """Without the request for approval that stands or was granted."""
    if mark.asked is None or mark.state not in (State.WAITING, State.APPROVED):
        return walk
    over = replace(mark.asked, answer=Answer.WITHDRAWN)
    return _put(walk, replace(mark, state=mark.asked.was, asked=over))


def _turned(walk: Walk, now: datetime) -> Walk:
    """Steps whose turn has come begin now."""
    for mark in current(walk):
        if mark.started_at is None:
            walk = _put(walk, replace(mark, started_at=now, turns=mark.turns + 1, nudged=0, reminders=()))
    return walk


def _put(walk: Walk, mark: Mark) -> Walk:
    return replace(walk, steps=tuple(mark if one.key == mark.key else one for one in walk.steps))


def _said(
    walk: Walk,
    now: datetime,
    actor: str,
    act: str,
    words: str,
    mark: Mark | None = None,
    *,
    key: bool = False,
    **data: Any,
) -> Entry:
    """`Database failover, 2.1 Promote the replica: done`."""
    about = f"{walk.name}, {mark.key} {mark.title}" if mark else walk.name
    known = {"walk": walk.number, "playbook": walk.playbook, "act": act, **({"step": mark.key} if mark else {})}
    return replace(entry(now, "playbook", actor, f"{about}: {words}", **known, **data), key=key)


def by_number(walks: Iterable[Walking], number: int) -> Walking | None:
    return next((one for one in walks if one.number == number), None)
