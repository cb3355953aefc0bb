"""Turns Opsgenie's past alerts and incidents into past incidents.

https://docs.opsgenie.com/docs/alert-api and https://docs.opsgenie.com/docs/incident-api. Open ones are left
to the webhooks.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from bot.importers.account import Origin, PastIncident
from bot.importers.fields import id_of, instant_of, int_of, list_of, object_of, text_of

Raw = Mapping[str, Any]
_LONGEST = 20_000  # characters of a description


def alert_of(raw: Raw) -> PastIncident:
    """A past alert, with the time until it was acknowledged and closed."""
    past = _past_incident("alert", raw, text_of(raw, "message", 300))
    past.is_alert = True
    report = object_of(raw, "report")
    if past.declared_at is not None:
        past.acknowledged_at = _later(past, int_of(report, "ackTime", -1))
        past.resolved_at = _later(past, int_of(report, "closeTime", -1)) or past.resolved_at
    people = {"commander": text_of(report, "acknowledgedBy") or text_of(raw, "owner")}
    past.people = {role: person for role, person in people.items() if person}
    if text_of(raw, "status") == "open":
        past.note(
            "It is open in Opsgenie", "Close it there and import again, or let its sender fire it here.", lost=True
        )
    return past


def incident_of(raw: Raw) -> PastIncident:
    """A past incident with its timeline."""
    past = _past_incident("incident", raw, text_of(raw, "message", 300))
    past.services = tuple(
        str(service)[:120] for service in raw.get("impactedServices") or () if isinstance(service, str)
    )
    for entry in list_of(raw, "entries"):
        at = instant_of(entry, "eventTime")
        text = text_of(object_of(entry, "description"), "content", _LONGEST) or text_of(
            object_of(entry, "title"), "content"
        )
        if at is not None and text:
            past.entries.append((at, text_of(object_of(entry, "actor"), "name"), text))
    if text_of(raw, "status") not in ("resolved", "closed"):
        past.note("It is open in Opsgenie", "Resolve it there and import again, or declare it here.", lost=True)
    return past


def _past_incident(kind: str, raw: Raw, title: str) -> PastIncident:
    past = PastIncident(Origin(kind, id_of(raw), title), title=title or f"{kind} {id_of(raw)}")
    text = raw.get("description")
    past.text = text[:_LONGEST] if isinstance(text, str) else ""
    past.priority = text_of(raw, "priority")
    past.declared_at, past.resolved_at = instant_of(raw, "createdAt"), instant_of(raw, "updatedAt")
    if past.declared_at is None:
        past.note("It has no time", "", lost=True)
    return past


def _later(past: PastIncident, milliseconds: int) -> Any:
    """The instant `milliseconds` after the alert was created; None for 0."""
    if milliseconds < 0 or past.declared_at is None:
        return None
    return past.declared_at + timedelta(milliseconds=min(milliseconds, 10**12))
