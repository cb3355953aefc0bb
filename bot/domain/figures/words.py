"""Puts the figures of a period into words, each with the number of incidents behind it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from bot.domain.figures.distribution import Distribution
from bot.domain.figures.goals import goals
from bot.domain.figures.report import SPANS, Report
from bot.domain.figures.split import Row
from bot.domain.figures.trend import Verdict
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
    period, only = report.period, f" ({report.selection.words})" if report.selection.words else ""
    return (
        f"{period.start:%-d %b %Y} to {period.end:%-d %b %Y}{only}: {_plural(report.incidents, 'incident')}, "
        f"{report.resolved} resolved, {report.open} open, {report.reopened} reopened, {report.private} private"
    )


def summary(report: Report) -> list[str]:
    """How long incidents took, and whether that changed: what to read first."""
    if not report.incidents:
        return [f"Nothing to measure. Left out: {_left_out(report)}"]
    return [*(_span(report, name) for name in SPANS if report.spans[name].n), *_unclear_trends(report)]


def details(report: Report, policy: Policy) -> list[str]:
    """The other figures."""
    missing = [NAMES[name].lower() for name in SPANS if not report.spans[name].n] if report.incidents else []
    return [
        f"Left out: {_left_out(report)}",
        *([f"No figure (n 0): {', '.join(missing)}"] if missing else []),
        f"Targets: acknowledged in time {report.kept.acknowledged} of {report.kept.acknowledge_n}, "
        f"resolved in time {report.kept.resolved} of {report.kept.resolve_n}; "
        f"{_plural(report.kept.breaches, 'breach', 'breaches')}",
        *([f"Aims: {'; '.join(goal.words for goal in aims)}"] if (aims := goals(report, policy)) else []),
        f"Updates on time: {report.cadence.in_time} of {report.cadence.n}",
        f"Pages: {report.pages} for {_plural(report.paged, 'incident')}",
        f"An alert told first: {_share(report.alerts.detection_rate, report.alerts.incidents, 'incident')}",
        f"Alerts that were false: {_share(report.alerts.false_positive_rate, report.alerts.decided, 'decided group')}",
        f"A playbook's step ran by itself: {report.automated.part} of {report.automated.n} resolved",
        f"Action items completed: {report.actions.part} of {report.actions.n} that were completed or are overdue",
    ]


def row_name(by: str, key: str, policy: Policy) -> str:
    """A severity, service, category or team as people know it."""
    if by == "severity":
        name = next((level.name for level in policy.severities if level.key == key), "")
        return f"{key.upper()} {name}" if name else key
    if by == "team" and key in policy.teams:
        return policy.teams[key].name or key
    return key


def row_line(name: str, row: Row) -> str:
    """One severity, service, category or team in a line."""
    times = [
        f"{word} {seconds_words(of.median)} (n {of.n})"
        for word, of in (("acknowledged in", row.acknowledge_s), ("resolved in", row.resolve_s))
        if of.median is not None
    ]
    text = f"{name}: {_plural(row.incidents, 'incident')}"
    return f"{text}; median {', '.join(times)}" if times else text


def _left_out(report: Report) -> str:
    return f"{_plural(report.drills, 'drill')}, {report.cancelled} cancelled, {report.merged} merged"


def _span(report: Report, name: str) -> str:
    text = f"{NAMES[name]}: {_distribution(report.spans[name])}"
    trend = report.trends[name]
    if trend.verdict is Verdict.CANNOT_TELL:
        return text
    return f"{text}; {trend.verdict} than in the period before ({trend.n} against {trend.n_before})"


def _unclear_trends(report: Report) -> list[str]:
    """The spans whose trend cannot be told, in words."""
    unclear = {name: trend for name, trend in report.trends.items() if trend.verdict is Verdict.CANNOT_TELL}
    names = [NAMES[name].removeprefix("Time to ") for name in unclear if report.spans[name].n]
    if not names:
        return []
    compared = {(trend.n, trend.n_before) for name, trend in unclear.items() if report.spans[name].n}
    counts = ", ".join(f"{n} against {before}" for n, before in sorted(compared, reverse=True))
    return [f"Whether it changed, cannot tell: time to {', '.join(names)} ({counts} in the period before)"]


def _distribution(of: Distribution) -> str:
    if of.median is None or of.p75 is None or of.p95 is None:
        return "no figure (n 0)"
    return f"median {seconds_words(of.median)}, p75 {seconds_words(of.p75)}, p95 {seconds_words(of.p95)} (n {of.n})"


def seconds_words(seconds: float) -> str:
    """A time to read, such as `1 h 5 min`."""
    return durations.approximate(timedelta(seconds=seconds))


def _share(share: float | None, n: int, noun: str) -> str:
    return f"no figure (0 {noun}s)" if share is None else f"{share:.0%} of {_plural(n, noun)}"


def _counts(counts: Mapping[str, int]) -> str:
    parts = [f"{name} {count}" for name, count in list(counts.items())[:MOST]]
    more = len(counts) - len(parts)
    return ", ".join([*parts, *([f"{more} more"] if more > 0 else [])]) or "none"


def _plural(count: int, noun: str, nouns: str = "") -> str:
    return f"{count} {noun if count == 1 else nouns or f'{noun}s'}"
