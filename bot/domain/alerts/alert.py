"""Defines an alert of a monitoring system: one labelled condition that fires or is resolved."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.alerts.service_change import ServiceChange
from bot.domain.alerts.shadow_page import ShadowPage
from bot.domain.values.one_line import one_line
from bot.domain.values.slack_ids import MENTION

TITLE_LENGTH = 250
SOURCE_NAMES = (  # of the endpoints, and of the rules and probes that the bot evaluates itself
    "alertmanager", "cloudwatch", "datadog", "events", "grafana", "opsgenie", "pagerduty", "probes", "rules", "sentry",
)  # fmt: skip
# Labels, without underscores around them, that differ each time the same alert is told: measurements and times.
VOLATILE = frozenset(
    {"value", "values", "value_string", "valuestring", "current_value", "timestamp", "starts_at", "ends_at"}
)


class AlertStatus(StrEnum):
    """Whether the condition holds. The values are persisted."""

    FIRING = "firing"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert of one source. Every instant is aware and in UTC."""

    source: str  # the endpoint's name, such as `alertmanager`
    fingerprint: str  # the source's own, else a hash of its labels
    status: AlertStatus
    starts_at: datetime
    labels: Mapping[str, str]  # with `source` and `alertname`
    annotations: Mapping[str, str] = field(default_factory=dict)
    ends_at: datetime | None = None  # None while it fires
    value: str | None = None
    url: str | None = None  # http(s) only
    cycle: str | None = None  # the source's ID of one firing; None: the start tells firings apart
    by_state: bool = False  # whether the source reports only the present state, with neither start nor cycle
    undated: bool = False  # whether the source gave no time at all: it starts when it arrived, by the clock here
    nodata: bool = False  # whether it fires because its source has no data, or cannot evaluate it
    event_id: str | None = None  # the same when the source delivers this report again; None: the source gives none

    @property
    def identity(self) -> str:
        """The same for every occurrence of this alert: the fingerprint within its source."""
        return f"{self.source}:{self.fingerprint}"

    @property
    def occurrence(self) -> str:
        """Identifies one firing of the alert, by its cycle or its start in microseconds since 1970."""
        return f"{self.identity}@{self.cycle or int(self.starts_at.timestamp() * 1_000_000)}"

    @property
    def name(self) -> str:
        """The alert's `alertname`."""
        return self.labels.get("alertname", "")

    @property
    def title(self) -> str:
        """One line for people: the summary, else the name and the labels that tell it apart."""
        summary = self.annotations.get("summary") or self.annotations.get("title") or ""
        return harmless(summary or self.name or _labels_text(self.labels), TITLE_LENGTH) or "Alert"


@dataclass(frozen=True, slots=True)
class RejectedAlert:
    """An alert of a batch that cannot be read."""

    index: int  # within the batch, from 0
    reason: str


@dataclass(frozen=True, slots=True)
class AlertBatch:
    """The alerts of one request."""

    alerts: tuple[Alert, ...]
    rejected: tuple[RejectedAlert, ...] = ()
    truncated: int = 0  # how many the sender left out
    changes: tuple[ServiceChange, ...] = ()  # changes of services, reported beside the alerts
    pages: tuple[ShadowPage, ...] = ()  # whom the source says it paged, for shadow mode

    @property
    def received(self) -> int:
        """The number of alerts and changes in the body."""
        return len(self.alerts) + len(self.rejected) + len(self.changes)


def _labels_text(labels: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(labels.items()) if value and name != "source")


def fingerprint_of(labels: Mapping[str, str]) -> str:
    """A fingerprint for an alert whose source gave none: a hash of its labels, in any order, without volatile ones."""
    lasting = sorted((name, value) for name, value in labels.items() if name.lower().strip("_") not in VOLATILE)
    return hashlib.sha256(json.dumps(lasting or sorted(labels.items())).encode()).hexdigest()[:16]


def harmless(text: str, longest: int) -> str:
    """Text from an alert on one line, without mentions and of at most `longest` characters."""
    line = MENTION.sub(r"@\1", one_line(text[: longest * 4]))
    return line if len(line) <= longest else line[: longest - 1].rstrip() + "…"
