"""Requests for approval: each is answered once, and applies to exactly the commands shown."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bot.domain.errors import Refused
from bot.domain.playbook import approvals, lifecycle, steps
from bot.domain.playbook.run import (
    ApprovalStatus,
    RunChange,
    StepStatus,
    pending_approvals,
)
from tests.domain.playbook.runs import BOOK, HALF_HOUR, SHOWN, awaiting_approval, current_keys, run_with_done
from tests.domain.policies import MINUTE, NOON


@pytest.mark.parametrize(
    ("answered", "state", "answer"),
    [
        (
            lambda: approvals.approve(awaiting_approval(), "2.1", 1, "UB", NOON),
            StepStatus.APPROVED,
            ApprovalStatus.APPROVED,
        ),
        (
            lambda: approvals.refuse(awaiting_approval(), "2.1", 1, "UB", NOON, "no"),
            StepStatus.OPEN,
            ApprovalStatus.REFUSED,
        ),
        (lambda: approvals.refuse(awaiting_approval(), "2.1", 1, "UA", NOON), StepStatus.OPEN, ApprovalStatus.REFUSED),
        (
            lambda: approvals.break_glass(awaiting_approval(), "2.1", 1, "UA", NOON, "alone"),
            StepStatus.APPROVED,
            ApprovalStatus.BREAK_GLASS,
        ),
        (lambda: approvals.expire(awaiting_approval(), "2.1", 1, NOON), StepStatus.OPEN, ApprovalStatus.EXPIRED),
    ],
)
def test_a_request_is_answered_once(
    answered: Callable[[], RunChange], state: StepStatus, answer: ApprovalStatus
) -> None:
    change = answered()
    step = change.run.step("2.1")
    assert step.asked is not None
    assert (step.state, step.asked.answer, change.entries[0].key) == (state, answer, True)
    assert change.entries[0].data["shown"] == list(SHOWN)
    assert pending_approvals(change.run) == ()
    with pytest.raises(Refused):
        approvals.approve(change.run, "2.1", 1, "UC", NOON)


def test_a_change_of_the_commands_voids_the_approval() -> None:
    run = approvals.approve(awaiting_approval(), "2.1", 1, "UB", NOON).run
    same = lifecycle.fill(run, BOOK, {"pod": "db-0"}, "UA", NOON, {"2.1": SHOWN})
    assert (same.run, same.entries) == (run, ())
    other = lifecycle.fill(run, BOOK, {"pod": "db-1"}, "UA", NOON, {"2.1": ("promote db-1",)})
    step = other.run.step("2.1")
    assert step.asked is not None
    assert (step.state, step.asked.answer) == (StepStatus.OPEN, ApprovalStatus.WITHDRAWN)
    with pytest.raises(Refused, match="approval first"):
        steps.complete(other.run, "2.1", "UA", NOON)


def test_an_approval_counts_once_and_for_its_action_only() -> None:
    """Of taking back it is none of doing; and what was taken back is asked for anew."""
    done = steps.complete(
        approvals.approve(awaiting_approval(), "2.1", 1, "UB", NOON + 3 * MINUTE).run, "2.1", "UA", NOON + 4 * MINUTE
    )
    back = approvals.request(done.run, "2.1", "rollback", SHOWN, "UA", HALF_HOUR, NOON + 4 * MINUTE).run
    back = approvals.approve(back, "2.1", 2, "UB", NOON + 4 * MINUTE).run
    again = steps.roll_back(done.run, "2.1", "UA", NOON + 5 * MINUTE).run
    for run in (back, again):
        with pytest.raises(Refused, match="approval"):
            steps.complete(run, "2.1", "UA", NOON + 6 * MINUTE)


def test_a_step_is_undone_only_after_it_was_done() -> None:
    """An open step has nothing to undo, approved or not; a step that was skipped neither."""
    approved = approvals.approve(awaiting_approval(), "2.1", 1, "UB", NOON).run
    skipped = steps.skip(approved, "2.1", "UA", NOON, "not needed").run
    for run in (run_with_done("1.1", "1.2", "1.3"), awaiting_approval(), approved, skipped):
        assert not run.step("2.1").undoable
        with pytest.raises(Refused, match="nothing to roll back"):
            steps.roll_back(run, "2.1", "UA", NOON)
        if run.step("2.1").state is not StepStatus.WAITING:
            with pytest.raises(Refused, match="nothing to roll back"):
                approvals.request(run, "2.1", "rollback", SHOWN, "UA", HALF_HOUR, NOON)
    done = steps.complete(approved, "2.1", "UA", NOON).run
    assert done.step("2.1").undoable
    assert steps.roll_back(done, "2.1", "UA", NOON).run.step("2.1").state is StepStatus.ROLLED_BACK


def test_a_refused_rollback_leaves_the_step_done() -> None:
    run = approvals.approve(awaiting_approval(), "2.1", 1, "UB", NOON).run
    run = steps.complete(run, "2.1", "UA", NOON).run
    run = steps.complete(run, "2.2", "UA", NOON).run
    asked = approvals.request(run, "2.1", "rollback", ("demote",), "UC", HALF_HOUR, NOON).run
    assert (asked.outcome, current_keys(asked)) == (None, ["2.1"])
    refused = approvals.refuse(asked, "2.1", 2, "UB", NOON, "leave it").run
    step = refused.step("2.1")
    assert (step.state, step.by, refused.outcome) == (StepStatus.DONE, "UA", "finished")
