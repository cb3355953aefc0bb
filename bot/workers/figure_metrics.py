"""Keeps the figures of the last 30 days ready for Prometheus, so that a scrape computes nothing."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.figures.report import Period, Report, Scope
from bot.domain.policy.policy import Policy
from bot.metrics import Metrics
from bot.usecases.context import Context
from bot.usecases.queries.figures import period_figures
from bot.workers.base import Periodic

EVERY = timedelta(minutes=5)
FIRST = timedelta(seconds=30)
SPAN = timedelta(days=30)


def figure_metrics(context: Context, metrics: Metrics) -> Periodic:
    """The task. Every replica computes the figures for its own scrapes."""

    async def refresh() -> None:
        now = context.clock.now()
        report = await period_figures(context.database, context.policy, Scope(Period(now - SPAN, now)), now)
        metrics.figures_known(*metric_values(report, context.policy))

    return Periodic("figures for Prometheus", EVERY, FIRST, refresh)


def metric_values(report: Report, policy: Policy) -> tuple[dict[str, float], dict[str, float]]:
    """The mean time to resolve, in seconds, by severity of the policy; and the other figures by metric name."""
    mttr_s = {
        level.key: row.resolve_s.mean
        for level in policy.severities
        if (row := report.severities.get(level.key)) is not None and row.resolve_s.mean is not None
    }
    share = report.automated.share
    figures = {
        "auto_remediation_rate": share,
        "manual_intervention_rate": None if share is None else 1 - share,
        "detection_time_seconds": report.spans["detect_s"].mean,
        "triage_time_seconds": report.spans["acknowledge_s"].mean,
        "mitigation_time_seconds": report.spans["mitigate_s"].mean,
    }
    return mttr_s, {name: value for name, value in figures.items() if value is not None}
