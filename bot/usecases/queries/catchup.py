"""Collects what a person missed in an incident since they last read or took part, and what is due next."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.policy.policy import Contact, Policy
from bot.domain.timeline.entry import RecordedEntry
from bot.domain.triage import service_catalog
from bot.usecases.context import Context
from bot.usecases.queries.triage import services_in_title
from bot.usecases.unit_of_work import claim_delivery
from storage import deadlines, incidents, user_activity
from storage.deadlines import LedgerRow
from storage.timeline import entries as timeline

ENTRIES = 100
_AFTER = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class CatchUp:
    """The entries that a person missed, with contacts and links."""

    incident: Incident
    since: datetime | None  # None: the person was never in the incident
    entries: tuple[RecordedEntry, ...]  # key entries only
    messages: int  # how many people wrote
    upcoming: tuple[LedgerRow, ...]
    contacts: tuple[Contact, ...]
    links: tuple[tuple[str, str], ...]


async def catch_up(
    context: Context, incident: Incident, policy: Policy, user: str, delivery: str | None = None
) -> CatchUp:
    """Gather what `user` missed, and record that they have read up to now."""
    now, number = context.clock.now(), incident.number
    async with context.database.reading() as conn:
        since = await user_activity.last_read_at(conn, number, user)
        keyed = await timeline.read(conn, number, key_only=True, limit=ENTRIES, newest=True)
        after = since + _AFTER if since else incident.declared_at
        activity = await timeline.activity(conn, number, after)
        upcoming = await deadlines.waiting(conn, number) if incident.open else []
    async with context.database.transaction() as conn:
        await claim_delivery(conn, delivery, now)
        if await incidents.get(conn, number) is not None:
            await user_activity.mark_read(conn, number, user, now)
    services = [key for key in incident.services if key in policy.services] or list(services_in_title(incident, policy))
    contacts, links = service_catalog.contacts_and_links(policy, services)
    return CatchUp(
        incident,
        since,
        tuple(record for record in keyed if since is None or record.entry.at > since),
        activity.recent,
        tuple(upcoming),
        contacts,
        tuple((links | {title: link for title, link in policy.links.items() if title not in links}).items()),
    )
