"""Lists incidents page by page, filtered by the database, without those that the person may not see."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.usecases.visibility import can_see
from storage import incident_pages
from storage.incident_pages import PageFilter


@dataclass(frozen=True, slots=True)
class IncidentQuery:
    """Which incidents to list. An empty field narrows nothing down."""

    open_only: bool = False
    statuses: frozenset[Status] = frozenset()
    severities: frozenset[str] = frozenset()
    service: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    before: int | None = None  # only incidents with a smaller number


@dataclass(frozen=True, slots=True)
class IncidentPage:
    """Incidents, the newest first, and before which number the next page begins; None on the last one."""

    incidents: tuple[Incident, ...]
    more_before: int | None


async def list_incidents(conn: AsyncConnection, query: IncidentQuery, user: str | None, limit: int) -> IncidentPage:
    """A page of at most `limit` incidents that `user` may see; None: an operator, who sees all.

    Private incidents that concern the user are looked at one by one, those that fall on the page. A page may be the
    last one and empty.
    """
    public = PageFilter(
        open_only=query.open_only,
        statuses=frozenset(map(str, query.statuses)),
        severities=query.severities,
        service=query.service,
        since=query.since,
        until=query.until,
        before=query.before,
        private=None if user is None else False,
    )
    found = await incident_pages.read(conn, public, limit + 1)
    if user is not None:
        lowest = found[-1].number if len(found) > limit else None
        among = replace(public, private=True, concerning=user, at_least=lowest)
        hidden = await incident_pages.read(conn, among, limit + 1)
        seen = [incident for incident in hidden if await can_see(conn, incident, user)]
        # Where more private ones follow than were read, no page may reach beyond the last of them.
        floor = hidden[-1].number if len(hidden) > limit else 0
        found = sorted([*found, *seen], key=lambda incident: -incident.number)
        reaching = [incident for incident in found if incident.number >= floor]
        if len(reaching) <= limit and floor:
            return IncidentPage(tuple(reaching), floor)
        found = reaching
    page = tuple(found[:limit])
    return IncidentPage(page, page[-1].number if len(found) > limit else None)
