"""Deadline keys are stored by every version: they must never change."""

from __future__ import annotations

from dataclasses import fields

import pytest

from bot.domain.routing import keys
from bot.domain.routing.keys import (
    AgendaSubject,
    ApprovalSubject,
    CommsSubject,
    DeadlineKind,
    HandoverSubject,
    MitigateSubject,
    PersonSubject,
    PlaySubject,
    RehearsalSubject,
    RespondSubject,
    ReviewSubject,
    RoleSubject,
    RungSubject,
    ShiftSubject,
    StepSubject,
    Subject,
    TriggerSubject,
    UpdateSubject,
)

# As versions before 0009 wrote them.
STORED: dict[str, Subject] = {
    "update:42:1:0:2": UpdateSubject(1, 0, 2),
    "role:42:2:1:commander,scribe": RoleSubject(2, 1, ("commander", "scribe")),
    "comms:42:1:3:2": CommsSubject(1, 3, 2),
    "handover:42:1:3:0": HandoverSubject(1, 3, nudged=False),
    "handover:42:1:3:1": HandoverSubject(1, 3, nudged=True),
    "shift:42:1:commander:U0ADA:primary:1767582240": ShiftSubject(1, "commander", "U0ADA", "primary", 1767582240),
    "respond:42:1:sev1": RespondSubject(1, "sev1"),
    "mitigate:42:1:level-1": MitigateSubject(1, "level-1"),
    "rung:42:1:sev1:2": RungSubject("1", "sev1", 2),
    "rung:42:1.2:sev1:2:3": RungSubject("1.2", "sev1", 2, times=3),
    "person:42:1.2:sev1:2:anna:sms": PersonSubject("1.2", "sev1", 2, "anna", "sms"),
    "trigger:42:1:data_loss": TriggerSubject(1, "data_loss"),
    "trigger:42:1:data_loss:2": TriggerSubject(1, "data_loss", times=2),
    "step:42:1:2:2.3:1:0": StepSubject(1, 2, "2.3", 1, 0),
    "approval:42:1:2:2.3:5": ApprovalSubject(1, 2, "2.3", 5),
    "review:42:1:0": ReviewSubject(1, 0),
    "review:42:1:2:1": ReviewSubject(1, 2, scheduled=1),
    "agenda:42:1:2:3": AgendaSubject(1, 2, 3),
    "rehearsal:42:1": RehearsalSubject(1),
    "play:42:1:7": PlaySubject(1, 7),
}


@pytest.mark.parametrize(("key", "subject"), STORED.items())
def test_a_key_is_built_and_parsed_as_it_always_was(key: str, subject: Subject) -> None:
    assert keys.build(42, subject) == key
    assert keys.parse(key) == subject


@pytest.mark.parametrize("subject", STORED.values())
def test_a_subject_survives_being_stored(subject: Subject) -> None:
    assert keys.from_json(keys.as_json(subject)) == subject


def test_every_kind_has_a_subject() -> None:
    assert {subject.kind for subject in STORED.values()} == set(DeadlineKind)


@pytest.mark.parametrize(
    "key",
    ["", "update", "update:42", "update:42:1:0", "update:42:1:0:x", "update:42:1:0:2:3", "silence:42:1", "rung::"],
)
def test_a_key_of_another_version_has_no_subject(key: str) -> None:
    assert keys.parse(key) is None


def test_a_subject_of_a_newer_version_is_read_as_far_as_it_is_known() -> None:
    stored = keys.as_json(RespondSubject(1, "sev1"))
    assert keys.from_json({**stored, "region": "eu"}) == RespondSubject(1, "sev1")
    assert keys.from_json({**stored, "kind": "review"}) is None
    assert keys.from_json({"kind": "respond"}) is None


def test_only_the_last_fields_of_a_subject_may_be_left_out_of_its_key() -> None:
    for subject in STORED.values():
        optional = [field.default == 0 for field in fields(subject)]
        assert optional == sorted(optional)
