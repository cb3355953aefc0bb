"""Deadlines of steps and of requests for approval."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.deadlines import plan
from bot.domain.incident import NewIncident, declare, resolve
from bot.domain.playbook import approvals, lifecycle, steps, timers
from bot.domain.playbook.run import (
    PlaybookRun,
)
from tests.domain.playbook.runs import awaiting_approval, new_run, run_with_done
from tests.domain.policies import MINUTE, NOON, POLICY


def due(run: PlaybookRun) -> list[tuple[str, timedelta]]:
    incident = declare(1, NewIncident("Checkout", "fatal", "UR"), POLICY, NOON).incident
    incident = replace(incident, walks=(timers.run_summary(run, "the last thing"),))
    return [(one.dedup_key, one.due_at - NOON) for one in plan(incident, POLICY) if one.kind == "playbook"]


def test_a_steps_timer_starts_when_it_becomes_current() -> None:
    assert due(new_run()) == [("step:1:1:1:1.1:1:0", MINUTE), ("step:1:1:1:1.2:1:0", 2 * MINUTE)]
    assert due(run_with_done("1.1")) == [("step:1:1:1:1.2:1:0", 2 * MINUTE)]
    assert due(run_with_done("1.1", "1.2")) == [("step:1:1:1:1.3:1:0", 3 * MINUTE)]


def test_the_commander_gets_the_second_and_last_reminder() -> None:
    run = timers.record_reminder(new_run(), "1.1", "UA", "step:1:1:1:1.1:1:0", NOON + MINUTE).run
    assert due(run)[0] == ("step:1:1:1:1.1:1:1", 6 * MINUTE)
    run = timers.record_reminder(run, "1.1", "UB", "step:1:1:1:1.1:1:1", NOON + 6 * MINUTE).run
    assert [dedup_key for dedup_key, _ in due(run)] == ["step:1:1:1:1.2:1:0"]
    assert run.step("1.1").reminders == ("step:1:1:1:1.1:1:1",)
    assert steps.complete(run, "1.1", "UA", NOON).run.step("1.1").reminders == ()


def test_a_new_holder_gets_the_full_time() -> None:
    run = steps.assign(new_run(), "1.1", "UC", "UA", NOON + MINUTE).run
    assert due(run)[0] == ("step:1:1:1:1.1:2:0", 2 * MINUTE)
    assert steps.assign(run, "1.1", "UC", "UA", NOON).entries == ()


def test_a_step_that_waits_for_approval_has_no_timer_of_its_own() -> None:
    assert due(awaiting_approval()) == [("approval:1:1:1:2.1:1", 32 * MINUTE)]
    assert [dedup_key for dedup_key, _ in due(approvals.approve(awaiting_approval(), "2.1", 1, "UB", NOON).run)] == [
        "step:1:1:1:2.1:2:0"
    ]


def test_timers_end_with_the_run_and_the_incident() -> None:
    assert due(lifecycle.abandon(new_run(), "UA", NOON, "wrong").run) == []
    incident = declare(1, NewIncident("Checkout", "fatal", "UR"), POLICY, NOON).incident
    incident = replace(incident, walks=(timers.run_summary(new_run()),))
    assert plan(resolve(incident, "UR", NOON).incident, POLICY) == ()
