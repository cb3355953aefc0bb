"""Acknowledge: “I am responding”, said by a command, on the card, under the announcement or in a page."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain import incident as verbs
from bot.domain import routing
from bot.domain.incident import Incident
from bot.domain.paging import calls
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import Entry, entry
from bot.usecases.context import Context
from bot.usecases.unit_of_work import locked_incident


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What came of it. `first_by` and `first_at` are set when somebody had acknowledged before."""

    incident: Incident
    ask: bool = False  # the reporter pressed while others were paged: ask whether they respond or watch
    first_by: str | None = None
    first_at: datetime | None = None
    offer_lead: bool = False


async def acknowledge(
    context: Context, number: int, actor: str, *, asked: bool = True, delivery: str | None = None
) -> Acknowledged:
    """Twice is safe: whoever comes second joins and is told who was first.

    With `asked=False` a reporter whose incident paged others is asked first and nothing changes.
    """
    async with locked_incident(context, number, delivery) as work:
        incident, ladder = work.incident, work.incident.ladder
        if not asked and ladder.acknowledged_at is None and actor == incident.declared_by and _others_paged(incident):
            return Acknowledged(incident, ask=True)
        change = verbs.acknowledge(incident, actor, work.now)
        saved = await work.commit(change, [routing.invitation(number, actor)])
        if ladder.acknowledged_at is not None:
            return Acknowledged(saved, first_by=incident.acknowledged_by, first_at=ladder.acknowledged_at)
        return Acknowledged(saved, offer_lead="commander" not in saved.roles)


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """What somebody did with a vendor's alert of ours. `who` is their name there; `key` and `title` are the alert's."""

    method: str
    who: str
    key: str
    title: str
    resolved: bool = False

    @property
    def vendor(self) -> str:
        return calls.label(self.method)


async def acknowledge_elsewhere(context: Context, did: Elsewhere, delivery: str) -> Incident | None:
    """Acknowledged there is acknowledged here, also by resolving; what else it means is noted. None: not ours.

    Resolving stays with people here: an alert that is quiet is no incident that is over.
    """
    number = calls.incident_number_in(did.key) or _number_in_title(did.title)
    if number is None:
        return None
    async with locked_incident(context, number, delivery) as work:
        incident = work.incident
        if not _is_ours(incident, did):
            return None
        person = calls.person_by_name(did.who, work.policy)
        actor = person.slack if person and person.slack else did.who
        first = incident.ladder.acknowledged_at is None
        change = verbs.acknowledge(incident, actor, work.now)
        entries = tuple(_as_told(said, did) for said in change.entries)
        if did.resolved or not first:
            entries = (*entries, _noted(did, actor, work.now))
        invited = [routing.invitation(number, actor)] if person and person.slack else []
        return await work.commit(verbs.Change(change.incident, entries), invited)


def _is_ours(incident: Incident, did: Elsewhere) -> bool:
    """By the key of an alert that stands open; by the title alone only where the vendor tells another key."""
    if calls.incident_number_in(did.key) is None:
        return bool(incident.live_alerts)
    return did.key in {calls.dedup_key(incident, alert.severity) for alert in incident.live_alerts}


def _number_in_title(title: str) -> int | None:
    """PagerDuty does not always tell an alert's key with its incident; the summary begins with our ID."""
    found = re.match(r"\[INC-([1-9][0-9]{0,17})\] ", title)
    return int(found[1]) if found else None


def _as_told(said: Entry, did: Elsewhere) -> Entry:
    return replace(
        said, text=f"is responding (in {did.vendor})", data={**said.data, "via": did.method, "alert": did.key}
    )


def _noted(did: Elsewhere, actor: str, now: datetime) -> Entry:
    if did.resolved:
        text = f"{did.who} resolved it in {did.vendor}. Here it goes on until somebody resolves it."
    else:
        text = f"{did.who} acknowledged it in {did.vendor} as well."
    return entry(now, "note", actor, text, via=did.method)


async def join(context: Context, number: int, user: str, delivery: str | None = None) -> Incident:
    """Bring somebody in by their own wish: invited, and counted among those who are there."""
    async with locked_incident(context, number, delivery) as work:
        return await work.commit(verbs.Change(work.incident), [_invitation_again(number, user)])


async def invite(context: Context, number: int, users: tuple[str, ...], delivery: str | None = None) -> Incident:
    async with locked_incident(context, number, delivery) as work:
        return await work.commit(verbs.Change(work.incident), [_invitation_again(number, user) for user in users])


def _invitation_again(number: int, user: str) -> Notice:
    """Somebody may leave and want back in: a person's own wish is carried out each time."""
    return replace(routing.invitation(number, user), resend=True)


def _others_paged(incident: Incident) -> bool:
    return any(person != incident.declared_by for page in incident.ladder.pages for person in page.people)
