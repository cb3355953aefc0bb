"""Says the figures of a period in words. None stands without the number of incidents behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.domain.figures.distribution import Distribution
from bot.domain.figures.report import SPANS, Report
from bot.domain.figures.trend import Verdict
from bot.domain.values import durations

MOST = 10  # services or categories that are listed
NAMES = {
    "acknowledge_s": "Time to acknowledge",
    "identify_s": "Time to find the cause",
    "mitigate_s": "Time to mitigate",
    "resolve_s": "Time to resolve",
    "detect_s": "Time to detect",
}
BY = ("severity", "service", "category")


def lines(report: Report, by: str = "severity") -> list[str]:
    """The figures, one a line. `by` is one of `BY`."""
    period = report.period
    counts: Mapping[str, int] = getattr(report, f"by_{by}")
    return [
        f"{period.start:%-d %b %Y} to {period.end:%-d %b %Y}: {_plural(report.incidents, 'incident')}, "
        f"{report.resolved} resolved, {report.open} open, {report.reopened} reopened, {report.private} private",
        f"Left out: {_plural(report.drills, 'drill')}, {report.cancelled} cancelled, {report.merged} merged",
        f"By {by}: {_counts(counts)}",
        *(_span(report, name) for name in SPANS),
        f"Targets: acknowledged in time {report.kept.acknowledged} of {report.kept.acknowledge_n}, "
        f"resolved in time {report.kept.resolved} of {report.kept.resolve_n}; "
        f"{_plural(report.kept.breaches, 'breach', 'breaches')}",
        f"Updates on time: {report.cadence.in_time} of {report.cadence.n}",
        f"Pages: {report.pages} for {_plural(report.paged, 'incident')}",
        f"An alert told first: {_share(report.alerts.detection_rate, report.alerts.incidents, 'incident')}",
        f"Alerts that were false: {_share(report.alerts.false_positive_rate, report.alerts.decided, 'decided group')}",
        f"A playbook's step ran by itself: {report.automated.part} of {report.automated.n} resolved",
        f"Action items completed: {report.actions.part} of {report.actions.n} that were completed or are overdue",
    ]


def _span(report: Report, name: str) -> str:
    said = f"{NAMES[name]}: {_distribution(report.spans[name])}"
    trend = report.trends[name]
    compared = f"{trend.n} against {trend.n_before}"
    if trend.verdict is Verdict.CANNOT_TELL:
        return f"{said}; whether it changed: cannot tell ({compared})"
    return f"{said}; {trend.verdict} than in the period before ({compared})"


def _distribution(of: Distribution) -> str:
    if of.median is None or of.p75 is None or of.p95 is None:
        return "no figure (n 0)"
    return f"median {_words(of.median)}, p75 {_words(of.p75)}, p95 {_words(of.p95)} (n {of.n})"


def _words(seconds: float) -> str:
    return durations.approximate(timedelta(seconds=seconds))


def _share(share: float | None, n: int, noun: str) -> str:
    return f"no figure (0 {noun}s)" if share is None else f"{share:.0%} of {_plural(n, noun)}"


def _counts(counts: Mapping[str, int]) -> str:
    shown = [f"{name} {count}" for name, count in list(counts.items())[:MOST]]
    more = len(counts) - len(shown)
    return ", ".join([*shown, *([f"{more} more"] if more > 0 else [])]) or "none"


def _plural(count: int, noun: str, nouns: str = "") -> str:
    return f"{count} {noun if count == 1 else nouns or f'{noun}s'}"
