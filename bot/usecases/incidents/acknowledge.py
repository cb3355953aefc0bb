"""Acknowledges an incident, from Slack or from a paging vendor, and invites people to its channel."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain import incident as verbs
from bot.domain import routing
from bot.domain.incident import Incident
from bot.domain.paging import calls, people
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import Entry, entry
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_directory
from bot.usecases.unit_of_work import locked_incident


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The outcome of acknowledging. `first_by` and `first_at` are set when another person had acknowledged before."""

    incident: Incident
    ask: bool = False  # nothing changed yet: ask the reporter whether they respond or watch
    first_by: str | None = None
    first_at: datetime | None = None
    offer_lead: bool = False  # nobody is incident commander: offer the role


async def acknowledge(
    context: Context, number: int, actor: str, *, confirmed: bool = True, delivery: str | None = None
) -> Acknowledged:
    """Make the actor a responder. Twice is safe: the second person joins, and is told who was first.

    With `confirmed=False` nothing changes if the actor is the reporter and others were paged: ask the reporter first.
    """
    async with locked_incident(context, number, delivery) as work:
        incident, ladder = work.incident, work.incident.ladder
        if (
            not confirmed
            and ladder.acknowledged_at is None
            and actor == incident.declared_by
            and _others_paged(incident)
        ):
            return Acknowledged(incident, ask=True)
        change = verbs.acknowledge(incident, actor, work.now)
        saved = await work.commit(change, [routing.invitation(number, actor)])
        if ladder.acknowledged_at is not None:
            return Acknowledged(saved, first_by=incident.acknowledged_by, first_at=ladder.acknowledged_at)
        return Acknowledged(saved, offer_lead="commander" not in saved.roles)


@dataclass(frozen=True, slots=True)
class VendorAcknowledgement:
    """A vendor's report that a person acknowledged or resolved an alert that the bot opened there."""

    method: str  # of paging, which names the vendor
    who: str  # the person's name at the vendor
    key: str  # of the alert; vendors do not always tell it
    title: str  # of the alert
    resolved: bool = False

    @property
    def vendor(self) -> str:
        """The vendor's name, as people read it."""
        return calls.label(self.method)


async def acknowledge_from_vendor(context: Context, done: VendorAcknowledgement, delivery: str) -> Incident | None:
    """Acknowledge the incident of the alert, even when the alert was resolved. None: the alert is not ours.

    Resolving an alert never resolves the incident: a quiet alert does not mean that the incident is over.
    """
    number = calls.incident_number_in(done.key) or _number_in_title(done.title)
    if number is None:
        return None
    async with locked_incident(context, number, delivery) as work:
        incident = work.incident
        if not _is_ours(incident, done):
            return None
        policy = (await current_directory(work.conn, work.policy)).with_users(work.policy)
        person = people.person_by_name(done.who, policy)
        actor = person.slack if person and person.slack else done.who
        first = incident.ladder.acknowledged_at is None
        change = verbs.acknowledge(incident, actor, work.now)
        entries = tuple(_with_vendor(record, done) for record in change.entries)
        if done.resolved or not first:
            entries = (*entries, _note(done, actor, work.now))
        invited = [routing.invitation(number, actor)] if person and person.slack else []
        return await work.commit(verbs.Change(change.incident, entries), invited)


def _is_ours(incident: Incident, done: VendorAcknowledgement) -> bool:
    """By the key of an open alert; by the title alone only where the vendor tells a key that is not ours."""
    if calls.incident_number_in(done.key) is None:
        return bool(incident.live_alerts)
    return done.key in {calls.dedup_key(incident, alert.severity) for alert in incident.live_alerts}


def _number_in_title(title: str) -> int | None:
    """PagerDuty does not always tell an alert's key with its incident; the summary begins with our ID."""
    match = re.match(r"\[INC-([1-9][0-9]{0,17})\] ", title)
    return int(match[1]) if match else None


def _with_vendor(record: Entry, done: VendorAcknowledgement) -> Entry:
    return replace(
        record, text=f"is responding (in {done.vendor})", data={**record.data, "via": done.method, "alert": done.key}
    )


def _note(done: VendorAcknowledgement, actor: str, now: datetime) -> Entry:
    if done.resolved:
        text = f"{done.who} resolved it in {done.vendor}. The incident stays open until it is resolved here."
    else:
        text = f"{done.who} acknowledged it in {done.vendor} as well."
    return entry(now, "note", actor, text, via=done.method)


async def join(context: Context, number: int, user: str, delivery: str | None = None) -> Incident:
    """Invite the user to the channel at their own request."""
    async with locked_incident(context, number, delivery) as work:
        return await work.commit(verbs.Change(work.incident), [_invitation_again(number, user)])


async def invite(
    context: Context, number: int, users: tuple[str, ...], actor: str, delivery: str | None = None
) -> Incident:
    """Invite users to the channel. Every member of the workspace may; guests whom the policy lets page."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require_member(context, "page", actor, work.incident, "invite people")
        return await work.commit(verbs.Change(work.incident), [_invitation_again(number, user) for user in users])


def _invitation_again(number: int, user: str) -> Notice:
    """A request by a person is carried out each time: they may have left the channel."""
    return replace(routing.invitation(number, user), resend=True)


def _others_paged(incident: Incident) -> bool:
    return any(person != incident.declared_by for page in incident.ladder.pages for person in page.people)
