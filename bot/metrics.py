"""Figures about ourselves, in Prometheus' format."""

from __future__ import annotations

import re
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class Rates(Protocol):
    """The limiter, as far as it is counted."""

    @property
    def strict(self) -> bool: ...


class Sockets(Protocol):
    """Socket Mode, as far as it is counted."""

    @property
    def open_count(self) -> int: ...


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

        self._watching()

    def _watching(self) -> None:
        """Those about our own health. What they say, and which alerts go by them, is in docs/operator.md."""
        registry = self.registry
        self.check_ok = Gauge(
            "tocsin_check_ok", "1 while a condition of /readyz holds, else 0", ["check"], registry=registry
        )
        self.outbox_waiting = Gauge(
            "tocsin_outbox_waiting", "Notices that are not sent yet", ["kind", "state"], registry=registry
        )
        self.outbox_waiting_s = Gauge(
            "tocsin_outbox_waiting_seconds", "Age of the oldest that waits, by kind", ["kind"], registry=registry
        )
        self.claims = Counter("tocsin_claims_total", "Notices and deadlines claimed", ["what"], registry=registry)
        self.taken_over = Counter(
            "tocsin_leases_taken_over_total", "Claimed after another's lease had ended", ["what"], registry=registry
        )
        self.slack_waits = Counter(
            "tocsin_slack_waits_total", "Calls put off to keep to Slack's limits", ["method"], registry=registry
        )
        self.slack_strict = Gauge(
            "tocsin_slack_strict", "1 for an hour after Slack refused a call as one too many", registry=registry
        )
        self.replicas = Gauge("tocsin_replicas", "Processes that serve from this database", registry=registry)
        self.sockets_open = Gauge("tocsin_socket_connections", "Socket Mode connections that live", registry=registry)
        self.sockets_rebuilt = Counter(
            "tocsin_sockets_rebuilt_total", "Socket Mode connections replaced because they were dead", registry=registry
        )
        self.tick_age = Gauge("tocsin_scheduler_tick_age_seconds", "Since the scheduler last ticked", registry=registry)
        self.heartbeats = Counter(
            "tocsin_heartbeats_total", "Calls of HEARTBEAT_URL by result", ["result"], registry=registry
        )
        self.heartbeat_at = Gauge(
            "tocsin_heartbeat_sent_timestamp_seconds", "When the heartbeat last arrived", registry=registry
        )
        self._playbooks()
        for what in ("notice", "deadline"):
            self.claims.labels(what)
            self.taken_over.labels(what)

    def _playbooks(self) -> None:
        """Those about playbooks and what they run."""
        registry = self.registry
        self.jobs = Gauge("tocsin_jobs", "Jobs of runners that are not over", ["runner", "state"], registry=registry)
        self.jobs_ended = Counter(
            "tocsin_jobs_ended_total", "Attempts of jobs by result", ["runner", "result"], registry=registry
        )
        self.walks = Gauge("tocsin_walks", "Playbooks that are walked in open incidents", ["kind"], registry=registry)
        self.walk_steps = Gauge("tocsin_walk_steps", "Steps of these", ["state"], registry=registry)

    def job_ended(self, runner: str, result: str) -> None:
        self.jobs_ended.labels(runner, result).inc()

    def slack_called(self, method: str, result: str, took_s: float) -> None:
        self.slack_calls.labels(method, error_name(result)).inc()
        self.slack_seconds.labels(method).observe(took_s)

    def claimed(self, what: str, taken_over: bool) -> None:
        self.claims.labels(what).inc()
        if taken_over:
            self.taken_over.labels(what).inc()

    def acknowledged(self, kind: str, took_s: float) -> None:
        self.acknowledgements.labels(kind).observe(took_s)

    def about(self, rates: Rates, sockets: Sockets | None) -> None:
        """What is asked of these whenever somebody looks."""
        self.slack_strict.set_function(lambda: float(rates.strict))
        if sockets is not None:
            self.sockets_open.set_function(lambda: float(sockets.open_count))

    def heartbeat(self, result: str) -> None:
        self.heartbeats.labels(result).inc()
        if result == "sent":
            self.heartbeat_at.set_to_current_time()

    def text(self) -> bytes:
        return generate_latest(self.registry)


_OURS = {
    "no answer in time": "timeout",
    "could not connect to Slack": "unreachable",
    "the connection broke": "connection_broke",
    "Slack answered 5": "server_error",
    "no JSON in the answer": "no_json",
}


def error_name(result: str) -> str:
    """Slack's error name without its details, which may quote what we said; a name for what Slack has none for."""
    for words, name in _OURS.items():
        if result.startswith(words):
            return name
    first = result.split(" ", 1)[0]
    return first if re.fullmatch(r"[a-z_]{1,60}", first) else "other"
