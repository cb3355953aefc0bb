"""Hands a role over: offers it to a person, who accepts or declines. Each is one transaction."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.incident import Incident
from bot.domain.incident import handover as verbs
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.unit_of_work import locked_incident


async def offer(context: Context, number: int, role: str, to: str, actor: str, delivery: str | None = None) -> Incident:
    """Send `to` a request with two buttons. The holder keeps the role until `to` accepts."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "handover", actor, work.incident)
        change = verbs.offer(work.incident, role, to, actor, work.policy, work.now)
        return await work.commit(change, routing.handover_offered(change.incident, change.incident.handovers[-1]))


async def accept(context: Context, number: int, offered: int, actor: str, delivery: str | None = None) -> Incident:
    """Give the actor the offered role. Raises `Refused` unless the offer is open and theirs."""
    async with locked_incident(context, number, delivery) as work:
        return await work.commit(verbs.accept(work.incident, offered, actor, work.policy, work.now))


async def decline(context: Context, number: int, offered: int, actor: str, delivery: str | None = None) -> Incident:
    """End the offer; the role stays with its holder. Raises `Refused` unless the offer is open and the actor's."""
    async with locked_incident(context, number, delivery) as work:
        return await work.commit(verbs.decline(work.incident, offered, actor, work.policy, work.now))
