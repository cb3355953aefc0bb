"""How a job leaves its step."""

from __future__ import annotations

import pytest

from bot.domain.playbook import job_results, steps
from bot.domain.playbook.run import (
    StepStatus,
)
from tests.domain.playbook.runs import current_keys, new_run
from tests.domain.policies import MINUTE, NOON


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
def test_a_job_leaves_its_step_as_it_ended(outcome: str, action: str, state: StepStatus) -> None:
    run = job_results.record_start(new_run(), "1.1", "j1", "UA", NOON, action).run
    assert run.step("1.1").state is StepStatus.RUNNING
    run = job_results.record_end(run, "1.1", "j1", outcome, "exit code 1", NOON + MINUTE).run
    assert run.step("1.1").state is state
    again = job_results.record_end(
        run, "1.1", "j1", "succeeded", "", NOON + MINUTE
    )  # of a job that is not its own any more
    assert again.run == run


def test_an_interrupted_job_waits_for_a_person() -> None:
    run = job_results.record_start(new_run(), "1.1", "j1", "UA", NOON).run
    run = job_results.may_have_run(run, "1.1", "j1", "", NOON).run
    assert (run.step("1.1").state, current_keys(run)) == (StepStatus.MAY_HAVE_RUN, ["1.1", "1.2"])
    assert job_results.settle_uncertain(run, "1.1", "j1", True, "UB", NOON).run.step("1.1").state is StepStatus.DONE
    assert job_results.settle_uncertain(run, "1.1", "j1", False, "UB", NOON).run.step("1.1").state is StepStatus.OPEN
    assert steps.complete(run, "1.1", "UB", NOON).run.step("1.1").state is StepStatus.DONE
