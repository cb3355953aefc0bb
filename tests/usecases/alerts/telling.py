"""Reports alerts to a context, and has their groups decided."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from bot.domain.alerts.alert import Alert, AlertBatch, AlertStatus, fingerprint_of
from bot.domain.alerts.group import AlertGroup
from bot.usecases.alerts.decide import claim_gathered, decide_group
from bot.usecases.alerts.receive import Receipt, receive_alerts
from bot.usecases.context import Context
from storage.alerts import groups
from tests.usecases.conftest import START, MovableClock


def alert(name: str, **labels: str) -> Alert:
    given = {"alertname": name, "source": "alertmanager", "severity": "critical", **labels}
    return Alert("alertmanager", fingerprint_of(given), AlertStatus.FIRING, START - timedelta(minutes=5), given)


def resolved_alert(fired: Alert) -> Alert:
    return replace(fired, status=AlertStatus.RESOLVED, ends_at=START)


def alert_again(fired: Alert, clock: MovableClock) -> Alert:
    return replace(fired, starts_at=clock.instant)


async def report(context: Context, *alerts: Alert) -> Receipt:
    return await receive_alerts(context, AlertBatch(alerts))


async def decide_all(context: Context, clock: MovableClock) -> list[AlertGroup]:
    """Let the gathering time pass until no group waits. Returns every group, the oldest first."""
    for _ in range(5):
        clock.instant += timedelta(seconds=11)
        for number in await claim_gathered(context):
            await decide_group(context, number)
    return await all_groups(context)


async def all_groups(context: Context) -> list[AlertGroup]:
    async with context.database.reading() as conn:
        return (await groups.newest(conn, 1000))[::-1]


def decisions(found: Sequence[AlertGroup]) -> list[tuple[str, int | None]]:
    return [(str(group.decision), group.incident) for group in found]
