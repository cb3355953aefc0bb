"""Who is inside a private incident."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.incident import members
from bot.domain.timeline.entry import BOT, Entry
from tests.domain.incidents import new_incident
from tests.domain.policies import NOON

PRIVATE = replace(new_incident(), private=True)


def test_a_public_incident_puts_nobody_out() -> None:
    assert members.remove(new_incident(), ["U1"]).removed == ()


def test_each_person_is_put_out_once_and_can_come_back() -> None:
    put_out = members.remove(members.remove(PRIVATE, ["U1", "U2"]), ["U2", "U3"])
    assert put_out.removed == ("U1", "U2", "U3")
    assert members.readmit(put_out, {"U1", "U3", "U9"}).removed == ("U2",)


@pytest.mark.parametrize(
    ("entry", "people"),
    [
        (Entry(NOON, "role", "U1", data={"user": "U2"}), {"U2"}),
        (Entry(NOON, "handover", "U1", data={"state": "asked", "to": "U2"}), {"U2"}),
        (Entry(NOON, "page", "U1", data={"people": ["U2"], "named": True}), {"U2"}),
        (Entry(NOON, "page", "U1", data={"people": ["U2"]}), set()),  # a rung names nobody
        (Entry(NOON, "role", BOT, data={"user": "U2"}), set()),
        (Entry(NOON, "role", "U2", data={"user": "U2"}), set()),  # nobody takes themselves in
        (Entry(NOON, "handover", "U1", data={"state": "declined", "to": "U2"}), set()),
    ],
)
def test_only_somebody_inside_who_asks_for_a_person_by_name_takes_them_in(entry: Entry, people: set[str]) -> None:
    assert members.asked_for(replace(PRIVATE, removed=("U2",)), [entry]) == people


def test_the_first_person_who_is_inside_is_found() -> None:
    assert members.inside(replace(PRIVATE, removed=("U1",)), ["U1", "U2"]) == "U2"
    assert members.inside(replace(PRIVATE, removed=("U1",)), ["U1"]) is None
