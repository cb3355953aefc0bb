"""Targets: read from the policy's text and written as the same text."""

from __future__ import annotations

import pytest

from bot.domain.values.target import Target, TargetKind, targets_text


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("schedule:primary", Target(TargetKind.SCHEDULE, "primary")),
        ("channel:#bosses", Target(TargetKind.CHANNEL, "#bosses")),
        ("user:ann@example.com", Target(TargetKind.USER, "ann@example.com")),
        ("contact:a:b", Target(TargetKind.CONTACT, "a:b")),
    ],
)
def test_a_target_is_read_and_written_as_the_same_text(text: str, target: Target) -> None:
    assert Target.parse(text) == target
    assert str(target) == text


@pytest.mark.parametrize("text", ["", "primary", "schedule:", ":primary", "#bosses"])
def test_other_texts_are_no_targets(text: str) -> None:
    with pytest.raises(ValueError, match=r"target|TargetKind"):
        Target.parse(text)


def test_a_contact_is_named_without_its_kind() -> None:
    targets = [Target(TargetKind.SCHEDULE, "primary"), Target(TargetKind.CONTACT, "cto")]
    assert targets_text(targets) == "schedule primary, cto"
