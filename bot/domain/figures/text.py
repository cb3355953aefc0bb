"""Formats the figures of a period as text, each figure with the number of incidents behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.domain.figures.distribution import Distribution
from bot.domain.figures.goals import goals
from bot.domain.figures.report import SPANS, Report
from bot.domain.figures.trend import Trend, Verdict
from bot.domain.policy.policy import Policy
from bot.domain.values import durations

MOST = 10  # services, teams or categories that are listed
NAMES = {
    "acknowledge_s": "Time to acknowledge",
    "identify_s": "Time to find the cause",
    "mitigate_s": "Time to mitigate",
    "resolve_s": "Time to resolve",
    "detect_s": "Time to detect",
}


REACHED = {
    "Acknowledge": "acknowledge_s",
    "Find cause": "identify_s",
    "Mitigate": "mitigate_s",
    "Resolve": "resolve_s",
}


def lines(report: Report, policy: Policy) -> list[str]:
    """The figures, one a line."""
    counts = {row_name(report.by, key, policy): row.incidents for key, row in report.rows.items()}
    return [headline(report), *summary(report), f"By {report.by}: {_counts(counts)}", *details(report, policy)]


def headline(report: Report) -> str:
    """The period and how many incidents it had."""
    period, only = report.period, f" ({report.selection.text})" if report.selection.text else ""
    return (
        f"{period.start:%-d %b %Y} to {period.end:%-d %b %Y}{only}: {_plural(report.incidents, 'incident')}, "
        f"{report.resolved} resolved, {report.open} open, {report.reopened} reopened, {report.private} private"
    )


def summary(report: Report) -> list[str]:
    """The first lines to read: how long incidents took, and whether that changed."""
    if not report.incidents:
        return [f"Nothing to measure. Left out: {_uncounted(report)}"]
    return [*(_span(report, name) for name in SPANS if report.spans[name].n), *_unclear_trends(report)]


def trends(report: Report) -> list[str]:
    """Which times became better or worse, and for which that cannot be told."""
    clear_trends = [
        f"{NAMES[name]}: {_change(report.trends[name])}"
        for name in SPANS
        if report.spans[name].n and report.trends[name].verdict is not Verdict.CANNOT_TELL
    ]
    return [*clear_trends, *_unclear_trends(report)]


def details(report: Report, policy: Policy) -> list[str]:
    """The other figures."""
    missing = [NAMES[name].lower() for name in SPANS if not report.spans[name].n] if report.incidents else []
    return [
        f"Left out: {_uncounted(report)}",
        *([f"No figure (n 0): {', '.join(missing)}"] if missing else []),
        f"Targets: acknowledged in time {_part(report.kept.acknowledged, report.kept.acknowledge_n)}, "
        f"resolved in time {_part(report.kept.resolved, report.kept.resolve_n)}; "
        f"{_plural(report.kept.breaches, 'breach', 'breaches')}",
        *([f"Aims: {'; '.join(goal.text for goal in aims)}"] if (aims := goals(report, policy)) else []),
        f"Updates on time: {_part(report.cadence.in_time, report.cadence.n)}",
        f"Pages: {report.pages} for {_plural(report.paged, 'incident')}",
        f"An alert told first: {_share(report.alerts.detection_rate, report.alerts.incidents, 'incident')}",
        f"Alerts that were false: {_share(report.alerts.false_positive_rate, report.alerts.decided, 'decided group')}",
        f"A playbook's step ran by itself: {_part(report.automated.part, report.automated.n, 'resolved')}",
        f"Action items completed: {_part(report.actions.part, report.actions.n, 'that were completed or are overdue')}",
    ]


def row_name(by: str, key: str, policy: Policy) -> str:
    """A severity, service, category or team as people know it."""
    if by == "severity":
        name = next((level.name for level in policy.severities if level.key == key), "")
        return f"{key.upper()} {name}" if name else key
    if by == "team" and key in policy.teams:
        return policy.teams[key].name or key
    return key


def _uncounted(report: Report) -> str:
    return f"{_plural(report.drills, 'drill')}, {report.cancelled} cancelled, {report.merged} merged"


def _span(report: Report, name: str) -> str:
    text = f"{NAMES[name]}: {_distribution(report.spans[name])}"
    trend = report.trends[name]
    if trend.verdict is Verdict.CANNOT_TELL:
        return text
    return f"{text}; {_change(trend)}"


def _change(trend: Trend) -> str:
    return f"{trend.verdict} than in the period before ({trend.n} against {trend.n_before})"


def _unclear_trends(report: Report) -> list[str]:
    """The spans whose trend cannot be told, in words, those with the same numbers of incidents together."""
    names: dict[tuple[int, int], list[str]] = {}
    for name, trend in report.trends.items():
        if trend.verdict is Verdict.CANNOT_TELL and report.spans[name].n:
            names.setdefault((trend.n, trend.n_before), []).append(NAMES[name].removeprefix("Time to "))
    if not names:
        return []
    spans = "; ".join(
        f"{', '.join(group)} ({f'{n} against {before}' if n and before else 'nothing to compare with'})"
        for (n, before), group in names.items()
    )
    return [f"Too early to tell whether these changed since the period before: {spans}"]


def _distribution(of: Distribution) -> str:
    if of.median is None or of.p75 is None or of.p95 is None:
        return "no figure (n 0)"
    return f"median {seconds_text(of.median)}, p75 {seconds_text(of.p75)}, p95 {seconds_text(of.p95)} (n {of.n})"


def seconds_text(seconds: float) -> str:
    """A time to read, such as `1 h 5 min`."""
    return durations.approximate(timedelta(seconds=seconds))


def _part(part: int, n: int, of: str = "") -> str:
    return f"{part} of {n}{f' {of}' if of else ''}" if n else "no figure (n 0)"


def _share(share: float | None, n: int, noun: str) -> str:
    return f"no figure (0 {noun}s)" if share is None else f"{share:.0%} of {_plural(n, noun)}"


def _counts(counts: Mapping[str, int]) -> str:
    parts = [f"{name} {count}" for name, count in list(counts.items())[:MOST]]
    more = len(counts) - len(parts)
    return ", ".join([*parts, *([f"{more} more"] if more > 0 else [])]) or "none"


def _plural(count: int, noun: str, nouns: str = "") -> str:
    return f"{count} {noun if count == 1 else nouns or f'{noun}s'}"
