"""The seal over an incident's row: the fields it covers, and the changes that get one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain.incident.seal import SEALED_KINDS, needs_seal, seal
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import KEY_KINDS, entry
from tests.domain.incidents import new_incident
from tests.domain.policies import NOON


@pytest.mark.parametrize(
    "change",
    [{"title": "Other"}, {"severity": "sev5"}, {"status": Status.RESOLVED}, {"private": True}, {"drill": True},
     {"roles": {"commander": "UOTHER"}}, {"declared_by": "UOTHER"}, {"declared_at": NOON - timedelta(seconds=1)}],
)  # fmt: skip
def test_every_field_that_matters_is_sealed(change: dict[str, Any]) -> None:
    assert seal(replace(new_incident(), **change)) != seal(new_incident())


def test_what_changes_without_an_entry_is_not_sealed() -> None:
    changed = replace(new_incident(), unanswered=3, channel_id="C0INCIDENT", update_due_at=NOON)
    assert seal(changed) == seal(new_incident())


def test_a_change_of_a_sealed_kind_or_field_gets_a_seal() -> None:
    incident = new_incident()
    note, status = entry(NOON, "note", "U1", "hello"), entry(NOON, "status", "U1")
    assert not needs_seal(incident, incident, (note,))
    assert needs_seal(incident, incident, (status,))
    assert needs_seal(incident, replace(incident, title="Other"), (note,))
    assert not needs_seal(incident, replace(incident, title="Other"), ())


def test_sealed_kinds_are_kinds_of_entries() -> None:
    assert SEALED_KINDS <= KEY_KINDS
