"""Queues a person's home tab when they open it, and again when its content changes."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.incident import Incident
from bot.usecases.effects.incident_save import IncidentSave
from storage import user_activity
from storage.outbox import enqueue

# Slack accepts about a hundred publications a minute. A person's own incidents, and who is on call, stay current for a
# week after they opened the tab, the list of all incidents only for half an hour.
OWN_INCIDENTS_FOR = timedelta(days=7)
ALL_INCIDENTS_FOR = timedelta(minutes=30)
AT_MOST = 50  # people whose tabs one change publishes


async def record_opening(conn: AsyncConnection, user: str, now: datetime) -> None:
    """Record that the person opened the tab, and queue its publication."""
    await user_activity.home_opened(conn, user, now)
    await enqueue.put(conn, [routing.home(user)])


async def refresh_all(conn: AsyncConnection, now: datetime) -> None:
    """Queue the tab of everyone who opened it in the last week: every tab shows who is on call."""
    openings = await user_activity.homes_opened_since(conn, now - OWN_INCIDENTS_FOR, AT_MOST)
    if openings:
        await enqueue.put(conn, [routing.home(user) for user in openings])


async def refresh_person(conn: AsyncConnection, user: str, now: datetime) -> None:
    """Queue the tab of one person, if they opened it in the last week."""
    if user in await user_activity.homes_opened_since(conn, now - OWN_INCIDENTS_FOR, AT_MOST):
        await enqueue.put(conn, [routing.home(user)])


async def refresh(conn: AsyncConnection, save: IncidentSave, now: datetime) -> IncidentSave:
    """Queue the tab of each person whose tab changes. Several changes at once become one publication a person."""
    before, after = save.before, save.after
    if before is not None and _content(before) == _content(after):
        return save
    openings = await user_activity.homes_opened_since(conn, now - OWN_INCIDENTS_FOR, AT_MOST)
    involved = _people(after) | (_people(before) if before else set())
    users = [user for user, at in openings.items() if user in involved or at >= now - ALL_INCIDENTS_FOR]
    return replace(save, notices=(*save.notices, *(routing.home(user) for user in users)))


def _content(incident: Incident) -> tuple[Any, ...]:
    return (
        incident.title, incident.severity, incident.status, incident.channel_id, incident.roles, incident.responders,
        incident.ladder.pages, incident.ladder.acknowledged_at, incident.handovers, incident.removed,
    )  # fmt: skip


def _people(incident: Incident) -> set[str]:
    paged = {person for page in incident.ladder.pages for person in page.people}
    asked_to_take_over = {handover.to for handover in incident.handovers}
    return {
        incident.declared_by,
        *incident.roles.values(),
        *incident.responders,
        *paged,
        *asked_to_take_over,
        *incident.removed,
    }
