"""Handles a lapsed deadline: an incident was not acknowledged, or not mitigated, within its target.

The next rung (step) of the escalation ladder is paged at once.
"""

from __future__ import annotations

from bot.domain.deadlines import Deadline
from bot.domain.lapsed import missed_target
from bot.domain.outcome import Outcome
from bot.usecases.unit_of_work import UnitOfWork


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Look up who is on call now, and let the domain decide: page the next rung, or skip."""
    return missed_target.decide(work.incident, deadline, await work.paging_context())
