"""Reopens an incident that has ended, in one transaction."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import incident as verbs
from bot.domain.incident import Change, Incident
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident
from bot.usecases.unit_of_work import UnitOfWork


async def reopen(context: Context, number: int, actor: str, reason: str, delivery: str | None = None) -> Incident:
    """Begin a new episode, under the policy that the incident was declared with."""

    def verb(work: UnitOfWork) -> Change:
        change = verbs.reopen(work.incident, actor, work.policy, work.now, reason)
        return replace(change, incident=replace(change.incident, live_nudge=None, live_pages=()))

    return await change_incident(context, number, "reopen", actor, verb, delivery)
