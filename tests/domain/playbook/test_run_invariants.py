"""Invariants of a run after any actions of people in any order."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.domain.errors import Refused
from bot.domain.playbook import approvals, job_results, lifecycle, steps, timers
from bot.domain.playbook.run import (
    GRANTED,
    ApprovalStatus,
    RunChange,
    StepStatus,
    current_steps,
)
from bot.domain.timeline.entry import Entry
from tests.domain.playbook.runs import BOOK, HALF_HOUR, SHOWN, new_run
from tests.domain.policies import MINUTE, NOON

PEOPLE = st.sampled_from(["UA", "UB", "UC"])


KEYS = st.sampled_from([step.key for step in BOOK.steps])


class AnyRun(RuleBasedStateMachine):
    """Acts in any order, by anybody, with time passing; what is refused changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOON
        self.run_ = new_run()
        self.entries: list[Entry] = []
        self.jobs = 0

    def apply(self, act: Callable[[], RunChange]) -> None:
        try:
            change = act()
        except Refused:
            return
        self.run_ = change.run
        self.entries += change.entries

    @rule(minutes=st.integers(0, 20))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(who=PEOPLE, key=KEYS)
    def done(self, who: str, key: str) -> None:
        self.apply(lambda: steps.complete(self.run_, key, who, self.now))

    @rule(who=PEOPLE, key=KEYS)
    def skip(self, who: str, key: str) -> None:
        self.apply(lambda: steps.skip(self.run_, key, who, self.now, "no need"))

    @rule(who=PEOPLE, key=KEYS, user=st.none() | PEOPLE)
    def assign(self, who: str, key: str, user: str | None) -> None:
        self.apply(lambda: steps.assign(self.run_, key, user, who, self.now))

    @rule(who=PEOPLE, key=KEYS)
    def reopen(self, who: str, key: str) -> None:
        self.apply(lambda: steps.reopen(self.run_, key, who, self.now))

    @rule(who=PEOPLE, key=KEYS)
    def roll_back(self, who: str, key: str) -> None:
        self.apply(lambda: steps.roll_back(self.run_, key, who, self.now))

    @rule(who=PEOPLE, key=KEYS, action=st.sampled_from(["do", "run", "rollback"]))
    def ask(self, who: str, key: str, action: str) -> None:
        self.apply(lambda: approvals.request(self.run_, key, action, SHOWN, who, HALF_HOUR, self.now))

    @rule(who=PEOPLE)
    def go_on(self, who: str) -> None:
        """As people mostly do, so that ends are reached."""
        for step in current_steps(self.run_):
            self.done(who, step.key)

    @rule(who=PEOPLE, key=KEYS, answer=st.sampled_from(["approve", "refuse", "break", "expire"]))
    def answer(self, who: str, key: str, answer: str) -> None:
        asked = self.run_.step(key).asked
        number = asked.number if asked else 0
        acts: dict[str, Callable[[], RunChange]] = {
            "approve": lambda: approvals.approve(self.run_, key, number, who, self.now),
            "refuse": lambda: approvals.refuse(self.run_, key, number, who, self.now),
            "break": lambda: approvals.break_glass(self.run_, key, number, who, self.now, "alone"),
            "expire": lambda: approvals.expire(self.run_, key, number, self.now),
        }
        self.apply(acts[answer])

    @rule(who=PEOPLE, key=KEYS, action=st.sampled_from(["run", "rollback"]))
    def run(self, who: str, key: str, action: str) -> None:
        self.jobs += 1
        self.apply(lambda: job_results.record_start(self.run_, key, str(self.jobs), who, self.now, action))

    @rule(key=KEYS, outcome=st.sampled_from(["succeeded", "failed", "timed_out", "cancelled"]))
    def ran(self, key: str, outcome: str) -> None:
        job = self.run_.step(key).job or "none"
        self.apply(lambda: job_results.record_end(self.run_, key, job, outcome, "", self.now))

    @rule(key=KEYS)
    def lost(self, key: str) -> None:
        self.apply(lambda: job_results.may_have_run(self.run_, key, self.run_.step(key).job or "none", "", self.now))

    @rule(key=KEYS)
    def remind(self, key: str) -> None:
        if key in {step.key for step in current_steps(self.run_)}:
            self.apply(lambda: timers.record_reminder(self.run_, key, "UA", f"d{self.now}", self.now))

    @rule(who=PEOPLE)
    def stop(self, who: str) -> None:
        self.apply(lambda: lifecycle.abandon(self.run_, who, self.now, "wrong one"))

    @rule(who=PEOPLE, pod=st.sampled_from(["db-0", "db-1"]))
    def fill(self, who: str, pod: str) -> None:
        shown = {"2.1": (f"promote {pod}",)}
        self.apply(lambda: lifecycle.fill(self.run_, BOOK, {"pod": pod}, who, self.now, shown))

    @invariant()
    def it_is_finished_exactly_when_every_step_is_settled(self) -> None:
        if self.run_.outcome == "finished":
            assert self.run_.settled == len(self.run_.steps)
        elif self.run_.active:
            assert self.run_.settled < len(self.run_.steps)
        assert self.run_.active == (self.run_.ended_at is None)

    @invariant()
    def whose_turn_it_is_has_begun_and_is_not_settled(self) -> None:
        turn = current_steps(self.run_)
        assert bool(turn) == self.run_.active
        assert all(step.started_at is not None and not step.settled for step in turn)

    @invariant()
    def nobody_ever_approved_their_own_request(self) -> None:
        for step in self.run_.steps:
            if step.asked and step.asked.answer is ApprovalStatus.APPROVED:
                assert step.asked.answered_by != step.asked.by

    @invariant()
    def nothing_that_needs_approval_is_done_without_it(self) -> None:
        for step in self.run_.steps:
            if step.needs_approval and step.state in (
                StepStatus.DONE,
                StepStatus.SUCCEEDED,
                StepStatus.RUNNING,
                StepStatus.APPROVED,
            ):
                assert step.asked is not None
                assert step.asked.answer in GRANTED

    @invariant()
    def a_step_waits_exactly_while_its_request_stands(self) -> None:
        for step in self.run_.steps:
            stands = step.asked is not None and step.asked.answer is ApprovalStatus.WAITING
            assert (step.state is StepStatus.WAITING) == stands

    @invariant()
    def timers_have_names_of_their_own(self) -> None:
        names = [timer.name for timer in timers.timers(self.run_)]
        assert len(set(names)) == len(names)

    @invariant()
    def every_entry_says_which_walk_and_what(self) -> None:
        assert all(entry.kind == "playbook" and entry.data["walk"] == 1 and entry.data["act"] for entry in self.entries)


TestAnyRun = AnyRun.TestCase
TestAnyRun.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
