"""Which steps are current, when a run ends, and which actions are refused."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.domain.errors import Refused
from bot.domain.playbook import approvals, job_results, lifecycle, steps
from bot.domain.playbook.run import (
    PlaybookRun,
    RunChange,
    StepAlreadySettled,
)
from tests.domain.playbook.runs import BOOK, HALF_HOUR, awaiting_approval, current_keys, new_run, run_with_done
from tests.domain.policies import MINUTE, NOON


def test_a_run_begins_with_the_first_step_and_its_parallel_ones() -> None:
    change = lifecycle.open_run(1, 1, BOOK, "UA", NOON)
    assert current_keys(change.run) == ["1.1", "1.2"]
    assert [step.started_at for step in change.run.steps] == [NOON, NOON, None, None, None]
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
def test_a_step_becomes_current_when_all_before_it_are_settled(done: list[str], expected: list[str]) -> None:
    assert current_keys(run_with_done(*done)) == expected


def test_settling_the_last_step_finishes_the_run() -> None:
    run = approvals.approve(awaiting_approval(), "2.1", 1, "UB", NOON).run
    run = steps.complete(run, "2.1", "UA", NOON).run
    change = steps.skip(run, "2.2", "UB", NOON, "Nothing to check")
    assert (change.run.outcome, change.run.ended_by, current_keys(change.run)) == ("finished", "UB", [])
    assert [entry.data["act"] for entry in change.entries] == ["skipped", "finished"]
    assert change.entries[-1].text == "Failover: finished, 4 of 5 steps done"


def test_the_second_person_is_told_who_was_faster() -> None:
    with pytest.raises(StepAlreadySettled) as raised:
        steps.complete(run_with_done("1.1"), "1.1", "UB", NOON + 2 * MINUTE)
    assert (raised.value.step.by, raised.value.step.at) == ("UA", NOON + MINUTE)


def running() -> PlaybookRun:
    return job_results.record_start(new_run(), "1.1", "j", "UA", NOON).run


REFUSED: list[tuple[str, Callable[[], RunChange]]] = [
    ("approval first", lambda: steps.complete(run_with_done("1.1", "1.2", "1.3"), "2.1", "UA", NOON)),
    ("waits for approval", lambda: steps.complete(awaiting_approval(), "2.1", "UB", NOON)),
    ("somebody else has to give it", lambda: approvals.approve(awaiting_approval(), "2.1", 1, "UA", NOON)),
    ("That request has ended", lambda: approvals.approve(awaiting_approval(), "2.1", 2, "UB", NOON)),
    ("Say why", lambda: approvals.break_glass(awaiting_approval(), "2.1", 1, "UA", NOON, "  ")),
    ("Say why", lambda: steps.skip(new_run(), "1.1", "UA", NOON, " ")),
    ("Say why", lambda: lifecycle.abandon(new_run(), "UA", NOON, "")),
    ("needs no approval", lambda: approvals.request(new_run(), "1.1", "do", ("x",), "UA", HALF_HOUR, NOON)),
    ("has no step 9.9", lambda: steps.complete(new_run(), "9.9", "UA", NOON)),
    ("nothing to reopen", lambda: steps.reopen(new_run(), "1.1", "UA", NOON)),
    ("is not finished", lambda: lifecycle.judge(new_run(), True, "UA", NOON)),
    ("approval first", lambda: job_results.record_start(run_with_done("1.1", "1.2", "1.3"), "2.1", "j", "UA", NOON)),
    ("was stopped", lambda: steps.complete(lifecycle.abandon(new_run(), "UA", NOON, "wrong").run, "1.1", "UA", NOON)),
    ("is running", lambda: steps.complete(running(), "1.1", "UA", NOON)),
    ("must be a name", lambda: lifecycle.fill(new_run(), BOOK, {"pod": "x; rm -rf /"}, "UA", NOON, {})),
    ("has no parameter", lambda: lifecycle.fill(new_run(), BOOK, {"other": "x"}, "UA", NOON, {})),
]  # fmt: skip


@pytest.mark.parametrize(("words", "act"), REFUSED, ids=[f"{i}-{case[0]}" for i, case in enumerate(REFUSED)])
def test_impossible_actions_are_refused_with_a_reason(words: str, act: Callable[[], RunChange]) -> None:
    with pytest.raises(Refused, match=words):
        act()


def test_a_reopened_step_is_current_with_its_full_time() -> None:
    run = run_with_done("1.1", "1.2", "1.3")
    later = NOON + 9 * MINUTE
    again = steps.reopen(run, "1.3", "UB", later).run
    assert current_keys(again) == ["1.3"]
    assert (again.step("1.3").started_at, again.step("1.3").turns) == (later, 2)
