"""The page of the metrics."""

from __future__ import annotations

from prometheus_client.metrics import MetricWrapperBase

from bot.cli.reference.markdown import code, document, table
from bot.cli.reference.metric_meanings import MEANINGS, PROCESS
from bot.metrics import Metrics

INTRODUCTION = (
    "What `GET /metrics` shows. [Monitor Tocsin itself](../run/monitoring.md) says what the metrics are for. Beside "
    "these there are the metrics that every Prometheus client has of its process: "
)
SUFFIX = {"counter": "_total"}


def page() -> str:
    """The page."""
    collectors = set(Metrics().registry._names_to_collectors.values())
    wrappers = [collector for collector in collectors if isinstance(collector, MetricWrapperBase)]
    details = {name: text for names, text in MEANINGS.items() for name in names}
    rows = []
    for metric in sorted(wrappers, key=lambda metric: metric._name):
        name = metric._name + SUFFIX.get(str(metric._type), "")
        rows.append((code(name), str(metric._type), metric._documentation, details.get(name, "")))
    introduction = INTRODUCTION + ", ".join(map(code, PROCESS)) + "."
    return document("Metrics", introduction, [table(("metric", "type", "meaning", "labels and details"), rows)])
