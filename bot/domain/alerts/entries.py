"""Builds the timeline entries of an incident about its groups of alerts: fired, joined, resolved, fired again."""

from __future__ import annotations

from datetime import datetime

from bot.domain.alerts.group import AlertGroup, GroupChange
from bot.domain.timeline.entry import BOT, Entry, entry


def of_attachment(
    group: AlertGroup, actor: str, now: datetime, *, severity: str | None = None, told: bool = False
) -> Entry:
    """A group became part of the incident. `severity`: the incident's, if the group is worse."""
    text = f"Alert {group.id} fires: {group.title} ({group.reason})"
    if severity is not None:
        text += f". It is {group.severity}, and the incident is {severity}: change the severity if it is worse now."
    return entry(now, "alert", actor, text, group=group.id, event="fired", **({"told": True} if told else {}))


def of_change(change: GroupChange, now: datetime) -> Entry | None:
    """The event of a group of the incident in words; None for events that are not told, such as a repetition."""
    group = change.group
    if change.over:
        return _entry(group, "resolved", f"Alert {group.id} resolved: {group.title}", now)
    if change.fired_again:
        text = f"Alert {group.id} fires again (flapped {_times(group.flaps)}): {group.title}"
        return _entry(group, "flapping", text, now)
    if change.fired:
        text = f"{change.fired} more {'alert' if change.fired == 1 else 'alerts'} in {group.id}: {group.title}"
        return _entry(group, "joined", text, now)
    return None


def of_keeping_open(actor: str, now: datetime) -> Entry:
    """A person answers that the incident is not resolved although its alerts are."""
    return entry(now, "alert", actor, "Its alerts have resolved; the incident stays open", event="kept_open")


def _entry(group: AlertGroup, event: str, text: str, now: datetime) -> Entry:
    return entry(now, "alert", BOT, text, group=group.id, event=event)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
