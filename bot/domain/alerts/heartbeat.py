"""Defines heartbeats: alerts that are expected to fire all the time, and whose absence is an alert."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.alerts.alert import Alert, AlertStatus
from bot.domain.alerts.routing import Placement
from bot.domain.policy.alert_rules import AlertAction
from bot.domain.policy.policy import Policy

REPEATING = frozenset({"alertmanager", "grafana"})  # sources that repeat their firing alerts


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A heartbeat as last heard."""

    key: str  # of the route and the alert's labels to group by
    alert: Alert
    due_at: datetime  # when it is missing, unless it is heard before


def beats_in(placements: list[Placement], now: datetime) -> dict[str, Heartbeat]:
    """The heartbeats among alerts, by their keys."""
    return {
        placement.group_key: Heartbeat(placement.group_key, placement.alert, now + placement.route.every)
        for placement in placements
        if placement.route.do is AlertAction.HEARTBEAT
    }


def missing(beat: Heartbeat) -> Alert:
    """The alert about a missing heartbeat, which starts when the heartbeat was due."""
    name = f"{beat.alert.name}Missing"
    return replace(
        beat.alert,
        fingerprint=f"missing-{beat.key}",
        starts_at=beat.due_at,
        labels={**beat.alert.labels, "alertname": name},
        annotations={"title": f"{beat.alert.name or 'A heartbeat'} is not heard any more"},
        ends_at=None,
        cycle=None,
        by_state=True,
        nodata=False,
    )


def recovery(beat: Heartbeat, now: datetime) -> Alert:
    """The same alert, resolved: the heartbeat is heard again."""
    return replace(missing(beat), status=AlertStatus.RESOLVED, starts_at=now, ends_at=now)


def without_heartbeats(policy: Policy) -> Policy:
    """The policy by which a missing heartbeat is routed: it is never taken for a heartbeat itself."""
    routes = tuple(route for route in policy.alerts.routes if route.do is not AlertAction.HEARTBEAT)
    return replace(policy, alerts=replace(policy.alerts, routes=routes))
