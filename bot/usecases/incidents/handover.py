"""Handover: offer a role, accept or decline it, and what happens when nobody answers."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.incident import Incident
from bot.domain.incident import handover as verbs
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.unit_of_work import locked_incident


async def offer(context: Context, number: int, role: str, to: str, actor: str, delivery: str | None = None) -> Incident:
    """The other gets a brief with two buttons; until they accept the first keeps the role."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "handover", actor, work.incident)
        change = verbs.offer(work.incident, role, to, actor, work.policy, work.now)
        asked = change.incident.handovers[-1]
        return await work.commit(change, routing.handover_asked(change.incident, asked))


async def accept(context: Context, number: int, offered: int, actor: str, delivery: str | None = None) -> Incident:
    async with locked_incident(context, number, delivery) as work:
        return await work.commit(verbs.accept(work.incident, offered, actor, work.policy, work.now))


async def decline(context: Context, number: int, offered: int, actor: str, delivery: str | None = None) -> Incident:
    async with locked_incident(context, number, delivery) as work:
        return await work.commit(verbs.decline(work.incident, offered, actor, work.policy, work.now))
