"""Reads the webhook of Grafana's unified alerting, version "1", and the older one of a single rule, into alerts.

https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from bot.domain.alerts.alert import Alert, AlertBatch, AlertStatus
from bot.integrations.alerts.alertmanager import alert_of, alerts_in, truncated_in
from bot.integrations.alerts.protocol import (
    VALUE_LENGTH,
    Delivery,
    Source,
    UnreadableBody,
    annotations_of,
    field_of,
    read_each,
    text_of,
    texts_of,
    web_address,
)

NAME = "grafana"
EXPECTED = (
    'the webhook of Grafana: {"version": "1", "alerts": [{"status": "firing", "labels": {"alertname": "Slow"}, '
    '"startsAt": "2026-03-02T09:00:00Z", "fingerprint": "bbbb000000000001"}]}'
)
_WITHOUT_DATA = ("DatasourceNoData", "DatasourceError")
_LINKS = {"dashboardURL": "dashboard_url", "panelURL": "panel_url", "silenceURL": "silence_url"}
# https://github.com/grafana/grafana/issues/48128 shows the states of the older webhook.
_STATES = {"alerting": AlertStatus.FIRING, "no_data": AlertStatus.FIRING, "ok": AlertStatus.RESOLVED}
_QUIET_STATES = ("paused", "pending", "unknown")


def read(delivery: Delivery, now: datetime) -> AlertBatch:
    """The alerts of a webhook. Raises `UnreadableBody` and `TooManyAlerts`."""
    payload = delivery.payload
    if isinstance(payload, Mapping) and "alerts" not in payload and "ruleName" in payload:
        batch = read_each([payload], lambda item: _of_older(item, now))
        if batch.rejected:
            raise UnreadableBody(batch.rejected[0].reason, EXPECTED)
        return batch
    payload, items = alerts_in(payload, EXPECTED)
    return replace(read_each(items, lambda item: _alert(item, now)), truncated=truncated_in(payload))


def _alert(item: Any, now: datetime) -> Alert:
    """One alert. Its name is its label `alertname`, else that of its rule."""
    alert = alert_of(item, NAME, now)
    labels = dict(alert.labels)
    nodata = labels["alertname"] in _WITHOUT_DATA or labels.get("grafana_state_reason") in ("NoData", "Error")
    if not labels["alertname"]:
        labels["alertname"] = labels.get("rulename", "") or text_of(item.get("ruleUID"))
    words = {"summary": f"{labels['rulename']}: no data"} if nodata and labels.get("rulename") else {}
    links = {
        annotation: item[field_name] for field_name, annotation in _LINKS.items() if web_address(item.get(field_name))
    }
    return replace(
        alert,
        labels=labels,
        annotations=words | texts_of(links) | dict(alert.annotations),
        value=_values(item.get("values")) or text_of(item.get("valueString"))[:VALUE_LENGTH] or None,
        nodata=nodata,
    )


def _values(values: Any) -> str:
    """The values of the rule's expressions, such as `B=22.5, C=1`."""
    return ", ".join(
        f"{name}={value}" for name, value in texts_of(values if isinstance(values, Mapping) else {}).items()
    )


def _of_older(item: Mapping[str, Any], now: datetime) -> Alert | None:
    """The alert of the older webhook, which has the state of one rule; None for a state that is no alert's."""
    state = text_of(item.get("state")).lower()
    if state in _QUIET_STATES:
        return None
    if state not in _STATES:
        raise ValueError("`state` is none of alerting, ok, no_data, paused, pending")
    name = text_of(item.get("ruleName")).strip()
    rule = [text_of(item.get(part)) for part in ("orgId", "dashboardId", "panelId", "ruleId")]
    matches = item.get("evalMatches")
    metrics = [match for match in matches if isinstance(match, Mapping)] if isinstance(matches, list) else []
    message = {"title": name, "description": item.get("message"), "image_url": item.get("imageUrl")}
    return Alert(
        source=NAME,
        fingerprint="rule-" + "-".join(rule) if any(rule) else f"rule-{name}"[:100],
        status=_STATES[state],
        starts_at=now,
        labels={"alertname": name, **field_of(item, "tags", texts_of), "source": NAME},
        annotations=annotations_of(message),
        value=", ".join(f"{text_of(match.get('metric'))}={text_of(match.get('value'))}" for match in metrics[:20])
        or None,
        url=web_address(item.get("ruleUrl")),
        by_state=True,
        nodata=state == "no_data",
    )


SOURCE = Source(NAME, EXPECTED, read)
