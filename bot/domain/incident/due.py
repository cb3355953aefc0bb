"""Computes when the next status update is due, and when the bot asks about required roles that nobody holds."""

from __future__ import annotations

from datetime import datetime, timedelta, tzinfo

from bot.domain.incident.state import Incident
from bot.domain.policy.policy import Policy, Severity
from bot.domain.values import durations

DEFAULT_ROLES_AFTER = timedelta(minutes=10)  # where neither the policy nor the severity says when


def due_after(instant: datetime, span: durations.Span | None, zone: tzinfo) -> datetime | None:
    """`instant` plus `span`, whose business days are those of `zone`; None where the policy asks for nothing."""
    return None if span is None else durations.add(instant, span, zone)


def next_after(last: datetime, cadence: durations.Span | None, now: datetime, zone: tzinfo) -> datetime | None:
    """One cadence after `last`; one cadence after `now` if that instant has passed; None without a cadence."""
    due = due_after(last, cadence, zone)
    return due if due is None or due > now else due_after(now, cadence, zone)


def next_update_due(incident: Incident, policy: Policy, now: datetime) -> datetime | None:
    """When the next update is due if one is posted `now`; None where the severity asks for no updates."""
    return due_after(now, policy.severity(incident.severity).update_every, policy.zone)


def roles_due(now: datetime, level: Severity, policy: Policy) -> datetime | None:
    """When to ask about required roles without a holder; None where the severity requires no roles."""
    if not level.roles:
        return None
    if policy.nudges.roles_after is not None:
        return now + policy.nudges.roles_after
    return due_after(now, level.respond_within or DEFAULT_ROLES_AFTER, policy.zone)
