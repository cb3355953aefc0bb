"""Handles a lapsed deadline: a trigger is due, so the people whom it names are paged.

A trigger is a reason to page beside the escalation ladder, such as lost data.
"""

from __future__ import annotations

from bot.domain.deadlines import Deadline
from bot.domain.lapsed import trigger
from bot.domain.outcome import Outcome
from bot.usecases.unit_of_work import UnitOfWork


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Look up who is on call now, and let the domain decide: page the trigger's people, or skip."""
    return trigger.decide(work.incident, deadline, await work.paging_context())
