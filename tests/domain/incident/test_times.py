from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from bot.domain import incident as verbs
from bot.domain.errors import Refused
from bot.domain.incident import times
from tests.factories import ADA, BEN, MINUTE, NOW, minutes, new_incident

RESOLVED = replace(
    verbs.resolve(new_incident(), BEN, minutes(60), summary="Rolled back").incident, mitigated_at=minutes(50)
)  # fmt: skip
LATER = minutes(120)


def correction(**corrections: datetime) -> verbs.Change:
    return times.correct(RESOLVED, corrections, "The dashboard shows it", ADA, LATER)


def test_each_correction_is_an_entry_and_the_figures_follow() -> None:
    change = correction(started_at=NOW - 9 * MINUTE, resolved_at=minutes(55))
    assert [entry.data["field"] for entry in change.entries] == ["started_at", "resolved_at"]
    assert "Resolved: 5 Jan 2026 04:04 UTC → 5 Jan 2026 03:59 UTC: The dashboard shows it" in change.entries[1].text
    after = change.incident
    assert after.seconds_since_detection(after.resolved_at) == 55 * 60
    assert after.ended_at == minutes(55)


@pytest.mark.parametrize(
    ("field", "at"),
    [
        ("started_at", minutes(1)),
        ("detected_at", minutes(1)),
        ("resolved_at", minutes(40)),
        ("resolved_at", NOW - MINUTE),
        ("mitigated_at", minutes(61)),
        ("mitigated_at", NOW - MINUTE),
        ("impact_ended_at", NOW - MINUTE),
        ("resolved_at", minutes(200)),
    ],
)
def test_what_cannot_have_been_is_refused(field: str, at: datetime) -> None:
    with pytest.raises(times.ImpossibleTime) as refused:
        correction(**{field: at})
    assert refused.value.field == field


def test_an_incident_that_was_mitigated_by_being_resolved_stays_so() -> None:
    together = replace(RESOLVED, mitigated_at=RESOLVED.resolved_at)
    change = times.correct(together, {"resolved_at": minutes(40)}, "The dashboard shows it", ADA, LATER)
    assert (change.incident.mitigated_at, change.incident.resolved_at) == (minutes(40), minutes(40))
    with pytest.raises(times.ImpossibleTime) as refused:
        times.correct(together, {"resolved_at": NOW - MINUTE}, "It was", ADA, LATER)
    assert refused.value.field == "resolved_at"


def test_two_times_that_fit_together_are_corrected_at_once() -> None:
    after = correction(mitigated_at=minutes(30), resolved_at=minutes(40)).incident
    assert (after.mitigated_at, after.resolved_at) == (minutes(30), minutes(40))


def test_a_correction_needs_a_reason_and_a_change() -> None:
    with pytest.raises(Refused):
        times.correct(RESOLVED, {"resolved_at": minutes(55)}, " ", ADA, LATER)
    assert correction(resolved_at=minutes(60)).entries == ()


def test_an_open_incident_is_not_resolved_by_a_correction() -> None:
    with pytest.raises(Refused):
        times.correct(new_incident(), {"resolved_at": NOW}, "It was", ADA, LATER)
