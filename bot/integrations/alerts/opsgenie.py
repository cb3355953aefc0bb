"""Reads the alert actions of an Opsgenie webhook.

https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.domain.alerts.alert import Alert, AlertBatch, AlertStatus
from bot.integrations.alerts.protocol import (
    Delivery,
    Source,
    annotations_of,
    field_of,
    fingerprint_from,
    moment_of,
    read_one,
    tags_of,
    text_of,
    texts_of,
)

NAME = "opsgenie"
EXPECTED = (
    'an alert action of Opsgenie: {"action": "Create", "alert": {"alertId": "…", "message": "Disk full", '
    '"alias": "disk-1", "tags": ["env:prod"], "priority": "P1", "createdAt": 1772442000000}}'
)
_ENDS = ("close", "delete")
_SHOWN = ("description", "entity", "username", "tinyId", "teams")


def read(delivery: Delivery, now: datetime) -> AlertBatch:
    """The alert of an action. Raises `UnreadableBody`."""
    return read_one(delivery.payload, lambda item: _alert(item, now), EXPECTED)


def _alert(item: Any, now: datetime) -> Alert:
    """The alert. Only closing and deleting end it; any other action says that it is there."""
    if not isinstance(item, Mapping) or not isinstance(item.get("alert"), Mapping):
        raise ValueError("`alert` is no object")
    told = item["alert"]
    action, message = text_of(item.get("action")).strip(), text_of(told.get("message")).strip()
    fingerprint = fingerprint_from(told.get("alias")) or fingerprint_from(told.get("alertId"))
    if not action or fingerprint is None:
        raise ValueError("`action`, or both `alias` and `alertId`, are missing")
    resolved = action.lower() in _ENDS
    created, updated = (_moment(told, name) for name in ("createdAt", "updatedAt"))
    at = min((created if action.lower() == "create" else updated) or updated or created or now, now)
    return Alert(
        source=NAME,
        fingerprint=fingerprint,
        status=AlertStatus.RESOLVED if resolved else AlertStatus.FIRING,
        starts_at=at,
        labels=_labels(told, message or fingerprint),
        annotations=annotations_of({"title": message, **{name: told.get(name) for name in _SHOWN}}),
        by_state=True,
    )


def _labels(told: Mapping[str, Any], message: str) -> dict[str, str]:
    tags = told.get("tags")
    labels = tags_of(text_of(tag) for tag in tags if text_of(tag)) if isinstance(tags, list) else {}
    labels |= field_of(told, "details", texts_of)
    if priority := text_of(told.get("priority")).upper():
        labels["priority"] = priority if priority.startswith("P") else f"P{priority}"
        labels.setdefault("severity", labels["priority"])
    return texts_of({"alertname": message, **labels, "source": NAME})


def _moment(told: Mapping[str, Any], name: str) -> datetime | None:
    try:
        return moment_of(told.get(name))
    except ValueError:
        return None


SOURCE = Source(NAME, EXPECTED, read)
