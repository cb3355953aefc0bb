"""Reads the webhook of Prometheus Alertmanager, version "4", into alerts.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.alerts.alert import Alert, AlertBatch, AlertStatus, fingerprint_of
from bot.integrations.alerts.protocol import (
    Delivery,
    Source,
    UnreadableBody,
    field_of,
    fingerprint_from,
    instant_of,
    read_each,
    start_of,
    texts_of,
    web_address,
)

NAME = "alertmanager"
EXPECTED = 'the webhook of Alertmanager: {"version": "4", "alerts": [{"status", "labels", "startsAt", …}]}'


def read(delivery: Delivery, now: datetime) -> AlertBatch:
    """The alerts of a webhook. A start in the future becomes `now`. Raises `UnreadableBody` and `TooManyAlerts`.

    The status, receiver and group key of the whole are not used: the sender computes them after it has left alerts
    out, and they change with its configuration.
    """
    payload, items = alerts_in(delivery.payload, EXPECTED)
    batch = read_each(items, lambda item: alert_of(item, NAME, now))
    return replace(batch, truncated=truncated_in(payload))


def alerts_in(payload: Any, expected: str) -> tuple[Mapping[str, Any], list[Any]]:
    """The webhook and its list of alerts. Raises `UnreadableBody`."""
    if not isinstance(payload, Mapping):
        raise UnreadableBody("the body is no JSON object", expected)
    items = payload.get("alerts")
    if not isinstance(items, list):
        raise UnreadableBody("the body has no list `alerts`", expected)
    return payload, items


def truncated_in(payload: Mapping[str, Any]) -> int:
    """The number of alerts that the sender left out."""
    truncated = payload.get("truncatedAlerts")
    count = truncated if isinstance(truncated, int) and not isinstance(truncated, bool) else 0
    return min(max(0, count), 10**9)


def alert_of(item: Any, source: str, now: datetime) -> Alert:
    """One alert. Raises `ValueError` that says what is wrong with it."""
    if not isinstance(item, Mapping):
        raise ValueError("the alert is no object")
    if item.get("status") not in ("firing", "resolved"):
        raise ValueError("`status` is neither firing nor resolved")
    status = AlertStatus(item["status"])
    labels = field_of(item, "labels", texts_of)
    if not labels:
        raise ValueError("`labels` is empty")
    stated = field_of(item, "startsAt", instant_of)
    starts_at, cycle = start_of(stated, now)
    return Alert(
        source=source,
        fingerprint=fingerprint_from(item.get("fingerprint")) or fingerprint_of(labels),
        status=status,
        starts_at=starts_at,
        labels={"alertname": "", **labels, "source": source},
        annotations=field_of(item, "annotations", texts_of),
        ends_at=field_of(item, "endsAt", instant_of) if status is AlertStatus.RESOLVED and item.get("endsAt") else None,
        url=web_address(item.get("generatorURL")),
        cycle=cycle,
        by_state=stated is None,
        undated=stated is None,
    )


SOURCE = Source(NAME, EXPECTED, read)
