"""Handles a lapsed deadline: a rung (step) of the escalation ladder is due, so its people are paged."""

from __future__ import annotations

from bot.domain.deadlines import Deadline
from bot.domain.lapsed import rung
from bot.domain.outcome import Outcome
from bot.usecases.unit_of_work import UnitOfWork
from storage import deadlines


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Read which lower rungs still wait, which only a rung above the first can have, and let the domain decide."""
    waiting = await deadlines.waiting(work.conn, work.incident.number) if deadline.rung != 1 else []
    return rung.decide(work.incident, deadline, {row.dedup_key for row in waiting}, await work.paging_context())
