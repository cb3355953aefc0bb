"""Turns CloudEvents 1.0 into the generic JSON of `POST /hooks/events`.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md and bindings/http-protocol-binding.md
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from bot.domain.alerts.alert import Alert, fingerprint_of
from bot.integrations.alerts.protocol import text_of, texts_of

_EVENT_FIELDS = {
    "type", "title", "description", "status", "severity", "service", "key", "labels", "annotations", "starts_at",
    "ends_at", "url", "value", "author", "ref", "kind",
}  # fmt: skip
_ENDS = ("resolved", "recovered", "closed", "cleared", "ok")
_WORDS = re.compile(r"[a-z0-9]+")
# Words of a type, such as `com.example.deployment.finished`, that say what the event is; a change with its kind.
_CHANGES = {
    "deployment": "deployment", "deployed": "deployment", "deploy": "deployment", "release": "deployment",
    "released": "deployment", "change": "deployment", "flag": "flag", "migration": "migration", "config": "config",
}  # fmt: skip
_REPORTS = ("report", "ticket")


def from_headers(headers: Mapping[str, str], data: Any) -> dict[str, Any]:
    """The event of a request in binary mode: its attributes are headers, and the body is the data."""
    attributes = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    return {**attributes, "data": data}


def event_in(event: Mapping[str, Any]) -> dict[str, Any]:
    """The generic event that a CloudEvent carries. Raises `ValueError` that says what is wrong with it.

    The members of `data` that the generic JSON knows mean the same; its other scalars are labels, and the rest are
    annotations. The event's own type, subject and time fill what `data` leaves open.
    """
    if event.get("specversion") != "1.0":
        raise ValueError("`specversion` is not 1.0")
    for name in ("id", "source", "type"):
        if not isinstance(event.get(name), str) or not event[name]:
            raise ValueError(f"`{name}` is missing")
    data = _data(event)
    words = _WORDS.findall(event["type"].lower())
    kind = text_of(data.get("type")).lower()
    fields = {name: value for name, value in data.items() if name in _EVENT_FIELDS}
    fields["type"] = kind if kind in ("alert", "change", "report") else _kind(words)
    fields.setdefault("title", data.get("alertname") or data.get("message") or event["type"])
    if words and words[-1] in _ENDS:
        fields.setdefault("status", "resolved")
    return _event_fields(event, data, fields, words)


def event_id(event: Mapping[str, Any], alert: Alert) -> str:
    """The same for each delivery of one event: a hash of its source and ID.

    Its time and what it says of which alert count too: a sender that gives several events the same ID loses none.
    """
    attributes = {name: text_of(event.get(name)) for name in ("source", "id", "type", "time")}
    return fingerprint_of({**attributes, "fingerprint": alert.fingerprint, "status": alert.status})


def _event_fields(
    event: Mapping[str, Any], data: Mapping[str, Any], fields: dict[str, Any], words: list[str]
) -> dict[str, Any]:
    """The fields with the labels, the annotations, the key and the time of the event."""
    extra_fields = {name: value for name, value in data.items() if name not in _EVENT_FIELDS}
    scalars = {name: value for name, value in extra_fields.items() if isinstance(value, str | int | float)}
    labels = fields.get("labels")
    own_labels = {"event_source": event["source"], "event_type": event["type"], "subject": event.get("subject")}
    fields["labels"] = (
        texts_of(own_labels) | texts_of(scalars) | (texts_of(labels) if isinstance(labels, Mapping) else {})
    )
    fields["annotations"] = {name: value for name, value in extra_fields.items() if name not in scalars}
    if fields["type"] == "change":
        fields.setdefault("kind", next((_CHANGES[word] for word in words if word in _CHANGES), "deployment"))
        fields.setdefault("key", f"{event['source']} {event['id']}")
        fields.setdefault("starts_at", event.get("time"))
    else:
        fields.setdefault("key", _key(event, fields))
        fields.setdefault("told_at", event.get("time"))
    return fields


def _key(event: Mapping[str, Any], fields: Mapping[str, Any]) -> str:
    """The alert's key, which is the same for its firing and for its end."""
    words = [word for word in _WORDS.findall(event["type"].lower()) if word not in (*_ENDS, "fired", "firing")]
    name = text_of(fields["title"]) if fields["title"] != event["type"] else ""
    subject = text_of(event.get("subject"))
    return fingerprint_of({"source": event["source"], "subject": subject, "type": ".".join(words), "name": name})


def _kind(words: list[str]) -> str:
    if any(word in _REPORTS for word in words):
        return "report"
    return "change" if any(word in _CHANGES for word in words) else "alert"


def _data(event: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data, as an object. Raises `ValueError`."""
    data = event.get("data")
    if (encoded := event.get("data_base64")) is not None:
        if data is not None:
            raise ValueError("has both `data` and `data_base64`")
        try:
            data = json.loads(base64.b64decode(encoded, validate=True))
        except (ValueError, TypeError, RecursionError):
            raise ValueError("`data_base64` is no JSON in base64") from None
    if data is None:
        return {}
    if isinstance(data, str):
        return {"message": data}
    if not isinstance(data, Mapping):
        raise ValueError("`data` is no object")
    return data
