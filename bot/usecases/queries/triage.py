"""Triage: what is known at declare that may help. Similar incidents, what is touched, where it may come from, help."""

from __future__ import annotations

from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.triage import service_catalog
from bot.domain.triage.triage import Triage
from bot.domain.values import tokenizer
from bot.usecases.context import Context
from bot.usecases.effects import search_index
from storage import incidents

OPEN_INCIDENTS = 200  # open incidents that are looked through for causes


async def gather_triage(context: Context, incident: Incident, policy: Policy) -> Triage:
    """As everybody in the incident's channel may see it: nothing of other private incidents."""
    now = context.clock.now()
    affected = tuple(key for key in incident.services if key in policy.services)
    guessed = () if incident.services else services_in_title(incident, policy)
    looked_at = affected or guessed
    async with context.database.reading() as conn:
        alike = await search_index.similar_to(conn, incident, now)
        running = (
            await incidents.newest(conn, open_only=True, limit=OPEN_INCIDENTS, private=False) if policy.services else []
        )
    others = [one for one in running if one.number != incident.number and not one.drill]
    contacts, links = service_catalog.contacts_and_links(policy, looked_at)
    known = (await context.playbook_library.library()).by_id if any(one.fix for one in alike) else {}
    fixes = dict.fromkeys(one.fix.playbook for one in alike if one.fix)
    return Triage(
        similar=tuple(alike),
        affected=looked_at,
        affected_guessed=bool(guessed),
        radius=service_catalog.dependents(policy.services, looked_at),
        causes=service_catalog.probable_causes(policy.services, looked_at, others, alike, now),
        contacts=contacts,
        links=tuple(links.items()),
        playbooks=tuple(known[name] for name in fixes if name in known),
    )


def services_in_title(incident: Incident, policy: Policy) -> tuple[str, ...]:
    """Services that the title names."""
    names = {
        key: [frozenset(tokenizer.terms(name)) for name in (key, service.name) if name]
        for key, service in policy.services.items()
    }
    return service_catalog.mentioned_services(names, tokenizer.terms(incident.title))
