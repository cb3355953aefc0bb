"""Triage: what is known at declare that may help. Similar incidents, what is touched, where it may come from, help."""

from __future__ import annotations

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.triage import service_catalog
from bot.domain.triage.triage import Triage
from bot.usecases.context import Context
from bot.usecases.effects import search_index
from playbooks import tokenizer
from storage import incidents

OPEN = 200  # open incidents that are looked through for causes


async def of(context: Context, incident: Incident, policy: Policy) -> Triage:
    """As everybody in the incident's channel may see it: nothing of other private incidents."""
    now = context.clock.now()
    affected = tuple(key for key in incident.services if key in policy.services)
    guessed = () if incident.services else named(incident, policy)
    looked_at = affected or guessed
    async with context.database.reading() as conn:
        alike = await search_index.to(conn, incident, now)
        running = await incidents.newest(conn, open_only=True, limit=OPEN, private=False) if policy.services else []
    others = [one for one in running if one.number != incident.number and not one.drill]
    contacts, links = service_catalog.help_for(policy, looked_at)
    known = (await context.library_cache.library()).by_id if any(one.fix for one in alike) else {}
    fixes = dict.fromkeys(one.fix.playbook for one in alike if one.fix)
    return Triage(
        similar=tuple(alike),
        affected=looked_at,
        guessed=bool(guessed),
        radius=service_catalog.dependants(policy.services, looked_at),
        causes=service_catalog.causes(policy.services, looked_at, others, alike, now),
        contacts=contacts,
        links=tuple(links.items()),
        playbooks=tuple(known[name] for name in fixes if name in known),
    )


def named(incident: Incident, policy: Policy) -> tuple[str, ...]:
    """Services that the title names."""
    names = {
        key: [frozenset(tokenizer.terms(name)) for name in (key, service.name) if name]
        for key, service in policy.services.items()
    }
    return service_catalog.mentioned(names, tokenizer.terms(incident.title))
