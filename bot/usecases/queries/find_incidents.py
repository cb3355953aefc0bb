"""Finds incidents that a person may see, filtered, ordered and counted by the database."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from bot.usecases.visibility import can_see
from storage import incidents
from storage.incidents import IncidentCount, IncidentFilter

PRIVATE = 1000  # private incidents that are checked one by one


@dataclass(frozen=True, slots=True)
class IncidentMatches:
    """Up to the requested number of matching incidents, and the totals."""

    incidents: tuple[Incident, ...]
    total: int  # without drills
    drills: int
    is_all: bool = True  # whether the totals are exact


async def find_incidents(
    conn: AsyncConnection,
    user: str,
    *,
    open_only: bool = True,
    severities: Collection[str] = (),
    worst_first: Sequence[str] = (),
    naming: Collection[str] = (),
    limit: int,
) -> IncidentMatches:
    """Up to `limit` incidents that `user` may see.

    `severities` narrow the list down. `worst_first` are keys of severities in the order wanted; without it the newest
    come first. `naming` are words, such as Slack IDs, of which an incident must name one.
    """
    public_filter = IncidentFilter(open_only, frozenset(severities), private=False, naming=frozenset(naming))
    public = await incidents.find(conn, public_filter, worst_first, limit)
    counted = await incidents.count(conn, public_filter)
    # If not all are counted, search only the private ones that belong on this page.
    lowest = public[-1].number if not worst_first and not counted.is_all and len(public) == limit else None
    private_filter = replace(public_filter, private=True, concerning=user, at_least=lowest)
    private = [
        incident
        for incident in await incidents.find(conn, private_filter, worst_first, PRIVATE)
        if await can_see(conn, incident, user)
    ]
    counted = IncidentCount(
        counted.incidents + sum(not incident.drill for incident in private),
        counted.drills + sum(incident.drill for incident in private),
        counted.is_all,
    )
    ranks = {key: rank for rank, key in enumerate(worst_first)}
    matches = sorted(
        [*public, *private], key=lambda incident: (ranks.get(incident.severity, len(ranks)), -incident.number)
    )
    return IncidentMatches(tuple(matches[:limit]), counted.incidents, counted.drills, counted.is_all)
