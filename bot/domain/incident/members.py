"""Tracks who is inside a private incident. People who leave its channel, or are removed from it, are not."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.domain.incident.state import Incident
from bot.domain.timeline.entry import BOT, Entry
from bot.domain.values.slack_ids import is_user_id


def remove(incident: Incident, users: Collection[str]) -> Incident:
    """Remove these people: no list, answer or page shows them the incident any more. Public incidents hide nothing."""
    if not incident.private:
        return incident
    return replace(incident, removed=tuple(dict.fromkeys((*incident.removed, *users))))


def readmit(incident: Incident, users: Collection[str]) -> Incident:
    """Readmit these people: they are in the channel, or somebody inside asks for them by name."""
    if not incident.removed:
        return incident
    return replace(incident, removed=tuple(user for user in incident.removed if user not in users))


def asked_for(incident: Incident, records: Sequence[Entry]) -> set[str]:
    """The people whom somebody inside has asked for by name: for a role, to take one over, or by a page."""
    people: set[str] = set()
    for record in records:
        if record.actor == BOT or record.actor in incident.removed:
            continue
        if record.kind == "role" and record.data.get("user"):
            people.add(str(record.data["user"]))
        if record.kind == "handover" and record.data.get("state") == "asked":
            people.add(str(record.data.get("to")))
        if record.kind == "page" and record.data.get("named"):
            people.update(record.data.get("people", ()))
    return people


def inside(incident: Incident, candidates: Sequence[str]) -> str | None:
    """The first of these people who was not removed; None if there is none. An actor such as `api` is no person."""
    people = (user for user in candidates if is_user_id(user) or "@" in user)
    return next((user for user in people if user not in incident.removed), None)
