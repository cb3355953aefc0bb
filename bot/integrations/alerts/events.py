"""Reads the generic JSON of `POST /hooks/events`: alerts, changes of services and reports, one or a list.

An event without a start belongs to its alert's present firing: it repeats the firing, or ends it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.alerts.alert import Alert, AlertBatch, AlertStatus, fingerprint_of
from bot.domain.alerts.service_change import ChangeKind, ServiceChange
from bot.integrations.alerts import cloudevents
from bot.integrations.alerts.protocol import (
    VALUE_LENGTH,
    Delivery,
    Source,
    UnreadableBody,
    annotations_of,
    field_of,
    fingerprint_from,
    moment_of,
    read_each,
    start_of,
    text_of,
    texts_of,
    web_address,
)

NAME = "events"
EXPECTED = (
    'an event, a list of events, or CloudEvents 1.0, such as {"type": "alert", "title": "Checkout fails", '
    '"status": "firing", "severity": "critical", "service": "checkout", "key": "checkout-down"}'
)
TYPES = ("alert", "change", "report")
_KNOWN = {
    "type", "title", "description", "status", "severity", "service", "key", "labels", "annotations", "starts_at",
    "ends_at", "url", "value", "told_at",
}  # fmt: skip
_OF_CHANGE = {"author", "ref", "kind"}


def read(delivery: Delivery, now: datetime) -> AlertBatch:
    """The alerts and changes of a body. Raises `UnreadableBody` and `TooManyAlerts`.

    A single event that cannot be read makes the body unreadable. In a list, only that event is rejected.
    """
    payload = delivery.payload
    if "ce-specversion" in delivery.headers:
        payload = cloudevents.from_headers(delivery.headers, payload)
    if isinstance(payload, list):
        return read_each(payload, lambda item: event_of(item, now))
    if not isinstance(payload, Mapping):
        raise UnreadableBody("the body is neither an event nor a list of events", EXPECTED)
    batch = read_each([payload], lambda item: event_of(item, now))
    if batch.rejected:
        raise UnreadableBody(batch.rejected[0].reason, EXPECTED)
    return batch


def event_of(item: Any, now: datetime) -> Alert | ServiceChange:
    """One event. Raises `ValueError` that says what is wrong with it."""
    if not isinstance(item, Mapping):
        raise ValueError("the event is no object")
    event = item
    if "specversion" in event:
        item = cloudevents.event_in(event)
    kind = text_of(item.get("type", "alert")).lower()
    if kind not in TYPES:
        raise ValueError("`type` is none of alert, change, report")
    if kind == "change":
        return _change(item, now)
    alert = _alert(item, kind, now)
    return replace(alert, event_id=cloudevents.event_id(event, alert)) if "specversion" in event else alert


def _alert(item: Mapping[str, Any], kind: str, now: datetime) -> Alert:
    status_name = text_of(item.get("status", "firing")).lower()
    if status_name not in ("firing", "resolved"):
        raise ValueError("`status` is neither firing nor resolved")
    status = AlertStatus(status_name)
    labels = field_of(item, "labels", texts_of)
    key = fingerprint_from(item.get("key"))
    title = text_of(item.get("title")).strip() or labels.get("alertname", "")
    if status is AlertStatus.RESOLVED and key is not None:
        title = title or key  # the key alone says which alert is over
    if not title:
        raise ValueError("`title` is missing")
    own_labels = {name: text_of(item.get(name)) for name in ("severity", "service") if text_of(item.get(name))}
    fingerprint = key or fingerprint_of({**labels, "title": title})
    labels = {"alertname": title, **labels, **own_labels, "source": NAME} | ({"type": kind} if kind == "report" else {})
    began_at, ends_at = field_of(item, "starts_at", moment_of), field_of(item, "ends_at", moment_of)
    told_at = field_of(item, "told_at", moment_of)
    resolved = status is AlertStatus.RESOLVED
    starts_at, cycle = start_of(began_at, now)
    if began_at is None:
        starts_at = min(told_at or (ends_at if resolved else None) or now, now)
    return Alert(
        source=NAME,
        fingerprint=fingerprint,
        status=status,
        starts_at=starts_at,
        labels=texts_of(labels),
        annotations=_annotations(item, title, _KNOWN),
        ends_at=ends_at if resolved else None,
        value=text_of(item.get("value"))[:VALUE_LENGTH] or None,
        url=web_address(item.get("url")),
        cycle=cycle,
        by_state=began_at is None,
        undated=began_at is None and told_at is None,
    )


def _change(item: Mapping[str, Any], now: datetime) -> ServiceChange:
    title = text_of(item.get("title")).strip() or text_of(item.get("ref")).strip()
    if not title:
        raise ValueError("`title` is missing")
    kind = text_of(item.get("kind", ChangeKind.DEPLOYMENT)).lower()
    if kind not in list(ChangeKind):
        raise ValueError("`kind` is none of deployment, flag, migration, config")
    labels = field_of(item, "labels", texts_of)
    event_at = field_of(item, "starts_at", moment_of) or field_of(item, "ends_at", moment_of)
    at = min(event_at or now, now)
    change = ServiceChange(
        key=text_of(item.get("key"))[:VALUE_LENGTH],
        kind=ChangeKind(kind),
        title=title[:VALUE_LENGTH],
        at=at,
        service=(text_of(item.get("service")) or labels.get("service", ""))[:VALUE_LENGTH],
        author=text_of(item.get("author"))[:VALUE_LENGTH],
        ref=text_of(item.get("ref"))[:VALUE_LENGTH],
        url=web_address(item.get("url")),
        description=text_of(item.get("description"))[:VALUE_LENGTH],
        annotations=labels | _annotations(item, "", _KNOWN | _OF_CHANGE),
    )
    return change if change.key else replace(change, key=_key(change, event_at))


def _key(change: ServiceChange, stated_at: datetime | None) -> str:
    """A key for a change without one. Without a time, an equal change on the same day is a repetition."""
    when = stated_at.isoformat() if stated_at else change.at.date().isoformat()
    parts = {"kind": change.kind, "title": change.title, "service": change.service, "ref": change.ref, "at": when}
    return fingerprint_of(parts | {"author": change.author})


def _annotations(item: Mapping[str, Any], title: str, used: set[str]) -> dict[str, str]:
    """The annotations given, the fields that have no meaning here, the title and the description."""
    annotations = item.get("annotations")
    unknown_fields = {str(name): value for name, value in item.items() if name not in used}
    own_annotations = {"title": title, "description": text_of(item.get("description")) if title else ""}
    return annotations_of(
        unknown_fields | (dict(annotations) if isinstance(annotations, Mapping) else {}) | own_annotations
    )


SOURCE = Source(NAME, EXPECTED, read)
