"""When the next update is due, and when empty roles are asked about."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.domain.incident.state import Incident
from bot.domain.policy.policy import Policy, Severity
from bot.domain.values import durations


def due_after(instant: datetime, span: durations.Span | None) -> datetime | None:
    return None if span is None else durations.add(instant, span)


def next_update_due(incident: Incident, policy: Policy, now: datetime) -> datetime | None:
    return due_after(now, policy.severity(incident.severity).update_every)


def roles_due(now: datetime, level: Severity, policy: Policy) -> datetime | None:
    if not level.roles:
        return None
    if policy.nudges.roles_after is not None:
        return now + policy.nudges.roles_after
    return due_after(now, level.respond_within or timedelta(minutes=10))
