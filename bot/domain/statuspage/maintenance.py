"""Defines planned maintenance: how it is scheduled, and what happens by itself when its time comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.errors import Refused
from bot.domain.policy.policy import Policy
from bot.domain.statuspage.component_state import ComponentState
from bot.domain.statuspage.publication import (
    Publication,
    PublicationKind,
    PublicChange,
    PublicStatus,
    PublicUpdate,
    change,
    checked_message,
    checked_title,
    new_id,
)

REMINDED_BEFORE = timedelta(hours=1)
LONGEST = timedelta(days=30)
FURTHEST = timedelta(days=366)
BEGUN = "The maintenance has begun."
COMPLETE = "The maintenance is complete."


@dataclass(frozen=True, slots=True)
class NewMaintenance:
    """The maintenance that a person schedules."""

    title: str
    message: str
    components: Sequence[str]
    starts_at: datetime
    ends_at: datetime
    automatic: bool = True  # it begins and ends by itself
    remind: bool = True  # subscribers, before it begins
    silence: bool = False  # the alerts of the components' services, while it lasts


class Lapse(StrEnum):
    """The steps that maintenance takes by itself."""

    REMIND = "remind"
    BEGIN = "begin"
    COMPLETE = "complete"


def schedule(new: NewMaintenance, by: str, now: datetime) -> Publication:
    """Schedule maintenance. What should have begun already begins at once, by the next look at what is due."""
    if new.ends_at <= new.starts_at:
        raise Refused("Maintenance ends after it begins.")
    if new.ends_at <= now:
        raise Refused("That time is over. Choose one that is still to come.")
    if new.ends_at - new.starts_at > LONGEST or new.starts_at - now > FURTHEST:
        raise Refused(f"Maintenance lasts at most {LONGEST.days} days and begins within a year.")
    if not new.components:
        raise Refused("Name the components that the maintenance affects.")
    components = dict.fromkeys(new.components, ComponentState.UNDER_MAINTENANCE)
    first = PublicUpdate(new_id(), PublicStatus.SCHEDULED, checked_message(new.message), now, components)
    return Publication(
        id=new_id(), kind=PublicationKind.MAINTENANCE, title=checked_title(new.title), started_at=new.starts_at,
        created_at=now, updates=(first,), components=components, scheduled_for=new.starts_at,
        scheduled_until=new.ends_at, remind=new.remind, automatic=new.automatic, silence=new.silence, by=by,
    )  # fmt: skip


def due_at(publication: Publication) -> datetime | None:
    """When it next changes by itself; None if it never does."""
    if not publication.is_maintenance or publication.ended or not publication.scheduled_for:
        return None
    if publication.status is PublicStatus.SCHEDULED:
        reminder = publication.scheduled_for - REMINDED_BEFORE
        if publication.remind and publication.reminded_at is None and reminder > publication.created_at:
            return reminder
        return publication.scheduled_for if publication.automatic else None
    return publication.scheduled_until if publication.automatic else None


def lapse(publication: Publication, now: datetime) -> tuple[Publication, Lapse] | None:
    """The publication after its next due step; None if none is due. Call it again: after downtime more may be due."""
    due = due_at(publication)
    if due is None or due > now:
        return None
    if publication.status is not PublicStatus.SCHEDULED:
        return change(publication, PublicChange(COMPLETE, PublicStatus.COMPLETED), now), Lapse.COMPLETE
    if publication.scheduled_for and due < publication.scheduled_for:
        return replace(publication, reminded_at=now), Lapse.REMIND
    components = dict.fromkeys(publication.components, ComponentState.UNDER_MAINTENANCE)
    return change(publication, PublicChange(BEGUN, PublicStatus.IN_PROGRESS, components), now), Lapse.BEGIN


def services_of(publication: Publication, policy: Policy) -> list[str]:
    """The services of the affected components, whose alerts maintenance may silence."""
    service_keys = {
        key
        for component in policy.status_page.components
        if component.key in publication.components
        for key in component.services
    }
    for key, service in policy.services.items():
        if any(affected in publication.components for affected in service.components):
            service_keys.add(key)
    return sorted(service_keys)
