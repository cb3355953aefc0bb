from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.domain.errors import Refused
from bot.domain.statuspage.component_state import ComponentState as S
from bot.domain.statuspage.maintenance import NewMaintenance, schedule
from bot.domain.statuspage.publication import (
    REMINDER,
    NewPublication,
    PublicChange,
    PublicStatus,
    change,
    correction_of,
    edit_update,
    planned_text,
    publish,
    reference_label,
    states_now,
)
from tests.domain.statuspage.factories import NOW, new_publication

HOUR = timedelta(hours=1)


def test_two_incidents_on_one_component_never_cancel_each_other() -> None:
    light, bad = new_publication(2 * HOUR, api=S.DEGRADED_PERFORMANCE), new_publication(HOUR, api=S.MAJOR_OUTAGE)
    assert states_now([light, bad], ["api"]) == {"api": S.MAJOR_OUTAGE}
    over = change(bad, PublicChange("It is well again.", PublicStatus.RESOLVED), NOW)
    assert states_now([light, over], ["api"]) == {"api": S.DEGRADED_PERFORMANCE}


def test_resolving_restores_the_components() -> None:
    over = change(new_publication(HOUR, api=S.MAJOR_OUTAGE), PublicChange("Well again.", PublicStatus.RESOLVED), NOW)
    assert over.components == {"api": S.OPERATIONAL}
    assert over.ended_at == NOW


def test_an_update_after_the_resolution_opens_it_again() -> None:
    over = change(new_publication(HOUR, api=S.MAJOR_OUTAGE), PublicChange("Well again.", PublicStatus.RESOLVED), NOW)
    again = change(over, PublicChange("It is back.", PublicStatus.INVESTIGATING, {"api": S.PARTIAL_OUTAGE}), NOW)
    assert not again.ended
    assert states_now([again], ["api"]) == {"api": S.PARTIAL_OUTAGE}


def test_an_edit_is_shown_with_its_time_and_changes_no_other_update() -> None:
    first = new_publication(HOUR)
    edited = edit_update(first, 1, "We look into it, and know more at 13:00.", NOW)
    assert edited.updates[0].edited_at == NOW
    assert edited.updates[0].at == first.updates[0].at


@pytest.mark.parametrize(("title", "message"), [("", "words"), ("  \n", "words"), ("words", " "), ("x" * 201, "words")])
def test_a_publication_needs_a_title_and_a_message_of_its_own(title: str, message: str) -> None:
    with pytest.raises(Refused):
        publish(NewPublication(title, message), None, "tocsin", NOW)


def test_times_of_a_publication_lie_in_the_past_and_in_order() -> None:
    with pytest.raises(Refused):
        new_publication(-HOUR)
    with pytest.raises(Refused):
        new_publication(HOUR, 2 * HOUR)


def test_characters_that_change_the_direction_of_text_are_not_published() -> None:
    made = publish(NewPublication("API\u202e is slow", "a\u2066b"), None, "tocsin", NOW)
    assert (made.title, made.updates[0].message) == ("API is slow", "ab")


def test_a_message_about_maintenance_says_when_and_whether_it_reminds() -> None:
    planned = schedule(NewMaintenance("Move", "Short breaks.", ["api"], NOW + 10 * HOUR, NOW + 13 * HOUR), "U1", NOW)
    assert planned_text(planned, ZoneInfo("Europe/Berlin")) == "2026-03-30 00:00 to 03:00 CEST"
    assert planned_text(planned, ZoneInfo("UTC")) == "2026-03-29 22:00 to 2026-03-30 01:00 UTC"
    (update,) = planned.updates
    assert reference_label(update, update.id) == "Scheduled"
    assert reference_label(update, REMINDER) == "Reminder"
    assert reference_label(replace(update, status=PublicStatus.IN_PROGRESS), REMINDER) == "In progress"  # it came late
    assert reference_label(update, correction_of(update, NOW)) == "Correction"
    assert planned_text(new_publication(HOUR, api=S.MAJOR_OUTAGE), ZoneInfo("UTC")) == ""
