"""A playbook being walked: whose turn it is, who may do what, what is refused, and what always holds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from bot.domain import routing
from bot.domain.deadlines import plan
from bot.domain.errors import Refused
from bot.domain.incident import NewIncident, declare, resolve
from bot.domain.playbook import approvals, job_results, lifecycle, steps, timers
from bot.domain.playbook import run as walks
from bot.domain.playbook.definition import Command, Parameter, Phase, Playbook, Step
from bot.domain.playbook.run import ApprovalStatus, Overtaken, PlaybookRun, RunChange, StepStatus
from bot.domain.playbook.stats import owner_of, review_due, run_stats, stats_line
from bot.domain.policy.policy import Contact
from bot.domain.timeline.entry import Entry
from tests.domain.policies import MINUTE, NOON, POLICY

HALF_HOUR = 30 * MINUTE
BOOK = Playbook(
    id="failover", name="Failover", category="availability", digest="d1", owner="Database",
    parameters=(Parameter("pod", default="db-0"),), escalation_criteria=("It fails",), last_reviewed=date(2026, 1, 1),
    phases=(
        Phase("Look", (
            Step("1.1", "Primary", timeout=MINUTE, parallel="look"),
            Step("1.2", "Replica", timeout=2 * MINUTE, parallel="look"),
            Step("1.3", "Network", timeout=2 * MINUTE),
        )),
        Phase("Act", (
            Step("2.1", "Promote", commands=(Command("promote {pod}"),), requires_approval=True, timeout=3 * MINUTE),
            Step("2.2", "Check", timeout=3 * MINUTE, parallel="look"),
        )),
    ),
)  # fmt: skip
SHOWN = ("promote db-0",)


def begun() -> PlaybookRun:
    return lifecycle.open_run(1, 1, BOOK, "UA", NOON).run


def through(*keys: str) -> PlaybookRun:
    walk = begun()
    for key in keys:
        walk = steps.complete(walk, key, "UA", NOON + MINUTE).run
    return walk


def waiting() -> PlaybookRun:
    return approvals.request(through("1.1", "1.2", "1.3"), "2.1", "do", SHOWN, "UA", HALF_HOUR, NOON + 2 * MINUTE).run


def turn(walk: PlaybookRun) -> list[str]:
    return [mark.key for mark in walks.current_steps(walk)]


def test_it_begins_with_its_first_step_and_those_beside_it() -> None:
    change = lifecycle.open_run(1, 1, BOOK, "UA", NOON)
    assert turn(change.run) == ["1.1", "1.2"]
    assert [mark.started_at for mark in change.run.steps] == [NOON, NOON, None, None, None]
    assert [(e.kind, e.text, e.key) for e in change.entries] == [("playbook", "Failover: opened", True)]
    assert change.entries[0].data == {"walk": 1, "playbook": "failover", "act": "opened"}


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (["1.2"], ["1.1"]),
        (["1.1"], ["1.2"]),
        (["1.1", "1.2"], ["1.3"]),
        (["1.1", "1.2", "1.3"], ["2.1"]),  # 2.2 is of a group called the same, in another phase
    ],
)
def test_the_next_turn_comes_when_everything_before_is_settled(done: list[str], expected: list[str]) -> None:
    assert turn(through(*done)) == expected


def test_the_last_step_finishes_it() -> None:
    walk = approvals.approve(waiting(), "2.1", 1, "UB", NOON).run
    walk = steps.complete(walk, "2.1", "UA", NOON).run
    change = steps.skip(walk, "2.2", "UB", NOON, "Nothing to check")
    assert (change.run.outcome, change.run.ended_by, turn(change.run)) == ("finished", "UB", [])
    assert [entry.data["act"] for entry in change.entries] == ["skipped", "finished"]
    assert change.entries[-1].text == "Failover: finished, 4 of 5 steps done"


def test_whoever_is_second_is_told_of_the_first() -> None:
    with pytest.raises(Overtaken) as raised:
        steps.complete(through("1.1"), "1.1", "UB", NOON + 2 * MINUTE)
    assert (raised.value.step.by, raised.value.step.at) == ("UA", NOON + MINUTE)


REFUSED: list[tuple[str, Callable[[], RunChange]]] = [
    ("approval first", lambda: steps.complete(through("1.1", "1.2", "1.3"), "2.1", "UA", NOON)),
    ("waits for approval", lambda: steps.complete(waiting(), "2.1", "UB", NOON)),
    ("somebody else has to give it", lambda: approvals.approve(waiting(), "2.1", 1, "UA", NOON)),
    ("That request has ended", lambda: approvals.approve(waiting(), "2.1", 2, "UB", NOON)),
    ("Say why", lambda: approvals.break_glass(waiting(), "2.1", 1, "UA", NOON, "  ")),
    ("Say why", lambda: steps.skip(begun(), "1.1", "UA", NOON, " ")),
    ("Say why", lambda: lifecycle.abandon(begun(), "UA", NOON, "")),
    ("needs no approval", lambda: approvals.request(begun(), "1.1", "do", ("x",), "UA", HALF_HOUR, NOON)),
    ("has no step 9.9", lambda: steps.complete(begun(), "9.9", "UA", NOON)),
    ("nothing to reopen", lambda: steps.reopen(begun(), "1.1", "UA", NOON)),
    ("is not finished", lambda: lifecycle.judge(begun(), True, "UA", NOON)),
    ("approval first", lambda: job_results.started(through("1.1", "1.2", "1.3"), "2.1", "j", "UA", NOON)),
    ("was stopped", lambda: steps.complete(lifecycle.abandon(begun(), "UA", NOON, "wrong").run, "1.1", "UA", NOON)),
    ("is running", lambda: steps.complete(job_results.started(begun(), "1.1", "j", "UA", NOON).run, "1.1", "UA", NOON)),
    ("must be a name", lambda: lifecycle.fill(begun(), BOOK, {"pod": "x; rm -rf /"}, "UA", NOON, {})),
    ("has no parameter", lambda: lifecycle.fill(begun(), BOOK, {"other": "x"}, "UA", NOON, {})),
]  # fmt: skip


@pytest.mark.parametrize(("words", "act"), REFUSED, ids=[f"{i}-{case[0]}" for i, case in enumerate(REFUSED)])
def test_what_does_not_fit_is_refused_in_words(words: str, act: Callable[[], RunChange]) -> None:
    with pytest.raises(Refused, match=words):
        act()


@pytest.mark.parametrize(
    ("answered", "state", "answer"),
    [
        (lambda: approvals.approve(waiting(), "2.1", 1, "UB", NOON), StepStatus.APPROVED, ApprovalStatus.APPROVED),
        (lambda: approvals.refuse(waiting(), "2.1", 1, "UB", NOON, "no"), StepStatus.OPEN, ApprovalStatus.REFUSED),
        (lambda: approvals.refuse(waiting(), "2.1", 1, "UA", NOON), StepStatus.OPEN, ApprovalStatus.REFUSED),
        (
            lambda: approvals.break_glass(waiting(), "2.1", 1, "UA", NOON, "alone"),
            StepStatus.APPROVED,
            ApprovalStatus.BREAK_GLASS,
        ),
        (lambda: approvals.expire(waiting(), "2.1", 1, NOON), StepStatus.OPEN, ApprovalStatus.EXPIRED),
    ],
)
def test_an_answer_settles_the_request_once(
    answered: Callable[[], RunChange], state: StepStatus, answer: ApprovalStatus
) -> None:
    change = answered()
    mark = change.run.step("2.1")
    assert mark.asked is not None
    assert (mark.state, mark.asked.answer, change.entries[0].key) == (state, answer, True)
    assert change.entries[0].data["shown"] == list(SHOWN)
    assert walks.pending_approvals(change.run) == ()
    with pytest.raises(Refused):
        approvals.approve(change.run, "2.1", 1, "UC", NOON)


def test_what_was_shown_and_changes_is_approved_no_more() -> None:
    walk = approvals.approve(waiting(), "2.1", 1, "UB", NOON).run
    same = lifecycle.fill(walk, BOOK, {"pod": "db-0"}, "UA", NOON, {"2.1": SHOWN})
    assert (same.run, same.entries) == (walk, ())
    other = lifecycle.fill(walk, BOOK, {"pod": "db-1"}, "UA", NOON, {"2.1": ("promote db-1",)})
    mark = other.run.step("2.1")
    assert mark.asked is not None
    assert (mark.state, mark.asked.answer) == (StepStatus.OPEN, ApprovalStatus.WITHDRAWN)
    with pytest.raises(Refused, match="approval first"):
        steps.complete(other.run, "2.1", "UA", NOON)


@pytest.mark.parametrize(
    ("outcome", "action", "state"),
    [
        ("succeeded", "run", StepStatus.SUCCEEDED),
        ("failed", "run", StepStatus.FAILED),
        ("timed_out", "run", StepStatus.TIMED_OUT),
        ("refused", "run", StepStatus.OPEN),
        ("cancelled", "run", StepStatus.OPEN),
        ("succeeded", "rollback", StepStatus.ROLLED_BACK),
        ("failed", "rollback", StepStatus.FAILED),
        ("timed_out", "rollback", StepStatus.TIMED_OUT),
    ],
)
def test_a_run_leaves_its_step_as_it_ended(outcome: str, action: str, state: StepStatus) -> None:
    walk = job_results.started(begun(), "1.1", "j1", "UA", NOON, action).run
    assert walk.step("1.1").state is StepStatus.RUNNING
    walk = job_results.finished(walk, "1.1", "j1", outcome, "exit code 1", NOON + MINUTE).run
    assert walk.step("1.1").state is state
    again = job_results.finished(
        walk, "1.1", "j1", "succeeded", "", NOON + MINUTE
    )  # of a job that is not its own any more
    assert again.run == walk


def test_what_may_have_run_waits_for_a_person() -> None:
    walk = job_results.started(begun(), "1.1", "j1", "UA", NOON).run
    walk = job_results.may_have_run(walk, "1.1", "j1", "", NOON).run
    assert (walk.step("1.1").state, turn(walk)) == (StepStatus.MAY_HAVE_RUN, ["1.1", "1.2"])
    assert job_results.settle_uncertain(walk, "1.1", "j1", True, "UB", NOON).run.step("1.1").state is StepStatus.DONE
    assert job_results.settle_uncertain(walk, "1.1", "j1", False, "UB", NOON).run.step("1.1").state is StepStatus.OPEN
    assert steps.complete(walk, "1.1", "UB", NOON).run.step("1.1").state is StepStatus.DONE


def test_a_step_that_is_opened_again_takes_its_turn_and_its_whole_time() -> None:
    walk = through("1.1", "1.2", "1.3")
    later = NOON + 9 * MINUTE
    again = steps.reopen(walk, "1.3", "UB", later).run
    assert turn(again) == ["1.3"]
    assert (again.step("1.3").started_at, again.step("1.3").turns) == (later, 2)


def test_an_approval_lets_nobody_do_anything_else_or_the_same_again() -> None:
    """Of taking back it is none of doing; and what was taken back is asked for anew."""
    back = approvals.request(
        through("1.1", "1.2", "1.3"), "2.1", "rollback", SHOWN, "UA", HALF_HOUR, NOON + 2 * MINUTE
    ).run
    back = approvals.approve(back, "2.1", 1, "UB", NOON + 3 * MINUTE).run
    done = steps.complete(
        approvals.approve(waiting(), "2.1", 1, "UB", NOON + 3 * MINUTE).run, "2.1", "UA", NOON + 4 * MINUTE
    )
    again = steps.roll_back(done.run, "2.1", "UA", NOON + 5 * MINUTE).run
    for walk in (back, again):
        with pytest.raises(Refused, match="approval"):
            steps.complete(walk, "2.1", "UA", NOON + 6 * MINUTE)


def test_a_rollback_that_is_refused_leaves_what_was_done_done() -> None:
    walk = approvals.approve(waiting(), "2.1", 1, "UB", NOON).run
    walk = steps.complete(walk, "2.1", "UA", NOON).run
    walk = steps.complete(walk, "2.2", "UA", NOON).run
    asked = approvals.request(walk, "2.1", "rollback", ("demote",), "UC", HALF_HOUR, NOON).run
    assert (asked.outcome, turn(asked)) == (None, ["2.1"])
    refused = approvals.refuse(asked, "2.1", 2, "UB", NOON, "leave it").run
    mark = refused.step("2.1")
    assert (mark.state, mark.by, refused.outcome) == (StepStatus.DONE, "UA", "finished")


# --- timers ----------------------------------------------------------------------------------------------------------


def due(walk: PlaybookRun) -> list[tuple[str, timedelta]]:
    incident = declare(1, NewIncident("Checkout", "fatal", "UR"), POLICY, NOON).incident
    incident = replace(incident, walks=(timers.run_summary(walk, "the last thing"),))
    return [(one.dedup_key, one.due_at - NOON) for one in plan(incident, POLICY) if one.kind == "playbook"]


def test_each_step_has_its_time_from_its_turn_on() -> None:
    assert due(begun()) == [("step:1:1:1:1.1:1:0", MINUTE), ("step:1:1:1:1.2:1:0", 2 * MINUTE)]
    assert due(through("1.1")) == [("step:1:1:1:1.2:1:0", 2 * MINUTE)]
    assert due(through("1.1", "1.2")) == [("step:1:1:1:1.3:1:0", 3 * MINUTE)]


def test_a_reminder_is_followed_by_one_to_the_commander_and_by_no_third() -> None:
    walk = timers.record_reminder(begun(), "1.1", "UA", "step:1:1:1:1.1:1:0", NOON + MINUTE).run
    assert due(walk)[0] == ("step:1:1:1:1.1:1:1", 6 * MINUTE)
    walk = timers.record_reminder(walk, "1.1", "UB", "step:1:1:1:1.1:1:1", NOON + 6 * MINUTE).run
    assert [dedup_key for dedup_key, _ in due(walk)] == ["step:1:1:1:1.2:1:0"]
    assert walk.step("1.1").reminders == ("step:1:1:1:1.1:1:1",)
    assert steps.complete(walk, "1.1", "UA", NOON).run.step("1.1").reminders == ()


def test_a_new_holder_has_the_whole_time() -> None:
    walk = steps.assign(begun(), "1.1", "UC", "UA", NOON + MINUTE).run
    assert due(walk)[0] == ("step:1:1:1:1.1:2:0", 2 * MINUTE)
    assert steps.assign(walk, "1.1", "UC", "UA", NOON).entries == ()


def test_a_request_expires_and_its_step_has_no_time_of_its_own_meanwhile() -> None:
    assert due(waiting()) == [("approval:1:1:1:2.1:1", 32 * MINUTE)]
    assert [dedup_key for dedup_key, _ in due(approvals.approve(waiting(), "2.1", 1, "UB", NOON).run)] == [
        "step:1:1:1:2.1:2:0"
    ]


def test_nothing_runs_on_after_the_incident_or_the_walk() -> None:
    assert due(lifecycle.abandon(begun(), "UA", NOON, "wrong").run) == []
    incident = declare(1, NewIncident("Checkout", "fatal", "UR"), POLICY, NOON).incident
    incident = replace(incident, walks=(timers.run_summary(begun()),))
    assert plan(resolve(incident, "UR", NOON).incident, POLICY) == ()


# --- notices, figures ------------------------------------------------------------------------------------------------


def test_a_request_is_settled_where_it_was_made() -> None:
    walk = approvals.request(
        through("1.1", "1.2", "1.3"), "2.1", "do", SHOWN, "UA", HALF_HOUR, NOON, people=("UB", "dba@example.com")
    ).run
    asked = walk.step("2.1").asked
    assert asked is not None
    dedup_keys = ["approval:1:1:1:channel", "approval:1:1:1:dm:UB", "approval:1:1:1:dm:dba@example.com"]
    assert [notice.dedup_key for notice in routing.playbook_runs.approval_requested(walk, asked)] == dedup_keys
    over = approvals.approve(walk, "2.1", 1, "UB", NOON).run
    assert [notice.dedup_key for notice in routing.playbook_runs.requests_settled(walk, over)] == [
        f"settle:{dedup_key}" for dedup_key in dedup_keys
    ]
    assert routing.playbook_runs.requests_settled(walk, walk) == []


def finished(minutes: int, *, helped: bool | None = None, skip: bool = False, drill: bool = False) -> PlaybookRun:
    walk = lifecycle.open_run(1, 1, BOOK, "UA", NOON, drill=drill).run
    for key in ("1.1", "1.2", "1.3"):
        walk = steps.skip(walk, key, "UA", NOON, "no").run if skip else steps.complete(walk, key, "UA", NOON).run
    walk = approvals.request(walk, "2.1", "do", SHOWN, "UA", HALF_HOUR, NOON).run
    walk = steps.complete(approvals.approve(walk, "2.1", 1, "UB", NOON).run, "2.1", "UA", NOON).run
    walk = steps.complete(walk, "2.2", "UA", NOON + minutes * MINUTE).run
    return walk if helped is None else lifecycle.judge(walk, helped, "UA", NOON).run


def test_figures_count_what_really_was() -> None:
    told = [finished(10), finished(20, helped=True, skip=True), finished(40, helped=False), begun()]
    told += [lifecycle.abandon(begun(), "UA", NOON, "wrong").run, finished(500, drill=True)]
    found = run_stats(BOOK, told)
    assert (found.used, found.ended, found.succeeded, found.mean) == (5, 4, 2, 15 * MINUTE)
    assert found.skipped == {"1.1": 1, "1.2": 1, "1.3": 1}
    assert stats_line(found, NOON + 3 * MINUTE) == (
        "Used 5 times before, last 3m ago, 2 of 4 successfully, 15m on average"
    )
    assert stats_line(run_stats(BOOK, []), NOON) == ""
    assert run_stats(replace(BOOK, digest="d2"), told).skipped == {}  # another text, counted anew


@pytest.mark.parametrize(
    ("every", "today", "periods"),
    [
        (timedelta(days=90), date(2026, 3, 31), None),
        (timedelta(days=90), date(2026, 4, 1), 1),
        (timedelta(days=90), date(2026, 7, 1), 2),
        (None, date(2030, 1, 1), None),
    ],
)
def test_a_review_is_due_once_in_a_period(every: timedelta | None, today: date, periods: int | None) -> None:
    assert review_due(BOOK, every, today) == periods


def test_an_owner_is_the_contact_of_that_key_or_name() -> None:
    dba, cto = Contact("dba", "Database"), Contact("cto")
    assert owner_of(BOOK, {"cto": cto, "dba": dba}) is dba
    assert owner_of(replace(BOOK, owner="CTO"), {"cto": cto}) is cto
    assert owner_of(replace(BOOK, owner=""), {"cto": cto}) is None


# --- what always holds -----------------------------------------------------------------------------------------------

PEOPLE = st.sampled_from(["UA", "UB", "UC"])
KEYS = st.sampled_from([step.key for step in BOOK.steps])


class Walked(RuleBasedStateMachine):
    """Acts in any order, by anybody, with time passing; what is refused changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOON
        self.walk = begun()
        self.entries: list[Entry] = []
        self.jobs = 0

    def apply(self, act: Callable[[], RunChange]) -> None:
        try:
            change = act()
        except Refused:
            return
        self.walk = change.run
        self.entries += change.entries

    @rule(minutes=st.integers(0, 20))
    def time_passes(self, minutes: int) -> None:
        self.now += minutes * MINUTE

    @rule(who=PEOPLE, key=KEYS)
    def done(self, who: str, key: str) -> None:
        self.apply(lambda: steps.complete(self.walk, key, who, self.now))

    @rule(who=PEOPLE, key=KEYS)
    def skip(self, who: str, key: str) -> None:
        self.apply(lambda: steps.skip(self.walk, key, who, self.now, "no need"))

    @rule(who=PEOPLE, key=KEYS, user=st.none() | PEOPLE)
    def assign(self, who: str, key: str, user: str | None) -> None:
        self.apply(lambda: steps.assign(self.walk, key, user, who, self.now))

    @rule(who=PEOPLE, key=KEYS)
    def reopen(self, who: str, key: str) -> None:
        self.apply(lambda: steps.reopen(self.walk, key, who, self.now))

    @rule(who=PEOPLE, key=KEYS)
    def roll_back(self, who: str, key: str) -> None:
        self.apply(lambda: steps.roll_back(self.walk, key, who, self.now))

    @rule(who=PEOPLE, key=KEYS, action=st.sampled_from(["do", "run", "rollback"]))
    def ask(self, who: str, key: str, action: str) -> None:
        self.apply(lambda: approvals.request(self.walk, key, action, SHOWN, who, HALF_HOUR, self.now))

    @rule(who=PEOPLE)
    def go_on(self, who: str) -> None:
        """As people mostly do, so that ends are reached."""
        for mark in walks.current_steps(self.walk):
            self.done(who, mark.key)

    @rule(who=PEOPLE, key=KEYS, answer=st.sampled_from(["approve", "refuse", "break", "expire"]))
    def answer(self, who: str, key: str, answer: str) -> None:
        asked = self.walk.step(key).asked
        number = asked.number if asked else 0
        acts: dict[str, Callable[[], RunChange]] = {
            "approve": lambda: approvals.approve(self.walk, key, number, who, self.now),
            "refuse": lambda: approvals.refuse(self.walk, key, number, who, self.now),
            "break": lambda: approvals.break_glass(self.walk, key, number, who, self.now, "alone"),
            "expire": lambda: approvals.expire(self.walk, key, number, self.now),
        }
        self.apply(acts[answer])

    @rule(who=PEOPLE, key=KEYS, action=st.sampled_from(["run", "rollback"]))
    def run(self, who: str, key: str, action: str) -> None:
        self.jobs += 1
        self.apply(lambda: job_results.started(self.walk, key, str(self.jobs), who, self.now, action))

    @rule(key=KEYS, outcome=st.sampled_from(["succeeded", "failed", "timed_out", "cancelled"]))
    def ran(self, key: str, outcome: str) -> None:
        job = self.walk.step(key).job or "none"
        self.apply(lambda: job_results.finished(self.walk, key, job, outcome, "", self.now))

    @rule(key=KEYS)
    def lost(self, key: str) -> None:
        self.apply(lambda: job_results.may_have_run(self.walk, key, self.walk.step(key).job or "none", "", self.now))

    @rule(key=KEYS)
    def remind(self, key: str) -> None:
        if key in {mark.key for mark in walks.current_steps(self.walk)}:
            self.apply(lambda: timers.record_reminder(self.walk, key, "UA", f"d{self.now}", self.now))

    @rule(who=PEOPLE)
    def stop(self, who: str) -> None:
        self.apply(lambda: lifecycle.abandon(self.walk, who, self.now, "wrong one"))

    @rule(who=PEOPLE, pod=st.sampled_from(["db-0", "db-1"]))
    def fill(self, who: str, pod: str) -> None:
        shown = {"2.1": (f"promote {pod}",)}
        self.apply(lambda: lifecycle.fill(self.walk, BOOK, {"pod": pod}, who, self.now, shown))

    @invariant()
    def it_is_finished_exactly_when_every_step_is_settled(self) -> None:
        if self.walk.outcome == "finished":
            assert self.walk.settled == len(self.walk.steps)
        elif self.walk.active:
            assert self.walk.settled < len(self.walk.steps)
        assert self.walk.active == (self.walk.ended_at is None)

    @invariant()
    def whose_turn_it_is_has_begun_and_is_not_settled(self) -> None:
        turn = walks.current_steps(self.walk)
        assert bool(turn) == self.walk.active
        assert all(mark.started_at is not None and not mark.settled for mark in turn)

    @invariant()
    def nobody_ever_approved_their_own_request(self) -> None:
        for mark in self.walk.steps:
            if mark.asked and mark.asked.answer is ApprovalStatus.APPROVED:
                assert mark.asked.answered_by != mark.asked.by

    @invariant()
    def nothing_that_needs_approval_is_done_without_it(self) -> None:
        for mark in self.walk.steps:
            if mark.needs_approval and mark.state in (
                StepStatus.DONE,
                StepStatus.SUCCEEDED,
                StepStatus.RUNNING,
                StepStatus.APPROVED,
            ):
                assert mark.asked is not None
                assert mark.asked.answer in walks.GRANTED

    @invariant()
    def a_step_waits_exactly_while_its_request_stands(self) -> None:
        for mark in self.walk.steps:
            stands = mark.asked is not None and mark.asked.answer is ApprovalStatus.WAITING
            assert (mark.state is StepStatus.WAITING) == stands

    @invariant()
    def timers_have_names_of_their_own(self) -> None:
        names = [timer.name for timer in timers.timers(self.walk)]
        assert len(set(names)) == len(names)

    @invariant()
    def every_entry_says_which_walk_and_what(self) -> None:
        assert all(entry.kind == "playbook" and entry.data["walk"] == 1 and entry.data["act"] for entry in self.entries)


TestWalked = Walked.TestCase
TestWalked.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
