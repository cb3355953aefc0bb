"""A rung of the escalation ladder is due: page it, or page it again."""

from __future__ import annotations

from bot.domain.deadlines import Deadline
from bot.domain.lapsed import rung
from bot.domain.outcome import Outcome
from bot.usecases.unit_of_work import UnitOfWork
from storage import deadlines


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Only a rung above the first has others that may have to go before it."""
    waiting = await deadlines.waiting(work.conn, work.incident.number) if deadline.rung != 1 else []
    return rung.decide(work.incident, deadline, {row.dedup_key for row in waiting}, await work.paging_context())
