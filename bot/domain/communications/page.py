"""Records on the incident that its status page was told, beside the audiences of the policy."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from bot.domain.communications.stages import RESOLVED, START, STATUS_PAGE, UPDATE
from bot.domain.incident import Change, Incident, Told
from bot.domain.incident.impact import CUSTOMERS_TOLD
from bot.domain.timeline.entry import Entry


def page_told(incident: Incident, entries: tuple[Entry, ...], now: datetime, *, resolved: bool) -> Change:
    """The page now tells the incident as it is; `resolved`: that it is over."""
    before = incident.told.get(STATUS_PAGE.key)
    told = Told(
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
    return Change(replace(incident, told={**incident.told, STATUS_PAGE.key: told}, facts=facts), entries)


def on_the_page(incident: Incident) -> bool:
    """Whether the page tells of this incident and does not say yet that it is over."""
    told = incident.told.get(STATUS_PAGE.key)
    return told is not None and told.stage != RESOLVED
