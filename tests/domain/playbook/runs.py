"""A playbook of two phases, and runs of it in several states, for the tests of this folder."""

from __future__ import annotations

from datetime import date

from bot.domain.playbook import approvals, lifecycle, steps
from bot.domain.playbook.definition import Command, Parameter, Phase, Playbook, Step
from bot.domain.playbook.run import (
    PlaybookRun,
    current_steps,
)
from tests.domain.policies import MINUTE, NOON

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


def new_run() -> PlaybookRun:
    return lifecycle.open_run(1, 1, BOOK, "UA", NOON).run


def run_with_done(*keys: str) -> PlaybookRun:
    run = new_run()
    for key in keys:
        run = steps.complete(run, key, "UA", NOON + MINUTE).run
    return run


def awaiting_approval() -> PlaybookRun:
    return approvals.request(
        run_with_done("1.1", "1.2", "1.3"), "2.1", "do", SHOWN, "UA", HALF_HOUR, NOON + 2 * MINUTE
    ).run


def current_keys(run: PlaybookRun) -> list[str]:
    return [step.key for step in current_steps(run)]
