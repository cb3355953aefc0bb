"""Collects facts about a group of alerts, for its card."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.alerts.group import AlertGroup
from bot.domain.policy.policy import Policy
from bot.domain.triage import service_catalog
from bot.domain.triage.alert_facts import AlertFacts
from bot.domain.triage.similarity import SimilarityQuery
from bot.domain.values import tokenizer
from bot.usecases.context import Context
from bot.usecases.queries import search
from bot.usecases.search_index import unique_terms
from playbooks.search import Query
from storage import incidents
from storage.alerts import changes

CHANGED_WITHIN = timedelta(hours=2)
MOST_CHANGES, MOST_SIMILAR, MOST_PLAYBOOKS = 3, 2, 2
MOST_SERVICES = 50  # whose changes are searched


async def gather(context: Context, group: AlertGroup) -> AlertFacts:
    """Everything that the card shows apart from the alerts themselves."""
    policy, now = context.policy, context.clock.now()
    services = [key for key in group.services if key in policy.services]
    near = [*services, *(reach.key for reach in service_catalog.dependencies(policy.services, services))]
    labels = dict(group.labels)
    text = f"{group.title} {labels.get('alertname', '')}".strip()
    query = SimilarityQuery(unique_terms(text), services=group.services, words=tokenizer.terms_as_typed(text))
    async with context.database.reading() as conn:
        similar = await search.similar_by(
            conn, query, now, MOST_SIMILAR, without=() if group.incident is None else (group.incident,)
        )
        changed = await changes.changes_before(
            conn, near[:MOST_SERVICES], group.started_at, CHANGED_WITHIN, MOST_CHANGES
        )
        previous = await incidents.get(conn, group.previous) if group.previous is not None else None
    owners, links = service_catalog.contacts_and_links(policy, services)
    schedules = dict.fromkeys(policy.services[key].schedule for key in services)
    return AlertFacts(
        owners=owners,
        on_call=tuple(name for name in schedules if name is not None),
        links=tuple(links.items()),
        changes=tuple(changed),
        similar=tuple(similar),
        playbooks=await _playbooks(context, group, policy, text),
        previous=previous if previous is not None and not previous.private and not previous.open else None,
    )


async def _playbooks(context: Context, group: AlertGroup, policy: Policy, text: str) -> tuple[str, ...]:
    preferred = [name for key in group.services if (service := policy.services.get(key)) for name in service.playbooks]
    query = Query(
        text=text,
        severity=group.severity,
        severities=[level.key for level in policy.severities],
        services=group.services,
        labels=dict(group.labels),
        preferred=preferred,
    )
    hits = await context.playbook_library.find(query, MOST_PLAYBOOKS)
    return tuple(hit.playbook.name for hit in hits if hit.worth_listing)
