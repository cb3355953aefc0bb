"""The form that publishes: one state for all chosen components, and lines for those that differ."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from bot.domain.policy.status_page_rules import Component, StatusPageRules
from bot.domain.statuspage.component_state import ComponentState
from bot.domain.statuspage.publication import NewPublication, publish
from bot.slack.blocks.modals.status_page import PageForm, status_page_modal, values_of_page
from tests.factories import NOW, new_incident
from tests.slack.blocks.modals.submissions import errors, submission

RULES = StatusPageRules(components=(Component("api", "API"), Component("web", "Dashboard"), Component("mail", "Mail")))
EMPTY = PageForm(new_incident(), RULES, {}, None)
WORDS = {"title": "Chat fails", "message": "We look into it."}
MAJOR, PARTIAL = ComponentState.MAJOR_OUTAGE, ComponentState.PARTIAL_OUTAGE


def lines(view: dict[str, Any]) -> str:
    """What stands in the input of states."""
    element = next(block["element"] for block in view["blocks"] if block.get("block_id") == "states")
    return str(element.get("initial_value", ""))


@pytest.mark.parametrize(
    ("typed", "states"),
    [
        ("", {"api": MAJOR, "web": MAJOR}),
        ("API: partial outage", {"api": PARTIAL, "web": MAJOR}),
        (
            "api = partial\n\n mail: degraded ",
            {"api": PARTIAL, "web": MAJOR, "mail": "degraded_performance"},
        ),
        ("web: operational", {"api": MAJOR, "web": ComponentState.OPERATIONAL}),
    ],
)
def test_a_line_gives_one_component_a_state_of_its_own(typed: str, states: dict[str, ComponentState]) -> None:
    view = submission(status_page_modal(EMPTY), **WORDS, components=["api", "web"], state=str(MAJOR), states=typed)
    assert values_of_page(view, RULES).components == states


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Billing: major outage", "“Billing: major outage” names no component"),
        ("API", "There are: API, Dashboard, Mail."),
        ("API: broken", "“broken” is not a state. Write one of: operational, degraded performance"),
        ("API: under maintenance", "Plan maintenance with /incident maintenance"),
    ],
)
def test_a_line_that_says_nothing_is_answered_with_what_to_write(typed: str, said: str) -> None:
    wrong = errors(lambda view: values_of_page(view, RULES), status_page_modal(EMPTY), **WORDS, states=typed)
    assert said in wrong["states"]


def test_components_in_different_states_keep_them_when_an_update_is_posted() -> None:
    shown = publish(NewPublication("Chat fails", "We look.", {"api": PARTIAL, "web": MAJOR}), 1, "U1", NOW)
    view = status_page_modal(replace(EMPTY, publication=shown))
    assert lines(view) == "API: partial outage"
    chosen = submission(view, message="Still.", components=["api", "web"])
    assert values_of_page(chosen, RULES).components == {"api": PARTIAL, "web": MAJOR}


def test_what_was_typed_is_shown_again() -> None:
    view = submission(status_page_modal(EMPTY), **WORDS, components=["api"], state=str(MAJOR), states="mail: partial")
    again = status_page_modal(replace(EMPTY, values=values_of_page(view, RULES)))
    assert lines(again) == "mail: partial"


def test_a_page_with_one_component_has_no_lines() -> None:
    alone = status_page_modal(replace(EMPTY, rules=StatusPageRules(components=RULES.components[:1])))
    assert "states" not in [block.get("block_id") for block in alone["blocks"]]
