"""Statistics of runs, owners and due reviews."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from bot.domain.playbook import approvals, lifecycle, steps
from bot.domain.playbook.run import (
    PlaybookRun,
)
from bot.domain.playbook.stats import owner_of, review_due, run_stats, stats_line
from bot.domain.policy.policy import Contact
from tests.domain.playbook.runs import BOOK, HALF_HOUR, SHOWN, new_run
from tests.domain.policies import MINUTE, NOON


def finished_run(minutes: int, *, helped: bool | None = None, skip: bool = False, drill: bool = False) -> PlaybookRun:
    run = lifecycle.open_run(1, 1, BOOK, "UA", NOON, drill=drill).run
    for key in ("1.1", "1.2", "1.3"):
        run = steps.skip(run, key, "UA", NOON, "no").run if skip else steps.complete(run, key, "UA", NOON).run
    run = approvals.request(run, "2.1", "do", SHOWN, "UA", HALF_HOUR, NOON).run
    run = steps.complete(approvals.approve(run, "2.1", 1, "UB", NOON).run, "2.1", "UA", NOON).run
    run = steps.complete(run, "2.2", "UA", NOON + minutes * MINUTE).run
    return run if helped is None else lifecycle.judge(run, helped, "UA", NOON).run


def test_stats_count_real_runs_and_no_drills() -> None:
    told = [finished_run(10), finished_run(20, helped=True, skip=True), finished_run(40, helped=False), new_run()]
    told += [lifecycle.abandon(new_run(), "UA", NOON, "wrong").run, finished_run(500, drill=True)]
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
def test_a_review_is_due_once_per_period(every: timedelta | None, today: date, periods: int | None) -> None:
    assert review_due(BOOK, every, today) == periods


def test_the_owner_is_the_contact_with_that_key_or_name() -> None:
    dba, cto = Contact("dba", "Database"), Contact("cto")
    assert owner_of(BOOK, {"cto": cto, "dba": dba}) is dba
    assert owner_of(replace(BOOK, owner="CTO"), {"cto": cto}) is cto
    assert owner_of(replace(BOOK, owner=""), {"cto": cto}) is None
