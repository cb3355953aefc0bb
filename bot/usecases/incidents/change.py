"""Lock an incident, see that the person may change it, apply a change of the domain, and commit."""

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
    """`action` is the permission that the actor needs; None: everyone has it."""
    async with locked_incident(context, number, delivery) as work:
        if action is not None:
            authorize.require(context, action, actor, work.incident)
        return await work.commit(verb(work))
