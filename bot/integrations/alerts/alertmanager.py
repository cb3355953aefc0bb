"""Reads the webhook of Prometheus Alertmanager, version "4", into alerts.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.domain.alerts.alert import Alert, AlertBatch, AlertStatus, RejectedAlert, fingerprint_of
from bot.integrations.alerts.protocol import (
    MOST_ALERTS,
    TooManyAlerts,
    UnreadableBody,
    instant_of,
    texts_of,
    web_address,
)

SOURCE = "alertmanager"
EXPECTED = 'the webhook of Alertmanager: {"version": "4", "alerts": [{"status", "labels", "startsAt", …}]}'


def read(payload: Any, now: datetime) -> AlertBatch:
    """The alerts of a webhook. A start in the future becomes `now`. Raises `UnreadableBody` and `TooManyAlerts`.

    The status, receiver and group key of the whole are not used: the sender computes them after it has left alerts
    out, and they change with its configuration.
    """
    if not isinstance(payload, Mapping):
        raise UnreadableBody("the body is no JSON object", EXPECTED)
    items = payload.get("alerts")
    if not isinstance(items, list):
        raise UnreadableBody("the body has no list `alerts`", EXPECTED)
    if len(items) > MOST_ALERTS:
        raise TooManyAlerts(f"{len(items)} alerts; at most {MOST_ALERTS}")
    alerts, rejected = [], []
    for index, item in enumerate(items):
        try:
            alerts.append(_alert(item, now))
        except ValueError as error:
            rejected.append(RejectedAlert(index, str(error)))
    truncated = payload.get("truncatedAlerts")
    count = truncated if isinstance(truncated, int) and not isinstance(truncated, bool) else 0
    return AlertBatch(tuple(alerts), tuple(rejected), min(max(0, count), 10**9))


def _alert(item: Any, now: datetime) -> Alert:
    """One alert. Raises `ValueError` that says what is wrong with it."""
    if not isinstance(item, Mapping):
        raise ValueError("the alert is no object")
    if item.get("status") not in ("firing", "resolved"):
        raise ValueError("`status` is neither firing nor resolved")
    status = AlertStatus(item["status"])
    labels = _field(item, "labels", texts_of)
    if not labels:
        raise ValueError("`labels` is empty")
    starts_at = min(_field(item, "startsAt", instant_of) or now, now)
    given = item.get("fingerprint")
    fingerprint = given[:100] if isinstance(given, str) and given else fingerprint_of(labels)
    return Alert(
        source=SOURCE,
        fingerprint=fingerprint,
        status=status,
        starts_at=starts_at,
        labels={"alertname": "", **labels, "source": SOURCE},
        annotations=_field(item, "annotations", texts_of),
        ends_at=_field(item, "endsAt", instant_of) if status is AlertStatus.RESOLVED and item.get("endsAt") else None,
        url=web_address(item.get("generatorURL")),
    )


def _field(item: Mapping[str, Any], name: str, read_value: Any) -> Any:
    try:
        return read_value(item.get(name))
    except ValueError as error:
        raise ValueError(f"`{name}` {error}") from None
