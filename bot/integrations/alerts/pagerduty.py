"""Reads incidents of PagerDuty out of its V3 webhooks, as alerts.

https://developer.pagerduty.com/docs/webhooks/v3-overview/
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
    fingerprint_from,
    moment_of,
    read_one,
    text_of,
    texts_of,
    web_address,
)

NAME = "pagerduty"
_PAGING = ("incident.triggered", "incident.escalated", "incident.reassigned", "incident.reopened", "incident.delegated")
MOST_NAMED, NAME_LENGTH = 20, 100
EXPECTED = (
    'a V3 webhook of PagerDuty: {"event": {"id": "01…", "event_type": "incident.triggered", "data": {"id": "PINC1", '
    '"status": "triggered", "title": "Disk full"}}}'
)


def read(delivery: Delivery, now: datetime) -> AlertBatch:
    """The incident of an event, as an alert; none for an event about something else. Raises `UnreadableBody`."""
    batch = read_one(delivery.payload, lambda item: _alert(item, now), EXPECTED)
    event = delivery.payload["event"]
    return replace(batch, pages=_pages(event, batch.alerts[0], now)) if batch.alerts else batch


def _pages(event: Mapping[str, Any], alert: Alert, now: datetime) -> tuple[ShadowPage, ...]:
    """The people whom PagerDuty notifies by this event (the assignees), or the person who acknowledged."""
    kind, data = text_of(event.get("event_type")), event["data"]
    if kind == "incident.acknowledged":
        side, people = ShadowSide.ACKNOWLEDGED, [event.get("agent")]
    elif kind in _PAGING and isinstance(data.get("assignees"), list):
        side, people = ShadowSide.THEIRS, data["assignees"][:MOST_NAMED]
    else:
        return ()
    at = min(_moment(event, data, kind) or now, now)
    names = dict.fromkeys(harmless(_name(person), NAME_LENGTH) for person in people)
    return tuple(
        ShadowPage(f"{NAME}:{event.get('id')}:{recipient}", side, at, recipient, alert.identity, alert.title)
        for recipient in names
        if recipient
    )


def _alert(payload: Any, now: datetime) -> Alert | None:
    event = payload.get("event") if isinstance(payload, Mapping) else None
    if not isinstance(event, Mapping):
        raise ValueError("`event` is no object")
    kind, data = text_of(event.get("event_type")), event.get("data")
    if not kind.startswith("incident.") or not isinstance(data, Mapping):
        return None
    if data.get("type") != "incident" and isinstance(data.get("incident"), Mapping):
        data = data["incident"]  # a note or a responder, with a reference to its incident
    fingerprint, title = fingerprint_from(data.get("id")), text_of(data.get("title")).strip()
    status = text_of(data.get("status"))
    if fingerprint is None or not title or status not in ("triggered", "acknowledged", "resolved"):
        return None
    return Alert(
        source=NAME,
        fingerprint=fingerprint,
        status=AlertStatus.RESOLVED if status == "resolved" else AlertStatus.FIRING,
        starts_at=min(_moment(event, data, kind) or now, now),
        labels=_labels(data, title),
        annotations=annotations_of({"title": title, "number": data.get("number")}),
        url=web_address(data.get("html_url")),
        by_state=True,
    )


def _labels(data: Mapping[str, Any], title: str) -> dict[str, str]:
    """The service's name, the urgency, and the priority, which is the severity where there is one."""
    urgency, priority = text_of(data.get("urgency")), _name(data.get("priority"))
    own_labels = {"service": _name(data.get("service")), "urgency": urgency, "severity": priority or urgency}
    return texts_of({"alertname": title, **{k: v for k, v in own_labels.items() if v}, "source": NAME})


def _name(reference: Any) -> str:
    return text_of(reference.get("summary")) if isinstance(reference, Mapping) else ""


def _moment(event: Mapping[str, Any], data: Mapping[str, Any], kind: str) -> datetime | None:
    try:
        began = moment_of(data.get("created_at")) if kind == "incident.triggered" else None
        return began or moment_of(event.get("occurred_at"))
    except ValueError:
        return None


SOURCE = Source(NAME, EXPECTED, read)
