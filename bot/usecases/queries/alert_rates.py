"""Reads the groups of alerts and the incidents of a period, and computes the quality of the alerts."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.rates import AlertRates, rates
from storage import incidents
from storage.alerts import groups

MOST = 20_000  # newest groups, and newest incidents, that are counted


async def alert_rates(conn: AsyncConnection, since: datetime) -> AlertRates:
    """The rates of the groups that opened and the incidents that were declared since then."""
    opened_groups = await groups.opened_since(conn, since, MOST)
    declared = [incident for incident in await incidents.newest(conn, limit=MOST) if incident.declared_at >= since]
    declared_numbers = {incident.number for incident in declared}
    older = {group.incident for group in opened_groups if group.incident is not None} - declared_numbers
    older_incidents = await incidents.get_many(conn, older)
    return rates(opened_groups, declared, list(older_incidents.values()))
