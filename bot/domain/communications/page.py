"""Records on the incident what its status page says, beside what the audiences of the policy were told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.communications.stages import RESOLVED, START, STATUS_PAGE, UPDATE
from bot.domain.incident import AudienceMessage, Change, Incident
from bot.domain.incident.impact import CUSTOMERS_TOLD
from bot.domain.incident.status import Status
from bot.domain.statuspage.publication import PublicStatus
from bot.domain.timeline.entry import Entry


def record_status_page(incident: Incident, entries: tuple[Entry, ...], now: datetime, *, resolved: bool) -> Change:
    """The status page now shows the incident as it is; with `resolved`, that it is over."""
    before = incident.told.get(STATUS_PAGE.key)
    latest = AudienceMessage(
        at=now,
        stage=RESOLVED if resolved else START if before is None else UPDATE,
        number=(before.number if before else 0) + 1,
        update=incident.updates,
        status=str(incident.status),
        severity=incident.severity,
        episode=incident.episode,
        services=incident.services,
    )
    facts = {**incident.facts, CUSTOMERS_TOLD: True}
    return Change(replace(incident, told={**incident.told, STATUS_PAGE.key: latest}, facts=facts), entries)


def public_status(incident: Incident) -> PublicStatus:
    """The status that the page proposes for an incident as it is."""
    if not incident.open:
        return PublicStatus.RESOLVED
    match incident.status:
        case Status.IDENTIFIED | Status.MITIGATING:
            return PublicStatus.IDENTIFIED
        case Status.MONITORING:
            return PublicStatus.MONITORING
    return PublicStatus.INVESTIGATING


def on_the_page(incident: Incident) -> bool:
    """Whether the status page shows this incident as running."""
    latest = incident.told.get(STATUS_PAGE.key)
    return latest is not None and latest.stage != RESOLVED
