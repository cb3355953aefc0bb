"""People are reminded of the status page only while it shows an older state of the incident."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.communications import stages
from bot.domain.communications.page import on_the_page, record_status_page
from bot.domain.communications.stages import STATUS_PAGE
from bot.domain.incident import Incident
from bot.domain.incident.status import Status
from tests.factories import FIVE, minutes, new_incident

CADENCE = 15  # minutes, of the worst severity


def published_incident(*, resolved: bool = False) -> Incident:
    """An incident whose page was told five minutes after the declaration."""
    return record_status_page(new_incident(), (), minutes(5), resolved=resolved).incident


def due_audience_keys(incident: Incident, after: float) -> list[str]:
    return [audience.key for audience in stages.due_audiences(incident, FIVE, minutes(after))]


def test_a_page_that_was_never_told_is_not_asked_for() -> None:
    assert due_audience_keys(replace(new_incident(), updates=3), 600) == []


def test_a_page_that_tells_the_incident_as_it_is_is_not_asked_for() -> None:
    assert due_audience_keys(published_incident(), 600) == []


@pytest.mark.parametrize(
    "moved",
    [{"updates": 1}, {"status": Status.MONITORING}, {"severity": "sev2"}, {"services": ("web",)}],
    ids=lambda moved: str(*moved),
)
def test_a_page_that_stays_behind_the_incident_is_asked_for_once_the_cadence_is_over(moved: dict[str, Any]) -> None:
    incident = replace(published_incident(), **moved)
    cadence = 30 if incident.severity == "sev2" else CADENCE
    assert due_audience_keys(incident, 5 + cadence - 1) == []
    assert due_audience_keys(incident, 5 + cadence) == [STATUS_PAGE.key]
    assert stages.next_reminder_at(incident, FIVE) == minutes(5 + cadence)


def test_telling_the_page_again_ends_the_reminder() -> None:
    behind = replace(published_incident(), updates=1)
    told = record_status_page(behind, (), minutes(25), resolved=False).incident
    assert on_the_page(told)
    assert due_audience_keys(told, 600) == []


def test_a_page_that_says_it_is_over_is_not_asked_for() -> None:
    over = replace(published_incident(resolved=True), updates=1)
    assert not on_the_page(over)
    assert due_audience_keys(over, 600) == []
