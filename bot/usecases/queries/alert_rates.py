"""Reads what happened to alerts and incidents in a span, and computes how good the alerts are."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.rates import AlertRates, rates
from storage import incidents
from storage.alerts import groups

MOST = 20_000  # groups, and incidents, that are counted: the newest


async def alert_rates(conn: AsyncConnection, since: datetime) -> AlertRates:
    """The rates of the groups that opened and the incidents that were declared since then."""
    opened = await groups.opened_since(conn, since, MOST)
    declared = [each for each in await incidents.newest(conn, limit=MOST) if each.declared_at >= since]
    known = {each.number for each in declared}
    older = {group.incident for group in opened if group.incident is not None} - known
    led = await incidents.get_many(conn, older)
    return rates(opened, declared, list(led.values()))
