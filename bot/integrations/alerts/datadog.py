"""Reads the webhook of Datadog, whose body is the template of docs/integrations/datadog.md, as JSON or as a form.

https://docs.datadoghq.com/integrations/webhooks/
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.domain.alerts.alert import Alert, AlertBatch, AlertStatus, fingerprint_of
from bot.integrations.alerts.protocol import (
    Delivery,
    Source,
    annotations_of,
    fingerprint_from,
    moment_of,
    read_one,
    tags_of,
    text_of,
    texts_of,
    web_address,
)

NAME = "datadog"
EXPECTED = (
    "the template of docs/integrations/datadog.md, filled in: "
    '{"monitor_id": "42", "cycle": "c1", "title": "[Triggered] Slow", '
    '"transition": "Triggered", "scopes": "env:prod", "tags": "env:prod,team:shop", "date": "1772442000000"}'
)
_PREFIX = re.compile(r"^(\[[^\]]{0,200}\]\s*)+")  # such as `[Triggered on {host:a}] `
_SHOWN = {"description": "body", "query": "query", "metric": "metric", "scopes": "scopes", "status": "alert_status"}
_SEVERITIES = ("error", "warning", "info")


def read(delivery: Delivery, now: datetime) -> AlertBatch:
    """The alert of a webhook. Raises `UnreadableBody`."""
    return read_one(delivery.payload, lambda item: _alert(item, now), EXPECTED)


def _alert(item: Any, now: datetime) -> Alert:
    """The alert. `Recovered` alone ends it: any other transition says that something is wrong."""
    if not isinstance(item, Mapping):
        raise ValueError("the body is neither an object nor a form")
    transition = text_of(item.get("transition")).strip()
    if transition.startswith("$"):
        raise ValueError(f"`transition` is {transition[:40]}, which Datadog did not fill in")
    fields = {str(name): _template_value(value) for name, value in item.items()}
    name = _PREFIX.sub("", fields.get("alert_title") or fields.get("title") or "").strip()
    if not name or not transition:
        raise ValueError("`title` or `transition` is missing")
    resolved = transition.lower() == "recovered"
    return Alert(
        source=NAME,
        fingerprint=_fingerprint(fields, name),
        status=AlertStatus.RESOLVED if resolved else AlertStatus.FIRING,
        starts_at=min(_moment(fields) or now, now),
        labels=_labels(fields, name),
        annotations=annotations_of(
            {"title": name} | {annotation: fields.get(field_name) for annotation, field_name in _SHOWN.items()}
        ),
        url=web_address(fields.get("url")),
        by_state=True,
        nodata=transition.lower() in ("no data", "re-no data"),
    )


def _fingerprint(fields: Mapping[str, str], name: str) -> str:
    """Datadog's key of one trigger of the monitor until its recovery; else the monitor and its subject."""
    if cycle := fingerprint_from(fields.get("cycle")):
        return cycle
    monitor = fields.get("monitor_id") or fields.get("aggreg_key") or name
    return fingerprint_of({"monitor": monitor, "scopes": fields.get("scopes", "")})


def _labels(fields: Mapping[str, str], name: str) -> dict[str, str]:
    """The tags, and the severity: the tag `severity`, else the monitor's priority, else the type of alert."""
    labels = tags_of([*fields.get("tags", "").split(","), *fields.get("scopes", "").split(",")])
    for label, value in (("host", fields.get("hostname")), ("monitor_id", fields.get("monitor_id"))):
        if value:
            labels.setdefault(label, value)
    priority, kind = fields.get("priority", "").upper(), fields.get("alert_type", "").lower()
    if re.fullmatch(r"P?[1-5]", priority):
        labels.setdefault("severity", f"P{priority[-1]}")
    elif kind in _SEVERITIES:
        labels.setdefault("severity", kind)
    return texts_of({"alertname": name, **labels, "source": NAME})


def _template_value(value: Any) -> str:
    """A value of the template; empty where Datadog left the variable or wrote `null`."""
    text = text_of(value).strip()
    return "" if text.startswith("$") or text == "null" else text


def _moment(fields: Mapping[str, str]) -> datetime | None:
    for name in ("date", "last_updated"):
        try:
            if moment := moment_of(fields.get(name)):
                return moment
        except ValueError:
            continue
    return None


SOURCE = Source(NAME, EXPECTED, read, forms=True)
