"""Collects hints for a new incident: similar incidents, affected services, probable causes, links."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.actions.item import prevents
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.triage import service_catalog
from bot.domain.triage.probable_causes import Evidence, probable_causes
from bot.domain.triage.triage import Triage
from bot.domain.values import tokenizer
from bot.usecases.context import Context
from bot.usecases.queries import search
from storage import actions, incidents
from storage.alerts import changes, groups

SUSPECTS = 50  # services that the affected ones depend on, the nearest first
CHANGED_WITHIN = timedelta(hours=2)  # before the start
MOST_CHANGES, MOST_FIRING, SHOWN_FIRING = 20, 1000, 20
OPEN_INCIDENTS = 200  # at these services
UNFINISHED = 100  # action items of similar incidents


async def gather_triage(context: Context, incident: Incident, policy: Policy) -> Triage:
    """Gather the hints. Everyone in the channel may see them, so no other private incident is included."""
    now = context.clock.now()
    affected = tuple(key for key in incident.services if key in policy.services)
    guessed = () if incident.services else services_in_title(incident, policy)
    services = affected or guessed
    reached = service_catalog.dependencies(policy.services, services)[:SUSPECTS]
    distances = {key: 0 for key in services} | {reach.key: reach.distance for reach in reached}
    started_at = incident.detected_at or incident.declared_at
    async with context.database.reading() as conn:
        similar = await search.similar_to(conn, incident, now)
        changed = await changes.changes_before(conn, distances, started_at, CHANGED_WITHIN, MOST_CHANGES)
        alerting = await groups.firing(conn, MOST_FIRING) if distances else []
        unfinished = await actions.unfinished_items(conn, [match.incident.number for match in similar], UNFINISHED)
        running = await _open_at_dependencies(conn, policy, services)
    firing = [group for group in alerting if distances.keys() & {*group.services}][:SHOWN_FIRING]
    others = [group for group in firing if group.incident != incident.number]  # its own have a message of their own
    other_incidents = [match for match in running if match.number != incident.number and not match.drill]
    contacts, links = service_catalog.contacts_and_links(policy, services)
    library = (await context.playbook_library.library()).by_id if any(match.fix for match in similar) else {}
    fixes = dict.fromkeys(match.fix.playbook for match in similar if match.fix)
    causes = service_catalog.probable_causes(policy.services, services, other_incidents, similar, now)
    clues = Evidence(started_at, distances, changed, firing, causes, similar)
    return Triage(
        firing=tuple(others),
        changes=tuple(changed),
        probable=probable_causes(clues),
        started_at=started_at,
        similar=tuple(similar),
        affected=services,
        affected_guessed=bool(guessed),
        radius=service_catalog.dependents(policy.services, services),
        causes=causes,
        contacts=contacts,
        links=tuple(links.items()),
        unfinished=tuple(item for item in unfinished if prevents(item)),
        playbooks=tuple(library[name] for name in fixes if name in library),
    )


async def _open_at_dependencies(conn: AsyncConnection, policy: Policy, services: Sequence[str]) -> list[Incident]:
    """The open incidents at services that the affected ones depend on. Private ones are left out."""
    suspects = [reach.key for reach in service_catalog.dependencies(policy.services, services)][:SUSPECTS]
    if not suspects:
        return []
    incident_filter = incidents.IncidentFilter(open_only=True, private=False, naming=frozenset(suspects))
    return await incidents.find(conn, incident_filter, (), OPEN_INCIDENTS)


def services_in_title(incident: Incident, policy: Policy) -> tuple[str, ...]:
    """The services that the incident's title names."""
    terms = {
        key: [frozenset(tokenizer.terms(name)) for name in (key, service.name) if name]
        for key, service in policy.services.items()
    }
    return service_catalog.mentioned_services(terms, tokenizer.terms(incident.title))
