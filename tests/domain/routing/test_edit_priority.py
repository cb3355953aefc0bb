"""Edits that change buttons go before edits that change figures."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain import incident as verbs
from bot.domain.incident import Change, Incident
from bot.domain.routing.notice import NoticeKind, Priority
from tests.domain.incidents import new_incident, notices_of
from tests.domain.policies import MINUTE, NOON, POLICY

LATER = NOON + MINUTE
ANNOUNCED = replace(POLICY, announce="#incidents")
MESSAGES = (NoticeKind.CARD_EDIT, NoticeKind.ANNOUNCE_EDIT)


def priorities(before: Incident, change: Change) -> set[Priority]:
    """Of the edits of the card and the announcement."""
    edits = [notice for notice in notices_of(before, change, ANNOUNCED) if notice.kind in MESSAGES]
    assert {edit.kind for edit in edits} == set(MESSAGES)
    return {edit.priority for edit in edits}


def acknowledged_incident() -> Incident:
    return verbs.acknowledge(new_incident(), "U1", LATER).incident


def resolved_incident() -> Incident:
    return verbs.resolve(acknowledged_incident(), "U1", LATER).incident


@pytest.mark.parametrize(
    ("before", "change"),
    [
        (new_incident(), verbs.acknowledge(new_incident(), "U1", LATER)),
        (acknowledged_incident(), verbs.resolve(acknowledged_incident(), "U1", LATER)),
        (acknowledged_incident(), verbs.cancel(acknowledged_incident(), "U1", LATER, "false alarm")),
        (resolved_incident(), verbs.reopen(resolved_incident(), "U1", ANNOUNCED, LATER, "it is back")),
    ],
    ids=["acknowledged", "resolved", "cancelled", "reopened"],
)
def test_an_edit_after_which_buttons_do_something_else_goes_first(before: Incident, change: Change) -> None:
    assert priorities(before, change) == {Priority.BUTTONS}


def test_an_edit_of_figures_waits() -> None:
    before = acknowledged_incident()
    assert priorities(before, verbs.change_severity(before, "bad", "U1", ANNOUNCED, LATER)) == {Priority.EDIT}
