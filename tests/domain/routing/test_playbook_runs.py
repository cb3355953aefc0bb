"""Notices of playbook runs."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.playbook import approvals
from tests.domain.playbook.runs import HALF_HOUR, SHOWN, run_with_done
from tests.domain.policies import NOON


def test_a_request_is_closed_everywhere_it_was_posted() -> None:
    run = approvals.request(
        run_with_done("1.1", "1.2", "1.3"), "2.1", "do", SHOWN, "UA", HALF_HOUR, NOON, people=("UB", "dba@example.com")
    ).run
    asked = run.step("2.1").asked
    assert asked is not None
    dedup_keys = ["approval:1:1:1:channel", "approval:1:1:1:dm:UB", "approval:1:1:1:dm:dba@example.com"]
    assert [notice.dedup_key for notice in routing.playbook_runs.approval_requested(run, asked)] == dedup_keys
    over = approvals.approve(run, "2.1", 1, "UB", NOON).run
    assert [notice.dedup_key for notice in routing.playbook_runs.requests_settled(run, over)] == [
        f"settle:{dedup_key}" for dedup_key in dedup_keys
    ]
    assert routing.playbook_runs.requests_settled(run, run) == []
