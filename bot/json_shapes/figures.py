"""Formats the figures of a period as JSON, in one shape for the API and `--json`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from bot.domain.figures import text
from bot.domain.figures.goals import goals
from bot.domain.figures.report import Report
from bot.domain.figures.split import Row
from bot.domain.figures.targets import TargetCounts
from bot.domain.figures.trend import Trend
from bot.domain.policy.policy import Policy
from bot.json_shapes.incidents import instant


def figures_json(report: Report, policy: Policy) -> dict[str, Any]:
    """The figures. A share is from 0 to 1, or null where there is nothing to share; `n` says of how many each is."""
    alerts = report.alerts
    return {
        "period": {"from": instant(report.period.start), "to": instant(report.period.end)},
        "selection": dict(report.selection.criteria),
        "incidents": report.incidents,
        "private": report.private,
        "open": report.open,
        "by_severity": report.by_severity,
        "by_category": report.by_category,
        "by_service": report.by_service,
        "by_team": report.by_team,
        "resolved": report.resolved,
        "reopened": report.reopened,
        "drills_excluded": report.drills,
        "cancelled": report.cancelled,
        "merged": report.merged,
        **{name: asdict(distribution) for name, distribution in report.spans.items()},
        "sla": _sla(report.kept),
        "updates_on_cadence": report.cadence.in_time / report.cadence.n if report.cadence.n else None,
        "pages": {"n": report.pages, "incidents": report.paged},
        "detection_rate": alerts.detection_rate,
        "false_positive_rate": alerts.false_positive_rate,
        "auto_remediation_rate": report.automated.share,
        "follow_through": report.actions.share,
        "n": {
            "updates_on_cadence": report.cadence.n,
            "detection_rate": alerts.incidents,
            "false_positive_rate": alerts.decided,
            "auto_remediation_rate": report.automated.n,
            "follow_through": report.actions.n,
        },
        "trend": {name: _trend(trend) for name, trend in report.trends.items()},
        "targets": [{**asdict(goal), "met": goal.is_met} for goal in goals(report, policy)],
        "split": {"by": report.by, "rows": {key: _row(row) for key, row in report.rows.items()}},
        "detected": {
            "unit": report.buckets.unit,
            "starts": [start.isoformat() for start in report.buckets.starts],
            "by_severity": {key: list(counts) for key, counts in report.buckets.counts.items()},
        },
        "words": text.lines(report, policy),
    }


def _row(row: Row) -> dict[str, Any]:
    return {
        "incidents": row.incidents,
        "open": row.open,
        "resolved": row.resolved,
        "acknowledge_s": asdict(row.acknowledge_s),
        "resolve_s": asdict(row.resolve_s),
        "sla": _sla(row.kept),
    }


def _sla(kept: TargetCounts) -> dict[str, int]:
    return {
        "acknowledged_in_time": kept.acknowledged,
        "acknowledge_n": kept.acknowledge_n,
        "resolved_in_time": kept.resolved,
        "resolve_n": kept.resolve_n,
        "breaches": kept.breaches,
    }


def _trend(trend: Trend) -> dict[str, Any]:
    return {"verdict": str(trend.verdict), "n": trend.n, "n_before": trend.n_before, "p": trend.p}
