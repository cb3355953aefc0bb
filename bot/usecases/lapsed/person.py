"""Handles a lapsed deadline: a person who was paged is paged by the next of their own methods."""

from __future__ import annotations

from bot.domain.deadlines import Deadline
from bot.domain.lapsed import person
from bot.domain.outcome import Outcome
from bot.usecases.unit_of_work import UnitOfWork


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """Let the domain decide, with the people and methods as they are now."""
    return person.decide(work.incident, deadline, await work.paging_context())
