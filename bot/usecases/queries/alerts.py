"""Reads groups of alerts with the alerts and incident that people are shown."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.group import AlertGroup
from bot.domain.alerts.view import GroupView
from storage import incidents
from storage.alerts import groups, members
from storage.alerts.members import MemberCount

SHOWN_ALERTS = 10
SHOWN_GROUPS = 12


async def view(conn: AsyncConnection, number: int) -> GroupView | None:
    """One group; None if there is none with this number."""
    group = await groups.get(conn, number)
    return None if group is None else (await views(conn, [group]))[0]


async def of_incident(conn: AsyncConnection, incident: int, alerts: int = SHOWN_ALERTS) -> list[GroupView]:
    """The groups of an incident, those that fire first; at most `SHOWN_GROUPS`, each with at most `alerts` alerts."""
    return await views(conn, await groups.of_incident(conn, incident, SHOWN_GROUPS), alerts)


async def firing(conn: AsyncConnection, alerts: int = SHOWN_ALERTS) -> list[GroupView]:
    """The groups that fire, the newest first; at most `SHOWN_GROUPS`, each with at most `alerts` alerts."""
    return await views(conn, await groups.firing(conn, SHOWN_GROUPS), alerts)


async def views(
    conn: AsyncConnection, alert_groups: Sequence[AlertGroup], alerts: int = SHOWN_ALERTS
) -> list[GroupView]:
    """These groups in their order, each with at most `alerts` alerts."""
    numbers = [group.number for group in alert_groups]
    counts = await members.counts(conn, numbers)
    incidents_by_number = await incidents.get_many(
        conn, {group.incident for group in alert_groups if group.incident is not None}
    )
    alerts_by_group = await members.of_groups(conn, numbers, alerts)
    group_views = []
    for group in alert_groups:
        first_alerts = tuple(member.alert for member in alerts_by_group.get(group.number, []))
        count = counts.get(group.number, MemberCount())
        group_views.append(
            GroupView(group, first_alerts, count.firing, count.resolved, incidents_by_number.get(group.incident or 0))
        )
    return group_views
