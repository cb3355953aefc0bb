"""Possible causes of an incident are ranked by their evidence, and are never certain."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain.alerts.group import AlertGroup
from bot.domain.alerts.service_change import ChangeKind, ServiceChange
from bot.domain.policy.alert_rules import AlertAction
from bot.domain.triage.probable_causes import MOST, Evidence, ProbableCause, probable_causes
from bot.domain.triage.service_catalog import Cause

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
DISTANCES = {"checkout": 0, "database": 1, "disk": 2}


def change(service: str, minutes: float, title: str = "v7") -> ServiceChange:
    return ServiceChange("k", ChangeKind.DEPLOYMENT, title, NOON - timedelta(minutes=minutes), service, "anna")


def fires(service: str, minutes: float = 0) -> AlertGroup:
    return AlertGroup(
        7, "k", "r", AlertAction.ASK, (), "Down", "alertmanager", "sev2", NOON, NOON,
        NOON - timedelta(minutes=minutes), (service,),
    )  # fmt: skip


def causes(**clues: object) -> tuple[ProbableCause, ...]:
    return probable_causes(replace(Evidence(NOON, DISTANCES), **clues))  # type: ignore[arg-type]


def test_the_nearest_change_is_the_most_probable_cause() -> None:
    far, near = change("checkout", 90), change("database", 4)
    ranked = causes(changes=(far, near))
    assert [each.service for each in ranked] == ["database", "checkout"]
    assert ranked[0].evidence == ("deployment “v7” by anna 4m before the start",)


def test_a_change_after_the_start_or_long_before_is_no_cause() -> None:
    assert causes(changes=(change("checkout", -1), change("checkout", 200), change("elsewhere", 1))) == ()


def test_evidence_of_one_service_adds_up_and_never_proves() -> None:
    (alone,) = causes(firing=(fires("database"),))
    (more,) = causes(firing=(fires("database", 5),), changes=(change("database", 2), change("database", 3, "v8")))
    assert alone.confidence < more.confidence <= MOST
    assert more.evidence[0] in (
        "its alerts fire (AG-7, since before this)",
        "deployment “v7” by anna 2m before the start",
    )
    assert len(more.evidence) == 3


def test_alerts_of_the_affected_service_itself_are_no_cause() -> None:
    assert causes(firing=(fires("checkout"),)) == ()


def test_what_is_further_away_is_less_probable() -> None:
    ranked = causes(firing=(fires("disk"), fires("database")), suspects=(Cause("disk", ("INC-2 is open there",)),))
    assert ranked[0].confidence > ranked[1].confidence
