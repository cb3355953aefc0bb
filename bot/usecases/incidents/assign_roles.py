"""Gives roles of an incident to people, several in one transaction."""

from __future__ import annotations

from bot.domain import incident as verbs
from bot.domain.incident import Change, Incident
from bot.domain.timeline.entry import Entry
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident
from bot.usecases.unit_of_work import UnitOfWork


async def assign_roles(
    context: Context, number: int, holders: dict[str, str | None], actor: str, delivery: str | None = None
) -> Incident:
    """Give roles to people; None clears a role. A role that stays the same gets no entry."""

    def verb(work: UnitOfWork) -> Change:
        incident: Incident = work.incident
        entries: list[Entry] = []
        for role, user in holders.items():
            change = (
                verbs.assign(incident, role, user, actor, work.policy, work.now)
                if user
                else verbs.clear_role(incident, role, actor, work.policy, work.now)
            )
            incident, entries = change.incident, [*entries, *change.entries]
        return Change(incident, tuple(entries))

    return await change_incident(context, number, "role", actor, verb, delivery)
