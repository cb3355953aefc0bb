"""The page of the metrics."""

from __future__ import annotations

from prometheus_client.metrics import MetricWrapperBase

from bot.cli.reference.markdown import code, document, table
from bot.metrics import Metrics

INTRODUCTION = (
    "What `GET /metrics` shows, beside what every Prometheus client tells of its process. [The operator's "
    "guide](../operator.md#health) says what they are for."
)
SUFFIX = {"counter": "_total"}


def page() -> str:
    """The page."""
    collectors = set(Metrics().registry._names_to_collectors.values())
    found = [each for each in collectors if isinstance(each, MetricWrapperBase)]
    rows = [
        (
            code(each._name + SUFFIX.get(str(each._type), "")),
            str(each._type),
            ", ".join(code(label) for label in each._labelnames),
            each._documentation,
        )
        for each in sorted(found, key=lambda each: each._name)
    ]
    return document("Metrics", INTRODUCTION, [table(("metric", "type", "labels", "meaning"), rows)])
