"""Computes the state of a probe after each request: up, or down after several failures in a row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.alerts.alert import Alert, AlertStatus, fingerprint_of
from bot.domain.policy.policy import Policy
from bot.domain.policy.probe_rules import Probe
from bot.domain.values import durations

SOURCE = "probes"
DOWN = "ProbeDown"
EXPIRES = "CertificateExpires"


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of one request."""

    problem: str | None  # None: the answer was good
    took_s: float
    expires_at: datetime | None = None  # of the certificate; None: there was none, or it was not seen


@dataclass(frozen=True, slots=True)
class ProbeProblem:
    """A problem of a probe that is, or was, an alert."""

    name: str  # the alert's
    since: datetime
    words: str
    until: datetime | None = None  # once it is over; kept until that is told
    told: bool = False  # whether it, or its end, has become an alert


@dataclass(frozen=True, slots=True)
class ProbeState:
    """All that is kept of a probe between requests."""

    probe: str
    failures: int = 0  # in a row
    successes: int = 0  # in a row
    first_failed_at: datetime | None = None  # of the failures in a row
    problem: str | None = None  # of the last request
    took_s: float | None = None
    expires_at: datetime | None = None
    asked_at: datetime | None = None
    troubles: tuple[ProbeProblem, ...] = ()

    @property
    def down(self) -> bool:
        """Whether it is down."""
        return any(trouble.name == DOWN and trouble.until is None for trouble in self.troubles)

    @property
    def untold(self) -> tuple[ProbeProblem, ...]:
        """The problems whose change has not become an alert yet."""
        return tuple(trouble for trouble in self.troubles if not trouble.told)


def advance(before: ProbeState, probe: Probe, result: ProbeResult, now: datetime) -> ProbeState:
    """The state after a request at `now`."""
    failed = result.problem is not None
    state = replace(
        before,
        failures=before.failures + 1 if failed else 0,
        successes=0 if failed else before.successes + 1,
        first_failed_at=(before.first_failed_at or now) if failed else None,
        problem=result.problem,
        took_s=result.took_s,
        expires_at=result.expires_at or before.expires_at,
        asked_at=now,
    )
    state = _availability(state, probe, now)
    return _certificate(state, probe, now) if result.expires_at is not None else state


def end(before: ProbeState, now: datetime) -> ProbeState:
    """The state of a probe that is asked no more: its troubles are over."""
    over = tuple(
        replace(trouble, until=now, told=False) if trouble.until is None else trouble for trouble in before.troubles
    )
    return ProbeState(before.probe, troubles=over)


def mark_told(state: ProbeState, troubles: Sequence[ProbeProblem]) -> ProbeState:
    """The state once these have become alerts; those that are over are forgotten."""
    remaining = [replace(trouble, told=True) if trouble in troubles else trouble for trouble in state.troubles]
    return replace(
        state, troubles=tuple(trouble for trouble in remaining if not (trouble.told and trouble.until is not None))
    )


def mark_untold(state: ProbeState) -> ProbeState:
    """The state whose troubles are to be told (again)."""
    return replace(state, troubles=tuple(replace(trouble, told=False) for trouble in state.troubles))


def alert_of(trouble: ProbeProblem, probe: Probe, policy: Policy) -> Alert:
    """The alert of a trouble, firing or over."""
    severity = probe.severity or policy.severities[len(policy.severities) // 2].key
    labels = {"alertname": trouble.name, "source": SOURCE, "probe": probe.id, "severity": severity}
    labels[policy.alerts.severity.label] = severity
    if probe.service:
        labels[policy.alerts.service.label] = probe.service
    return Alert(
        source=SOURCE,
        fingerprint=fingerprint_of({"probe": probe.id, "alertname": trouble.name}),
        status=AlertStatus.FIRING if trouble.until is None else AlertStatus.RESOLVED,
        starts_at=trouble.since,
        labels=labels,
        annotations={"summary": trouble.words},
        ends_at=trouble.until,
        url=probe.url,
    )


def _availability(state: ProbeState, probe: Probe, now: datetime) -> ProbeState:
    if not state.down and state.failures >= probe.fail_after:
        summary = f"Probe {probe.id} fails: {state.problem}"
        return _with(state, ProbeProblem(DOWN, state.first_failed_at or now, summary))
    if state.down and state.successes >= probe.recover_after:
        return _without(state, DOWN, now)
    return state


def _certificate(state: ProbeState, probe: Probe, now: datetime) -> ProbeState:
    limit, expires_at = probe.tls_expires_within, state.expires_at
    soon = limit is not None and expires_at is not None and expires_at - now <= limit
    is_reported = any(trouble.name == EXPIRES and trouble.until is None for trouble in state.troubles)
    if soon and not is_reported and expires_at is not None:
        when = f"{expires_at:%Y-%m-%d %H:%M} UTC"
        span = durations.approximate(expires_at - now)
        summary = f"The certificate of {probe.url} expires in {span}, on {when}"
        return _with(state, ProbeProblem(EXPIRES, now, summary))
    return _without(state, EXPIRES, now) if is_reported and not soon else state


def _with(state: ProbeState, trouble: ProbeProblem) -> ProbeState:
    return replace(state, troubles=(*state.troubles, trouble))


def _without(state: ProbeState, name: str, now: datetime) -> ProbeState:
    over = tuple(
        replace(trouble, until=now, told=False) if trouble.name == name and trouble.until is None else trouble
        for trouble in state.troubles
    )
    return replace(state, troubles=over)
