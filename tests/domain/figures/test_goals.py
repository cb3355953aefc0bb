"""The figures of a period are compared with the policy's targets; Prometheus has fixed names for them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.alerts.rates import Tally, shares
from bot.domain.figures.goals import goals
from bot.domain.figures.report import ActivityCounts, Period, Report, Scope, Share, report
from bot.domain.incident.fact import IncidentFact
from bot.domain.incident.status import Status
from bot.metrics import Metrics
from bot.policy import preset
from bot.workers.figure_metrics import metric_values
from tests.domain.policies import NOON

POLICY = preset("p0-p4")
END = NOON + timedelta(days=30)


def fact(number: int, severity: str, resolved_after: timedelta | None) -> IncidentFact:
    at = NOON + timedelta(days=number)
    done = None if resolved_after is None else at + resolved_after
    status = Status.RESOLVED if done else Status.INVESTIGATING
    return IncidentFact(
        number, severity, status, False, False, None, (), 1, at, at, acknowledged_at=at + timedelta(minutes=1),
        mitigated_at=done, resolved_at=done,
    )  # fmt: skip


FACTS = [
    fact(1, "p0", timedelta(minutes=2)), fact(2, "p0", timedelta(minutes=4)), fact(3, "p1", timedelta(hours=9)),
    fact(4, "p4", None), fact(5, "retired", timedelta(minutes=1)),
]  # fmt: skip


def report_of_facts() -> Report:
    tallies = [Tally(number, False, False, 1, NOON) for number in (1, 2, 3)] + [Tally(None, True, True, 1, NOON)]
    beside = ActivityCounts(shares(tallies, FACTS), automated=frozenset({1, 2}))
    return report(FACTS, Scope(Period(NOON, END)), POLICY, END, beside)


def test_targets_of_document_003_are_compared() -> None:
    compared = {goal.name: (goal.value, goal.n, goal.is_met) for goal in goals(report_of_facts(), POLICY)}
    assert compared["p0_mttr"] == (180.0, 2, True)
    assert compared["p1_mttr"] == (9 * 3600.0, 1, False)
    assert compared["auto_detection"] == (0.6, 5, False)
    assert compared["auto_remediation"] == (0.5, 4, False)
    assert compared["false_positive_rate"] == (0.25, 4, False)
    assert compared["false_negative_rate"] == (0.4, 5, False)
    assert compared["rca_confidence"] == (None, 0, None)
    texts = {goal.name: goal.text for goal in goals(report_of_facts(), POLICY)}
    assert texts["p0_mttr"] == "p0_mttr at most 5m: met with 3m (n 2)"
    assert texts["auto_triage"] == "auto_triage at least 95.0%: no figure (n 0)"


def test_nothing_is_met_or_missed_without_a_figure() -> None:
    nothing = report([], Scope(Period(NOON, END)), POLICY, END, ActivityCounts(shares([], [])))
    assert {goal.is_met for goal in goals(nothing, POLICY)} <= {None}


def test_prometheus_reads_the_names_of_document_003_and_only_severities_of_the_policy() -> None:
    metrics = Metrics()
    metrics.figures_known(*metric_values(report_of_facts(), POLICY))
    lines = dict(line.rsplit(" ", 1) for line in metrics.text().decode().splitlines() if line.startswith("incident_"))
    assert lines == {
        'incident_mttr_seconds{severity="p0"}': "180.0",
        'incident_mttr_seconds{severity="p1"}': "32400.0",
        "incident_auto_remediation_rate": "0.5",
        "incident_manual_intervention_rate": "0.5",
        "incident_detection_time_seconds": "NaN",
        "incident_triage_time_seconds": "60.0",
        "incident_mitigation_time_seconds": str((120 + 240 + 9 * 3600 + 60) / 4),
    }
    empty = replace(report_of_facts(), severities={}, automated=Share(0, 0), spans=report_of_facts().spans)
    metrics.figures_known(*metric_values(empty, POLICY))
    assert "incident_mttr_seconds{" not in metrics.text().decode()
    assert "incident_auto_remediation_rate NaN" in metrics.text().decode()
