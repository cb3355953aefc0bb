"""Quiets the reminders of an incident for a while, and lets them go out again."""

from __future__ import annotations

from datetime import timedelta

from bot.domain import incident as verbs
from bot.domain.incident import Incident
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident


async def snooze(context: Context, number: int, span: timedelta, actor: str, delivery: str | None = None) -> Incident:
    """Send no reminders for `span`. Pages go out all the same."""
    return await change_incident(
        context, number, "snooze", actor, lambda w: verbs.snooze(w.incident, span, actor, w.now), delivery
    )


async def end_snooze(context: Context, number: int, actor: str, delivery: str | None = None) -> Incident:
    """Let reminders go out again. Raises `Refused` if none are snoozed."""
    return await change_incident(
        context, number, "snooze", actor, lambda w: verbs.end_snooze(w.incident, actor, w.policy, w.now), delivery
    )
