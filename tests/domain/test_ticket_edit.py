"""An edited item changes only our part of its ticket; other people's text stays."""

from __future__ import annotations

import pytest

from bot.domain.actions.ticket_edit import changed_list, merge_text

BEFORE = "Look at the pool.\n\n**Owner:** Maya\n**Priority:** P1\n**Incident:** INC-1 It is down"
AFTER = "Look at the pool.\n\n**Owner:** Tom\n**Due:** 4 Dec 2026\n**Incident:** INC-1 It is down"


@pytest.mark.parametrize(
    ("there", "then"),
    [
        (BEFORE, AFTER),
        (f"First.\n{BEFORE}\n\n<!-- key -->".replace("\n", "\r\n"), f"First.\n{AFTER}\n\n<!-- key -->"),
        (AFTER, AFTER),  # written already, by an attempt whose end nobody knows
        (
            "- [ ] a step\n**Owner:** Maya Chen\n**Priority:** P1\n**Incident:** INC-1 It is down\nPS: see wiki",
            "- [ ] a step\n**Owner:** Tom\n**Due:** 4 Dec 2026\n**Incident:** INC-1 It is down\nPS: see wiki",
        ),
        ("All new.", "All new.\n**Owner:** Tom\n**Due:** 4 Dec 2026\n**Incident:** INC-1 It is down"),
        ("", "\n**Owner:** Tom\n**Due:** 4 Dec 2026\n**Incident:** INC-1 It is down"),
    ],
)  # fmt: skip
def test_our_part_is_replaced_and_what_people_wrote_stays(there: str, then: str) -> None:
    assert merge_text(there, BEFORE, AFTER) == then


def test_labels_of_other_people_stay() -> None:
    there = ["Incident", "team-sre", "P1"]
    assert changed_list(there, ("incident", "p1"), ("incident", "p0")) == ["Incident", "team-sre", "p0"]
    assert changed_list(["tom"], ("maya",), ()) == ["tom"]
    assert changed_list([], ("maya",), ("tom",)) == ["tom"]
