"""Handles a lapsed deadline: nobody answered a request for approval in time, so the request expires.

People may make the request again.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain.deadlines import Deadline, DeadlineState
from bot.domain.lapsed.reminder_reason import late_by
from bot.domain.outcome import LedgerDecision, Outcome
from bot.domain.playbook import approvals
from bot.domain.routing.keys import ApprovalSubject
from bot.usecases.playbooks.unit_of_work import load_run, save_run
from bot.usecases.unit_of_work import UnitOfWork


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """End the request, if it is still the step's current one."""
    subject = deadline.about(ApprovalSubject)
    run, _ = await load_run(work.conn, work.incident.number, subject.run)
    outcome = await save_run(work, approvals.expire(run, subject.step, subject.request, work.now))
    reason = f"expired unanswered{late_by(work.now - deadline.due_at, None)}"
    return replace(outcome, ledger=(LedgerDecision(deadline.dedup_key, DeadlineState.SKIPPED, reason),))
