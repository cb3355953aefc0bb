"""How schedules write handoffs and hours."""

from __future__ import annotations

import pytest

from bot.domain.oncall import notation


@pytest.mark.parametrize(
    "text", ["", "9-17", "09:00", "09:00-09:00", "09:00-17:00 mo-fr", "25:00-26:00", "09:00-17:00 mon-fri-sun", "moon?"]
)
def test_hours_that_mean_nothing_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"\."):
        notation.parse_hours(text)


@pytest.mark.parametrize(
    ("rotation", "text"),
    [("weekly", "09:00"), ("daily", "mon 09:00"), ("monthly", "mon 09:00"), ("monthly", "32 09:00"), ("weekly", "")],
)
def test_a_handoff_that_does_not_fit_its_rotation_is_refused(rotation: str, text: str) -> None:
    with pytest.raises(ValueError, match=f"A {rotation} handoff looks like"):
        notation.parse_handoff(rotation, text)
