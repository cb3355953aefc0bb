"""Rates of alerts are counted from the outcomes of groups and incidents."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.alerts.group import AlertGroup, Decision
from bot.domain.alerts.rates import rates
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from bot.domain.policy.alert_rules import AlertAction
from tests import factories

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def group(number: int, rule: str, decision: Decision, incident: int | None = None, **more: object) -> AlertGroup:
    made = AlertGroup(
        number, f"k{number}", "route", AlertAction.ASK, (("alertname", rule),), rule, "alertmanager", "sev2",
        opened_at=NOON, changed_at=NOON, started_at=NOON - timedelta(seconds=30), services=("checkout",),
        decision=decision, incident=incident,
    )  # fmt: skip
    return replace(made, **more)  # type: ignore[arg-type]


def incident(number: int, declared: timedelta = timedelta(seconds=20), **more: object) -> Incident:
    made = replace(
        factories.new_incident(), number=number, declared_at=NOON + declared, detected_at=NOON - timedelta(seconds=30)
    )
    return replace(made, **more)  # type: ignore[arg-type]


def test_rates_of_rules_and_of_all_alerts() -> None:
    groups = [
        group(1, "Down", Decision.DECLARED, 1),
        group(2, "Down", Decision.DECLARED, 2),
        group(3, "Slow", Decision.DISMISSED, dismissed_as="false_alarm", flaps=3),
        group(4, "Slow", Decision.DISMISSED, dismissed_as="known"),
        group(5, "Late", Decision.ATTACHED, 3),
        group(6, "Quiet", Decision.RECORDED),
    ]
    counted = rates(
        groups,
        [
            incident(
                1, acknowledged_at=NOON + timedelta(seconds=30), mitigated_at=NOON + timedelta(minutes=9, seconds=30)
            ),
            incident(2, status=Status.CANCELLED),
            incident(3, declared=-timedelta(minutes=1)),
            incident(4),
            incident(5, drill=True),
        ],
    )
    assert counted.incidents == 3, "drills and false alarms are none"
    assert counted.detection_rate == 1 / 3, "the third was declared before its alert, the fourth without any"
    assert counted.false_negative_rate == 1 / 3
    assert counted.false_positive_rate == 2 / 5
    slow, down, late = counted.rules
    assert (slow.rule, slow.told, slow.false, slow.noise, slow.flaps, slow.precision) == ("Slow", 2, 1, 1, 3, 0.0)
    assert (down.right, down.false, down.precision) == (1, 1, 0.5)
    assert (down.time_to_detect_s, down.time_to_triage_s, down.time_to_mitigate_s) == (30.0, 60.0, 600.0)
    assert (late.precision, late.time_to_mitigate_s) == (1.0, None)


def test_without_anything_nothing_is_claimed() -> None:
    counted = rates([], [])
    assert (counted.detection_rate, counted.false_negative_rate, counted.false_positive_rate) == (None, None, None)
