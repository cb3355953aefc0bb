from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.slack.blocks import card, elements
from bot.slack.blocks.press_value import incident_tag, press_value, tag_in
from tests.factories import FIVE, minutes, new_incident, with_channel

INCIDENT = with_channel(new_incident())
LATER = replace(INCIDENT, declared_at=INCIDENT.declared_at + timedelta(milliseconds=1))


def test_two_incidents_of_one_number_differ_in_the_tag_and_not_in_the_value() -> None:
    assert press_value(INCIDENT, 2, "key") == press_value(LATER, 2, "key") == "INC-1:2:key"
    assert incident_tag(INCIDENT) != incident_tag(LATER)


def test_the_block_around_a_button_ends_in_the_tag() -> None:
    block = card.card(INCIDENT, FIVE, minutes(1)).blocks[-1]
    assert (block["block_id"], tag_in(block["block_id"])) == (f"card@{incident_tag(INCIDENT)}", incident_tag(INCIDENT))


def test_a_section_with_a_button_or_a_menu_has_the_tag_too() -> None:
    value = press_value(INCIDENT, "x" * 400)
    block = elements.section("Open it", elements.button("Open", "playbook_open", value))
    assert len(block["block_id"]) <= 255
    assert tag_in(block["block_id"]) == incident_tag(INCIDENT)
    menu = elements.overflow("walk_more", [elements.option("Show", press_value(INCIDENT, 1, "a", "show"))])
    assert tag_in(elements.section("a", menu)["block_id"]) == incident_tag(INCIDENT)


def test_blocks_about_no_incident_have_no_tag() -> None:
    block = elements.actions(elements.button("Declare", "menu_declare", "declare"), block_id="menu")
    assert block is not None
    assert block["block_id"] == "menu"
    assert "block_id" not in elements.section("Words")
    assert [tag_in(name) for name in ("menu", "step:1:a", "", "card@xyz")] == [None] * 4
