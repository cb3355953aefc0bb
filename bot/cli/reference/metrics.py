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
    wrappers = [collector for collector in collectors if isinstance(collector, MetricWrapperBase)]
    rows = [
        (
            code(metric._name + SUFFIX.get(str(metric._type), "")),
            str(metric._type),
            ", ".join(code(label) for label in metric._labelnames),
            metric._documentation,
        )
        for metric in sorted(wrappers, key=lambda metric: metric._name)
    ]
    return document("Metrics", INTRODUCTION, [table(("metric", "type", "labels", "meaning"), rows)])
