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

    Private incidents that concern the user and fall on the page are checked one by one. The last page may be empty.
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
    matches = await incident_pages.read(conn, public, limit + 1)
    if user is not None:
        lowest = matches[-1].number if len(matches) > limit else None
        private_filter = replace(public, private=True, concerning=user, at_least=lowest)
        private_matches = await incident_pages.read(conn, private_filter, limit + 1)
        visible = [incident for incident in private_matches if await can_see(conn, incident, user)]
        # Where more private ones follow than were read, no page may reach beyond the last of them.
        floor = private_matches[-1].number if len(private_matches) > limit else 0
        matches = sorted([*matches, *visible], key=lambda incident: -incident.number)
        reaching = [incident for incident in matches if incident.number >= floor]
        if len(reaching) <= limit and floor:
            return IncidentPage(tuple(reaching), floor)
        matches = reaching
    page = tuple(matches[:limit])
    return IncidentPage(page, page[-1].number if len(matches) > limit else None)
