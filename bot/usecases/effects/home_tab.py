"""The home tab: published when somebody opens it, and again when what stands there has changed for them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.incident import Incident
from storage import user_activity
from storage.outbox import enqueue

# Slack takes about a hundred publications a minute. Somebody's own incidents are kept true for a week after they
# looked, the list of all only while they may be looking still.
MINE_FOR = timedelta(days=7)
ALL_FOR = timedelta(minutes=30)
AT_MOST = 50


async def opened(conn: AsyncConnection, user: str, now: datetime) -> None:
    await user_activity.home_opened(conn, user, now)
    await enqueue.put(conn, [routing.home(user)])


async def everybody(conn: AsyncConnection, now: datetime) -> None:
    """Something changed that all homes show: for those who may be looking still."""
    looked = await user_activity.homes_opened_since(conn, now - ALL_FOR, AT_MOST)
    if looked:
        await enqueue.put(conn, [routing.home(user) for user in looked])


async def refresh(conn: AsyncConnection, before: Incident | None, after: Incident, now: datetime) -> None:
    """In the transaction of a change. Several at once become one publication for each person."""
    if before is not None and _shown(before) == _shown(after):
        return
    looked = await user_activity.homes_opened_since(conn, now - MINE_FOR, AT_MOST)
    mine = _people(after) | (_people(before) if before else set())
    people = [user for user, at in looked.items() if user in mine or at >= now - ALL_FOR]
    if people:
        await enqueue.put(conn, [routing.home(user) for user in people])


def _shown(incident: Incident) -> tuple[Any, ...]:
    return (
        incident.title, incident.severity, incident.status, incident.channel_id, incident.roles, incident.responders,
        incident.ladder.pages, incident.ladder.acknowledged_at, incident.handovers,
    )  # fmt: skip


def _people(incident: Incident) -> set[str]:
    paged = {person for page in incident.ladder.pages for person in page.people}
    asked = {one.to for one in incident.handovers}
    return {incident.declared_by, *incident.roles.values(), *incident.responders, *paged, *asked}
