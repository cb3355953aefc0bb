"""Defines a publication: what a person has told the public about an incident or about planned maintenance.

It holds nothing but the words of the person who published it; it never takes a title or a text from the incident.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.domain.errors import Refused
from bot.domain.statuspage.component_state import ComponentState, worst

TITLE_LENGTH = 200
MESSAGE_LENGTH = 5000
IMPACT_LENGTH = 500
MOST_UPDATES = 500
REMINDER = "reminder"  # a reference: subscribers are reminded of the newest update
_UNSEEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_ID_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


class PublicationKind(StrEnum):
    """The subject of a publication. The values are stored."""

    INCIDENT = "incident"
    MAINTENANCE = "maintenance"


class PublicStatus(StrEnum):
    """The progress of an incident or of maintenance. The values are those of Statuspage's API, and are stored."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    VERIFYING = "verifying"
    COMPLETED = "completed"

    @property
    def label(self) -> str:
        """In words, as the page shows it."""
        return self.value.replace("_", " ").capitalize()


INCIDENT_STATUSES = (
    PublicStatus.INVESTIGATING, PublicStatus.IDENTIFIED, PublicStatus.MONITORING, PublicStatus.RESOLVED,
)  # fmt: skip
MAINTENANCE_STATUSES = (
    PublicStatus.SCHEDULED, PublicStatus.IN_PROGRESS, PublicStatus.VERIFYING, PublicStatus.COMPLETED,
)  # fmt: skip
OVER = (PublicStatus.RESOLVED, PublicStatus.COMPLETED)
RUNNING_MAINTENANCE = (PublicStatus.IN_PROGRESS, PublicStatus.VERIFYING)


@dataclass(frozen=True, slots=True)
class PublicUpdate:
    """One message of a publication, with the states that its components have from then on."""

    id: str
    status: PublicStatus
    message: str
    at: datetime  # when it was so: for a backfill this lies in the past
    components: Mapping[str, ComponentState] = field(default_factory=dict)
    edited_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Publication:
    """An incident or maintenance as published. `updates` are in the order of their instants, the oldest first."""

    id: str  # opaque: it says nothing about the incident
    kind: PublicationKind
    title: str
    started_at: datetime
    created_at: datetime
    updates: tuple[PublicUpdate, ...]
    impact: str = ""  # in customers' words
    components: Mapping[str, ComponentState] = field(default_factory=dict)  # as they are now
    ended_at: datetime | None = None
    incident: int | None = None  # for our own use; nothing public shows it
    edited_at: datetime | None = None  # of title or impact
    scheduled_for: datetime | None = None  # of maintenance
    scheduled_until: datetime | None = None
    remind: bool = True  # subscribers, of maintenance that is about to begin
    reminded_at: datetime | None = None
    automatic: bool = True  # maintenance begins and ends by itself
    silence: bool = False  # the alerts of the components' services, while maintenance lasts
    silences: tuple[int, ...] = ()  # their numbers, while they are in force
    by: str = ""  # for our own use: Slack ID, or `tocsin` for the command line and for what happens by itself

    @property
    def status(self) -> PublicStatus:
        """The status of the newest update."""
        return self.updates[-1].status

    @property
    def ended(self) -> bool:
        """Whether it is resolved or completed."""
        return self.ended_at is not None

    @property
    def updated_at(self) -> datetime:
        """When it last changed."""
        moments = [self.created_at, *(update.at for update in self.updates)]
        moments += [update.edited_at for update in self.updates if update.edited_at]
        return max(moments if self.edited_at is None else [*moments, self.edited_at])

    @property
    def is_maintenance(self) -> bool:
        """Whether it is planned work."""
        return self.kind is PublicationKind.MAINTENANCE

    @property
    def running(self) -> bool:
        """Whether it affects components now: an incident until it is resolved, maintenance while it is under way."""
        if self.is_maintenance:
            return self.status in RUNNING_MAINTENANCE
        return not self.ended

    @property
    def worst_ever(self) -> ComponentState:
        """The worst state that it ever gave to a component."""
        return worst(state for update in self.updates for state in update.components.values())


@dataclass(frozen=True, slots=True)
class NewPublication:
    """The publication that a person asks for."""

    title: str
    message: str
    components: Mapping[str, ComponentState] = field(default_factory=dict)
    status: PublicStatus = PublicStatus.INVESTIGATING
    impact: str = ""
    started_at: datetime | None = None  # None: now; in the past for a backfill
    ended_at: datetime | None = None  # of a backfill of something that is over

    @property
    def notify(self) -> bool:
        """Whether subscribers are told. They are not told of a publication that is over already."""
        return self.ended_at is None


@dataclass(frozen=True, slots=True)
class PublicChange:
    """A change that a person makes. A field that is None stays as it is."""

    message: str
    status: PublicStatus | None = None
    components: Mapping[str, ComponentState] | None = None
    title: str | None = None
    impact: str | None = None
    at: datetime | None = None  # None: now


@dataclass(frozen=True, slots=True)
class Correction:
    """A correction of what was published. A field that is None stays as it is."""

    message: str | None = None  # of one update
    update: int | None = None  # its number, counted from 1; None: the newest
    title: str | None = None
    impact: str | None = None
    notify: bool = True  # whether subscribers, who were told the old message, are told the new one


def new_id(length: int = 12) -> str:
    """A random ID without letters and digits that look alike."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(length))


def publish(new: NewPublication, incident: int | None, by: str, now: datetime) -> Publication:
    """Publish an incident. Raises `Refused` without a title or a message, and for instants that cannot be."""
    if new.status not in INCIDENT_STATUSES:
        raise Refused(f"An incident on the page is one of: {', '.join(INCIDENT_STATUSES)}.")
    started_at = new.started_at or now
    if started_at > now or (new.ended_at is not None and not started_at <= new.ended_at <= now):
        raise Refused("An incident starts before it ends, and neither lies in the future.")
    status = PublicStatus.RESOLVED if new.ended_at else new.status
    first = PublicUpdate(new_id(), new.status, checked_message(new.message), started_at, dict(new.components))
    updates: tuple[PublicUpdate, ...] = (first,)
    components: Mapping[str, ComponentState] = dict(new.components)
    ended_at = None
    if status in OVER:
        ended_at, components = new.ended_at or now, all_operational(components)
        if first.status not in OVER:  # else the states of the first update held until the end
            updates = (first, PublicUpdate(new_id(), status, "This incident is resolved.", ended_at, components))
    return Publication(
        id=new_id(), kind=PublicationKind.INCIDENT, title=checked_title(new.title), started_at=started_at,
        created_at=now, updates=updates, impact=public_text(new.impact, IMPACT_LENGTH),
        components=components, ended_at=ended_at,
        incident=incident, by=by,
    )  # fmt: skip


def change(publication: Publication, post: PublicChange, now: datetime) -> Publication:
    """Add an update. Resolving restores the components unless the update gives their states."""
    if len(publication.updates) >= MOST_UPDATES:
        raise Refused(f"A publication has at most {MOST_UPDATES} updates. Resolve it and publish a new one.")
    status = post.status or publication.status
    allowed = MAINTENANCE_STATUSES if publication.is_maintenance else INCIDENT_STATUSES
    if status not in allowed:
        raise Refused(f"“{status}” does not fit here. Use one of: {', '.join(allowed)}.")
    at = post.at or now
    if at > now or at < publication.updates[-1].at:
        raise Refused("An update lies between the last one and now.")
    over = status in OVER
    components = {**publication.components, **(post.components or {})}
    if over:
        components = all_operational(components)
    update = PublicUpdate(new_id(), status, checked_message(post.message), at, components)
    changed = replace(
        publication, updates=(*publication.updates, update), components=components, ended_at=at if over else None
    )
    return retitle(changed, post.title, post.impact, now)


def retitle(publication: Publication, title: str | None, impact: str | None, now: datetime) -> Publication:
    """Another title or impact, shown as edited. None leaves it as it is."""
    title = publication.title if title is None else checked_title(title)
    impact = publication.impact if impact is None else public_text(impact, IMPACT_LENGTH)
    if (title, impact) == (publication.title, publication.impact):
        return publication
    return replace(publication, title=title, impact=impact, edited_at=now)


def edit_update(publication: Publication, number: int, message: str, now: datetime) -> Publication:
    """Another text for update `number`, counted from 1. It is shown as edited, with the time."""
    if not 1 <= number <= len(publication.updates):
        raise Refused(f"There is no update {number}: it has {len(publication.updates)}.")
    updates = list(publication.updates)
    edited = replace(updates[number - 1], message=checked_message(message), edited_at=now)
    updates[number - 1] = edited
    return replace(publication, updates=tuple(updates))


def apply_correction(publication: Publication, correction: Correction, now: datetime) -> Publication:
    """The publication with the right words, shown as edited. Raises `Refused` where nothing is corrected."""
    changed = retitle(publication, correction.title, correction.impact, now)
    if correction.message is not None:
        number = len(publication.updates) if correction.update is None else correction.update
        if not 1 <= number <= len(publication.updates):
            raise Refused(f"There is no update {number}: it has {len(publication.updates)}.")
        if checked_message(correction.message) != publication.updates[number - 1].message:
            changed = edit_update(changed, number, correction.message, now)
    if changed == publication:
        raise Refused("Nothing is corrected: the words are the same.")
    return changed


def correction_of(update: PublicUpdate, at: datetime) -> str:
    """A reference to an update as it was corrected then; the ID alone refers to it as it was published."""
    return f"{update.id}~{int(at.timestamp() * 1000)}"


def referred_update(publication: Publication, reference: str | None) -> tuple[PublicUpdate, bool]:
    """The update of a reference, the newest without one, and whether it is told as a correction."""
    update_id, _, corrected_at = (reference or "").partition("~")
    update = next(
        (candidate for candidate in publication.updates if candidate.id == update_id), publication.updates[-1]
    )
    return update, bool(corrected_at)


def reference_label(update: PublicUpdate, reference: str | None) -> str:
    """The kind of a message about an update: a correction, a reminder of maintenance, or the update's status."""
    if "~" in (reference or ""):
        return "Correction"
    return "Reminder" if reference == REMINDER and update.status is PublicStatus.SCHEDULED else update.status.label


def planned_text(publication: Publication, zone: ZoneInfo) -> str:
    """When maintenance is planned, such as `2026-12-24 22:00 to 23:00 CET`; empty for an incident."""
    if not publication.is_maintenance or not publication.scheduled_for or not publication.scheduled_until:
        return ""
    starts, ends = publication.scheduled_for.astimezone(zone), publication.scheduled_until.astimezone(zone)
    last = f"{ends:%H:%M %Z}" if starts.date() == ends.date() else f"{ends:%Y-%m-%d %H:%M %Z}"
    return f"{starts:%Y-%m-%d %H:%M} to {last}"


def all_operational(components: Mapping[str, ComponentState]) -> dict[str, ComponentState]:
    """The components as operational."""
    return dict.fromkeys(components, ComponentState.OPERATIONAL)


def states_now(publications: Sequence[Publication], keys: Sequence[str]) -> dict[str, ComponentState]:
    """The state of each component: the worst of its running publications. Two never cancel each other."""
    running = [publication for publication in publications if publication.running]
    return {
        key: worst(publication.components[key] for publication in running if key in publication.components)
        for key in keys
    }


def public_text(text: str, length: int) -> str:
    """The text without characters that are not seen or that change the direction, shortened to `length`."""
    cleaned = _UNSEEN.sub("", text.replace("\r\n", "\n")).strip()
    return cleaned if len(cleaned) <= length else cleaned[: length - 1] + "…"


def checked_title(text: str) -> str:
    """The title on one line. Raises `Refused` for none, and for one that is too long."""
    title = " ".join(public_text(text, 10 * TITLE_LENGTH).split())
    if not title:
        raise Refused("A publication needs a title of its own: the incident's is internal.")
    if len(title) > TITLE_LENGTH:
        raise Refused(f"A public title has at most {TITLE_LENGTH} characters; this one has {len(title)}.")
    return title


def checked_message(text: str) -> str:
    """The message as it is published. Raises `Refused` for none, and for one that is too long."""
    message = public_text(text, 10 * MESSAGE_LENGTH)
    if not message:
        raise Refused("Write a message: what customers see, and what happens next.")
    if len(message) > MESSAGE_LENGTH:
        raise Refused(f"A public message has at most {MESSAGE_LENGTH} characters; this one has {len(message)}.")
    return message
