"""Reads the alert actions of an Opsgenie webhook.

https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/: `recipients` and `teams` are IDs
or names, and an escalation names its alert by ID alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.alerts.alert import Alert, AlertBatch, AlertStatus, harmless
from bot.domain.alerts.shadow_page import ShadowPage, ShadowSide
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
_PAGING = ("create", "addrecipient", "addresponder", "addteam", "assignownership", "escalatenext", "escalate")
_WHO = ("recipients", "responders", "team", "teams")
MOST_NAMED, NAME_LENGTH = 20, 100
_SHOWN = ("description", "entity", "username", "tinyId", "teams")


def read(delivery: Delivery, now: datetime) -> AlertBatch:
    """The alert of an action. Raises `UnreadableBody`."""
    item = delivery.payload
    if _is_escalation(item):
        return AlertBatch((), pages=_escalation_pages(item, now))
    batch = read_one(item, lambda item: _alert(item, now), EXPECTED)
    return replace(batch, pages=_pages(item, batch.alerts[0], now)) if batch.alerts else batch


def _is_escalation(item: Any) -> bool:
    """Whether it tells of an escalation, which names the alert by its ID alone."""
    content = item.get("alert") if isinstance(item, Mapping) else None
    return (
        isinstance(content, Mapping)
        and text_of(item.get("action")).strip().lower() == "escalate"
        and bool(text_of(content.get("alertId")))
        and not text_of(content.get("alias"))
    )


def _escalation_pages(item: Mapping[str, Any], now: datetime) -> tuple[ShadowPage, ...]:
    """Whom an escalation notified: `{"escalationNotify": {"name": …, "entity": "user"}, "repeatCount": 0}`."""
    alert_id = harmless(text_of(item["alert"].get("alertId")), NAME_LENGTH)
    rung = ":".join(text_of(item.get(name)) for name in ("escalationId", "escalationTime", "repeatCount"))
    return tuple(
        ShadowPage(
            f"{NAME}:{alert_id}:escalate:{rung[:NAME_LENGTH]}:{recipient}", ShadowSide.THEIRS, now, recipient,
            f"{NAME}:{alert_id}",
            f"Opsgenie's alert {alert_id}", vendor_alert=f"{NAME}:{alert_id}",
        )
        for recipient in _responder_names(item.get("escalationNotify"))
    )  # fmt: skip


def _pages(item: Mapping[str, Any], alert: Alert, now: datetime) -> tuple[ShadowPage, ...]:
    """Opsgenie's pages by this action: the alert of its ID, the people it notified or asked, and who acknowledged."""
    content, action = item["alert"], text_of(item.get("action")).strip().lower()
    alert_id = harmless(text_of(content.get("alertId")), NAME_LENGTH) or alert.fingerprint
    names: list[str] = []
    side = ShadowSide.ACKNOWLEDGED if action == "acknowledge" else ShadowSide.THEIRS
    if action == "acknowledge":
        names = [text_of(content.get("username"))]
    elif action in _PAGING:
        # A responder that is added or assigned is named by itself; the others were paged before.
        names = _responder_names(content.get("recipient") or content.get("owner"))
        names = (
            names
            if action != "create" and names
            else [name for field in _WHO for name in _responder_names(content.get(field))]
        )
    at = alert.starts_at if action == "create" else min(_moment(content, "updatedAt") or now, now)
    pages = [
        ShadowPage(
            f"{NAME}:{alert_id}:{action}:{at.isoformat()}:{recipient}", side, at, recipient, alert.identity, alert.title
        )
        for recipient in dict.fromkeys(names)
        if recipient
    ]
    alert_page = ShadowPage(f"{NAME}:{alert_id}", ShadowSide.ALERT, at, "", alert.identity, alert.title)
    return (*([alert_page] if action == "create" or pages else []), *pages)


def _responder_names(value: Any) -> list[str]:
    """The names of responders: a text, an object with a `name`, or a list of such."""
    if isinstance(value, list):
        return [name for responder in value[:MOST_NAMED] for name in _responder_names(responder)]
    if isinstance(value, Mapping):
        value = value.get("name") or value.get("username")
    name = harmless(text_of(value), NAME_LENGTH)
    return [name] if name else []


def _alert(item: Any, now: datetime) -> Alert:
    """The alert. Only closing and deleting end it; after any other action it is open."""
    if not isinstance(item, Mapping) or not isinstance(item.get("alert"), Mapping):
        raise ValueError("`alert` is no object")
    content = item["alert"]
    action, message = text_of(item.get("action")).strip(), text_of(content.get("message")).strip()
    fingerprint = fingerprint_from(content.get("alias")) or fingerprint_from(content.get("alertId"))
    if not action or fingerprint is None:
        raise ValueError("`action`, or both `alias` and `alertId`, are missing")
    resolved = action.lower() in _ENDS
    created, updated = (_moment(content, name) for name in ("createdAt", "updatedAt"))
    at = min((created if action.lower() == "create" else updated) or updated or created or now, now)
    return Alert(
        source=NAME,
        fingerprint=fingerprint,
        status=AlertStatus.RESOLVED if resolved else AlertStatus.FIRING,
        starts_at=at,
        labels=_labels(content, message or fingerprint),
        annotations=annotations_of({"title": message, **{name: content.get(name) for name in _SHOWN}}),
        by_state=True,
    )


def _labels(alert: Mapping[str, Any], message: str) -> dict[str, str]:
    tags = alert.get("tags")
    labels = tags_of(text_of(tag) for tag in tags if text_of(tag)) if isinstance(tags, list) else {}
    labels |= field_of(alert, "details", texts_of)
    if priority := text_of(alert.get("priority")).upper():
        labels["priority"] = priority if priority.startswith("P") else f"P{priority}"
        labels.setdefault("severity", labels["priority"])
    return texts_of({"alertname": message, **labels, "source": NAME})


def _moment(alert: Mapping[str, Any], name: str) -> datetime | None:
    try:
        return moment_of(alert.get(name))
    except ValueError:
        return None


SOURCE = Source(NAME, EXPECTED, read)
