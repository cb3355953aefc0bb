"""Locks an incident, checks the person's permission, applies a change of the domain, and commits it."""

from __future__ import annotations

from collections.abc import Callable

from bot.domain.incident import Change, Incident
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.unit_of_work import UnitOfWork, locked_incident


async def change_incident(
    context: Context,
    number: int,
    action: str | None,
    actor: str,
    verb: Callable[[UnitOfWork], Change],
    delivery: str | None,
) -> Incident:
    """Apply `verb` and return the incident as saved. `action` is the permission needed; None: everyone has it."""
    async with locked_incident(context, number, delivery) as work:
        if action is not None:
            authorize.require(context, action, actor, work.incident)
        return await work.commit(verb(work))
