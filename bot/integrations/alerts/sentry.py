"""Reads the webhooks of a Sentry integration: issues, issue alerts and metric alerts.

https://docs.sentry.io/organization/integrations/integration-platform/webhooks/
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
    fingerprint_from,
    moment_of,
    read_one,
    text_of,
    texts_of,
    web_address,
)

NAME = "sentry"
EXPECTED = (
    'a webhook of Sentry about an issue, an issue alert or a metric alert: {"action": "created", "data": {"issue": '
    '{"id": "1", "title": "KeyError", "level": "error", "project": {"slug": "shop"}}}}'
)
_ISSUE_STATES = {"created": AlertStatus.FIRING, "unresolved": AlertStatus.FIRING, "resolved": AlertStatus.RESOLVED}


def read(delivery: Delivery, now: datetime) -> AlertBatch:
    """The alert of a webhook, if it has one. Raises `UnreadableBody`."""
    return read_one(delivery.payload, lambda item: _alert(item, delivery.headers, now), EXPECTED)


def _alert(item: Any, headers: Mapping[str, str], now: datetime) -> Alert | None:
    """The alert; None for other events, such as an installation, a comment or an assignment."""
    if not isinstance(item, Mapping) or not isinstance(item.get("data"), Mapping):
        raise ValueError("`data` is no object")
    data, action = item["data"], text_of(item.get("action")).lower()
    resource = headers.get("sentry-hook-resource", "")
    told_at = _moment(headers.get("sentry-hook-timestamp"))
    if isinstance(data.get("metric_alert"), Mapping) and resource in ("", "metric_alert"):
        return _metric_alert(data, data["metric_alert"], action, told_at or now)
    if isinstance(data.get("issue"), Mapping) and resource in ("", "issue"):
        return _issue(data["issue"], action, told_at, now)
    if isinstance(data.get("event"), Mapping) and resource in ("", "event_alert"):
        return _event(data, data["event"], now)
    if resource in ("installation", "comment", "error", "seer") or "installation" in data:
        return None
    raise ValueError("`data` has none of issue, event and metric_alert")


def _issue(issue: Mapping[str, Any], action: str, told_at: datetime | None, now: datetime) -> Alert | None:
    """An issue that is new, came back, or is resolved. Ignoring and assigning it change nothing."""
    if action not in _ISSUE_STATES:
        return None
    status = _ISSUE_STATES[action]
    began = _moment(issue.get("firstSeen")) if action == "created" else told_at
    project = issue.get("project")
    metadata = issue.get("metadata")
    return _built(
        key=f"issue-{_key(issue.get('id'))}",
        status=status,
        at=min(began or told_at or now, now),
        name=text_of(issue.get("title")),
        labels={
            "severity": text_of(issue.get("level")),
            "project": text_of(project.get("slug")) if isinstance(project, Mapping) else "",
            "platform": text_of(issue.get("platform")),
            "issue": text_of(issue.get("shortId")),
        },
        annotations={
            "culprit": issue.get("culprit"),
            "description": metadata.get("value") if isinstance(metadata, Mapping) else None,
            "count": issue.get("count"),
            "users": issue.get("userCount"),
        },
        url=issue.get("web_url") or issue.get("permalink"),
    )


def _event(data: Mapping[str, Any], event: Mapping[str, Any], now: datetime) -> Alert:
    """An event that triggered an issue alert. Its alert is the issue's, so that resolving the issue ends it."""
    pairs = event.get("tags")
    tags = {
        text_of(pair[0]): pair[1]
        for pair in (pairs if isinstance(pairs, list) else [])
        if isinstance(pair, list) and len(pair) == 2
    }
    return _built(
        key=f"issue-{_key(event.get('issue_id') or event.get('event_id'))}",
        status=AlertStatus.FIRING,
        at=min(_moment(event.get("datetime")) or now, now),
        name=text_of(event.get("title")),
        labels={
            **texts_of(tags),
            "severity": text_of(event.get("level")) or text_of(tags.get("level")),
            "project": text_of(event.get("project")),
            "platform": text_of(event.get("platform")),
        },
        annotations={"culprit": event.get("culprit"), "rule": data.get("triggered_rule")},
        url=event.get("web_url") or event.get("url"),
    )


def _metric_alert(data: Mapping[str, Any], payload: Mapping[str, Any], action: str, at: datetime) -> Alert | None:
    """A metric alert, which is critical, warning or resolved. Each rule has one alert."""
    if action not in ("critical", "warning", "resolved"):
        return None
    rule = payload.get("alert_rule")
    rule = rule if isinstance(rule, Mapping) else {}
    projects = payload.get("projects")
    return _built(
        key=f"metric-{_key(rule.get('id') or payload.get('id') or payload.get('identifier'))}",
        status=AlertStatus.RESOLVED if action == "resolved" else AlertStatus.FIRING,
        at=at,
        name=text_of(rule.get("name")) or text_of(payload.get("title")) or text_of(data.get("description_title")),
        labels={
            "severity": "" if action == "resolved" else action,
            "project": text_of(projects[0]) if isinstance(projects, list) and projects else "",
        },
        annotations={"description": data.get("description_text"), "query": rule.get("query")},
        url=data.get("web_url"),
    )


def _built(
    *, key: str, status: AlertStatus, at: datetime, name: str, labels: Mapping[str, str],
    annotations: Mapping[str, Any], url: Any,
) -> Alert:  # fmt: skip
    if not name.strip():
        raise ValueError("`title` is missing")
    own_labels = {label: value for label, value in labels.items() if value}
    return Alert(
        source=NAME,
        fingerprint=fingerprint_from(key) or key,
        status=status,
        starts_at=at,
        labels=texts_of({"alertname": name.strip(), **own_labels, "source": NAME}),
        annotations=annotations_of({"title": name.strip(), **annotations}),
        url=web_address(url),
        by_state=True,
    )


def _key(value: Any) -> str:
    """An ID as text. Raises `ValueError` for none."""
    if not (text := fingerprint_from(value)):
        raise ValueError("`id` is missing")
    return text


def _moment(value: Any) -> datetime | None:
    try:
        return moment_of(value)
    except ValueError:
        return None


SOURCE = Source(NAME, EXPECTED, read)
