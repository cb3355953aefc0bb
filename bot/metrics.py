"""Counts and times what the bot does, as metrics in Prometheus' format."""

from __future__ import annotations

import math
import platform
import re
from collections.abc import Callable, Mapping
from functools import partial
from importlib import metadata
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

_FAST = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_SLOW = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800)


class Rates(Protocol):
    """The part of the rate limiter that is measured."""

    @property
    def strict(self) -> bool:
        """Whether calls are paced more slowly because Slack has just refused one."""


class Sockets(Protocol):
    """The part of Socket Mode that is measured."""

    @property
    def open_count(self) -> int:
        """The number of open Socket Mode connections."""


class Metrics:
    """All metrics of one app, in a registry of their own: several apps in one process do not collide."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)  # process_resident_memory_bytes, process_open_fds …
        build = Gauge(
            "tocsin_build_info", "1; the version of Tocsin and of Python", ["version", "python"], registry=self.registry
        )
        build.labels(_version(), platform.python_version()).set(1)
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
            "tocsin_outbox_results_total",
            "Attempts to send a notice by kind and result",
            ["kind", "result"],
            registry=self.registry,
        )
        self.outbox_depth = Gauge("tocsin_outbox_rows", "Notices by state", ["state"], registry=self.registry)
        self.outbox_age = Gauge(
            "tocsin_outbox_oldest_seconds", "Age of the oldest notice that is not sent yet", registry=self.registry
        )
        self.repeated = Counter(
            "tocsin_deliveries_repeated_total",
            "Deliveries of Slack that were accepted before",
            ["kind"],
            registry=self.registry,
        )
        self.refused = Counter(
            "tocsin_requests_refused_total", "Requests refused without being read", ["why"], registry=self.registry
        )
        self.not_recorded = Counter(
            "tocsin_not_recorded_total",
            "What people or vendors were told was not recorded, and events that Slack has to repeat",
            ["kind"],
            registry=self.registry,
        )
        self.incidents_open = Gauge("tocsin_incidents_open", "Open incidents", ["severity"], registry=self.registry)
        self.policy_stale = Gauge(
            "tocsin_policy_stale", "1 while the policy file cannot be used and an older one is in force",
            registry=self.registry,
        )  # fmt: skip
        self.policy_reloads = Counter(
            "tocsin_policy_reloads_total",
            "Reads of a changed policy file by result",
            ["result"],
            registry=self.registry,
        )

        self._watching()

    def _watching(self) -> None:
        """Metrics of the bot's own health, which docs/reference/metrics.md explains."""
        registry = self.registry
        self.check_ok = Gauge(
            "tocsin_check_ok", "1 while a condition of /readyz holds, else 0", ["check"], registry=registry
        )
        self.writes_failed = Counter(
            "tocsin_database_writes_failed_total", "Transactions that the database did not take", registry=registry
        )
        self.outbox_waiting = Gauge(
            "tocsin_outbox_waiting", "Notices that are not sent yet", ["kind", "state"], registry=registry
        )
        self.outbox_waiting_s = Gauge(
            "tocsin_outbox_waiting_seconds",
            "Age of the oldest notice that is not sent yet, by kind",
            ["kind"],
            registry=registry,
        )
        self.claims = Counter("tocsin_claims_total", "Notices and deadlines claimed", ["what"], registry=registry)
        self.reclaimed = Counter(
            "tocsin_leases_taken_over_total",
            "Notices and deadlines claimed after the lease of an earlier claim had expired",
            ["what"],
            registry=registry,
        )
        self.slack_waits = Counter(
            "tocsin_slack_waits_total", "Calls postponed to keep to Slack's rate limits", ["method"], registry=registry
        )
        self.slack_strict = Gauge("tocsin_slack_strict", "1 for an hour after Slack answered 429", registry=registry)
        self.replicas = Gauge("tocsin_replicas", "Server processes that use this database", registry=registry)
        self.sockets_open = Gauge("tocsin_socket_connections", "Open Socket Mode connections", registry=registry)
        self.sockets_rebuilt = Counter(
            "tocsin_sockets_rebuilt_total", "Socket Mode connections replaced because they were dead", registry=registry
        )
        self.tick_age = Gauge(
            "tocsin_scheduler_tick_age_seconds",
            "Time since the last tick of the scheduler of deadlines",
            registry=registry,
        )
        self.heartbeats = Counter(
            "tocsin_heartbeats_total", "Calls of HEARTBEAT_URL by result", ["result"], registry=registry
        )
        self.heartbeat_at = Gauge(
            "tocsin_heartbeat_sent_timestamp_seconds", "When the heartbeat last arrived", registry=registry
        )
        self._alerts()
        self._figures()
        self._playbooks()
        self._rules_and_probes()
        for claim_kind in ("notice", "deadline"):
            self.claims.labels(claim_kind)
            self.reclaimed.labels(claim_kind)

    def _alerts(self) -> None:
        """Metrics of alerts that monitoring systems send. docs/alerts.md lists them."""
        registry = self.registry
        self.alerts = Counter(
            "tocsin_alerts_total", "Alerts and changes received, by what they were", ["source", "result"],
            registry=registry,
        )  # fmt: skip
        self.alert_groups = Gauge(
            "tocsin_alert_groups_firing", "Groups of alerts that fire, by what was decided about them", ["decision"],
            registry=registry,
        )  # fmt: skip
        self.alert_hook_seconds = Histogram(
            "tocsin_alert_hook_seconds", "From reading a webhook's body to its commit", ["source"], registry=registry,
            buckets=_FAST,
        )  # fmt: skip

    def _figures(self) -> None:
        """Figures of the last 30 days, by the names of document 003. docs/figures.md explains them."""

        def gauge(name: str, description: str, *labels: str) -> Gauge:
            return Gauge(f"incident_{name}", description, labels, registry=self.registry)

        self.mttr = gauge("mttr_seconds", "Mean time from the detection to the resolution", "severity")
        self.shares = {
            "auto_remediation_rate": gauge("auto_remediation_rate", "Share in which a playbook's step ran by itself"),
            "manual_intervention_rate": gauge("manual_intervention_rate", "Share without such a step"),
            "detection_time_seconds": gauge("detection_time_seconds", "Mean time from the start to the detection"),
            "triage_time_seconds": gauge("triage_time_seconds", "Mean time from the detection to the acknowledgement"),
            "mitigation_time_seconds": gauge("mitigation_time_seconds", "Mean time from the detection to the fix"),
        }
        self.figures_known({}, {})

    def figures_known(self, mttr_s: Mapping[str, float], others: Mapping[str, float]) -> None:
        """Show these figures. What is not known is NaN, or without a sample where it has a severity."""
        self.mttr.clear()
        for severity, seconds in mttr_s.items():
            self.mttr.labels(severity).set(seconds)
        for name, metric in self.shares.items():
            metric.set(others.get(name, math.nan))

    def alerts_received(self, source: str, counts: Mapping[str, int], took_s: float) -> None:
        """Count the alerts of one request by result, such as `new` or `rejected`, and record how long it took."""
        for result, count in counts.items():
            self.alerts.labels(source, result).inc(count)
        self.alert_hook_seconds.labels(source).observe(took_s)

    def _playbooks(self) -> None:
        """Metrics of playbook runs and their jobs."""
        registry = self.registry
        self.jobs = Gauge("tocsin_jobs", "Jobs that have not ended", ["runner", "state"], registry=registry)
        self.jobs_ended = Counter(
            "tocsin_jobs_ended_total", "Attempts of jobs by result", ["runner", "result"], registry=registry
        )
        self.walks = Gauge("tocsin_walks", "Active playbook runs of open incidents", ["kind"], registry=registry)
        self.walk_steps = Gauge("tocsin_walk_steps", "Steps of these runs by state", ["state"], registry=registry)

    def _rules_and_probes(self) -> None:
        """Metrics of the alerting rules that Tocsin evaluates, and of its probes."""
        registry = self.registry
        self.rules = Gauge("tocsin_rules", "Alerting rules evaluated here, by state", ["state"], registry=registry)
        self.rule_evaluations = Counter(
            "tocsin_rule_evaluations_total", "Evaluations of alerting rules by result", ["result"], registry=registry
        )
        self.rule_seconds = Histogram(
            "tocsin_rule_evaluation_seconds", "How long an evaluation took", registry=registry, buckets=_FAST
        )
        self.rule_lateness = Histogram(
            "tocsin_rule_lateness_seconds", "From when an evaluation was due to its start", registry=registry,
            buckets=_FAST,
        )  # fmt: skip
        self.probe_up = Gauge("tocsin_probe_up", "1 while a probe is up, else 0", ["probe"], registry=registry)
        self.probe_requests = Counter(
            "tocsin_probe_requests_total", "Requests of probes by result", ["probe", "result"], registry=registry
        )
        self.probe_seconds = Histogram(
            "tocsin_probe_seconds", "How long an answer took", ["probe"], registry=registry, buckets=_FAST
        )

    def rule_evaluated(self, result: str, took_s: float, late_s: float) -> None:
        """Count an evaluation of a rule by its result, `ok`, `unknown`, `failed` or `unreachable`."""
        self.rule_evaluations.labels(result).inc()
        self.rule_seconds.observe(took_s)
        self.rule_lateness.observe(late_s)

    def rules_of(self, counts: Callable[[], Mapping[str, int]]) -> None:
        """Read at each scrape how many rules there are by state; of a state that is left out there are none."""
        for state in ("inactive", "pending", "firing", "unknown"):
            self.rules.labels(state).set_function(partial(_count, counts, state))

    def probed(self, probe: str, good: bool, took_s: float, up: bool) -> None:
        """Count a request of a probe."""
        self.probe_requests.labels(probe, "good" if good else "bad").inc()
        self.probe_seconds.labels(probe).observe(took_s)
        self.probe_up.labels(probe).set(float(up))

    def job_ended(self, runner: str, result: str) -> None:
        """Count an attempt of a job by its runner and result."""
        self.jobs_ended.labels(runner, result).inc()

    def slack_called(self, method: str, result: str, took_s: float) -> None:
        """Count a call by its result, `ok` or an error, and record how long it took."""
        self.slack_calls.labels(method, error_name(result)).inc()
        self.slack_seconds.labels(method).observe(took_s)

    def claimed(self, kind: str, reclaimed: bool) -> None:
        """Count a claim of a `notice` or `deadline`, and whether another process's lease had expired."""
        self.claims.labels(kind).inc()
        if reclaimed:
            self.reclaimed.labels(kind).inc()

    def acknowledged(self, kind: str, took_s: float) -> None:
        """Record how long a request of this kind waited for its answer."""
        self.acknowledgements.labels(kind).observe(took_s)

    def watch(self, rates: Rates, sockets: Sockets | None) -> None:
        """Read the rate limiter and the sockets at each scrape."""
        self.slack_strict.set_function(lambda: float(rates.strict))
        if sockets is not None:
            self.sockets_open.set_function(lambda: float(sockets.open_count))

    def heartbeat(self, result: str) -> None:
        """Count a heartbeat by its result: `sent`, `failed` or `withheld`."""
        self.heartbeats.labels(result).inc()
        if result == "sent":
            self.heartbeat_at.set_to_current_time()

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)


def _count(counts: Callable[[], Mapping[str, int]], state: str) -> float:
    return counts().get(state, 0)


def _version() -> str:
    try:
        return metadata.version("tocsin")
    except metadata.PackageNotFoundError:  # run from a checkout that is not installed
        return "unknown"


_OURS = {
    "no answer in time": "timeout",
    "could not connect to Slack": "unreachable",
    "the connection broke": "connection_broke",
    "Slack answered 5": "server_error",
    "no JSON in the answer": "no_json",
}


def error_name(result: str) -> str:
    """Slack's error name without its details, which may quote a message; a name for failures that have none."""
    for phrase, name in _OURS.items():
        if result.startswith(phrase):
            return name
    first = result.split(" ", 1)[0]
    return first if re.fullmatch(r"[a-z_]{1,60}", first) else "other"
