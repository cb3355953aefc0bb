"""Figures about ourselves, in Prometheus' format."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class Metrics:
    """One registry a process, so that tests and several apps in one process do not meet."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.acknowledgements = Histogram(
            "tocsin_acknowledgement_seconds",
            "From receiving something from Slack to answering it",
            ["kind"],
            registry=self.registry,
            buckets=_FAST,
        )
        self.lateness = Histogram(
            "tocsin_reminder_lateness_seconds",
            "From a deadline's due instant to acting on it",
            ["kind"],
            registry=self.registry,
            buckets=_SLOW,
        )
        self.slack_calls = Counter(
            "tocsin_slack_calls_total", "Calls to Slack by result", ["method", "result"], registry=self.registry
        )
        self.slack_seconds = Histogram(
            "tocsin_slack_call_seconds", "How long Slack took", ["method"], registry=self.registry, buckets=_SLOW
        )
        self.outbox_results = Counter(
            "tocsin_outbox_results_total", "What came of notices, by kind", ["kind", "result"], registry=self.registry
        )
        self.outbox_depth = Gauge("tocsin_outbox_rows", "Notices by state", ["state"], registry=self.registry)
        self.outbox_age = Gauge(
            "tocsin_outbox_oldest_seconds", "Age of the oldest notice that still waits", registry=self.registry
        )
        self.repeated = Counter(
            "tocsin_deliveries_repeated_total", "Deliveries made before", ["kind"], registry=self.registry
        )
        self.refused = Counter(
            "tocsin_requests_refused_total", "Requests refused before they were read", ["why"], registry=self.registry
        )
        self.incidents_open = Gauge("tocsin_incidents_open", "Open incidents", ["severity"], registry=self.registry)
        self.policy_stale = Gauge(
            "tocsin_policy_stale", "1 while the policy file cannot be used and an older one is in force",
            registry=self.registry,
        )  # fmt: skip
        self.policy_reloads = Counter(
            "tocsin_policy_reloads_total", "Times a changed policy file was read", ["result"], registry=self.registry
        )

    def slack_called(self, method: str, result: str, took_s: float) -> None:
        self.slack_calls.labels(method, result).inc()
        self.slack_seconds.labels(method).observe(took_s)

    def text(self) -> bytes:
        return generate_latest(self.registry)
