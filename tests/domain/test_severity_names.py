"""A severity is meant by its key, its name or a short form, which never stands for two."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot import policy as policy_reader
from bot.domain.policy.policy import Policy, Severity
from bot.domain.policy.severity_names import severity_keyed, severity_named
from tests.factories import FIVE

FORMS = {
    "sev1-5": ("sev2", "SEV-2", "s2", "S2", "severity 2", "Major"),
    "severity-1-4": ("severity_2", "Severity 2", "s2", "sev2", "SEV 2", "High"),
    "p0-p3": ("p2", "P2", "prio2", "Priority 2", "medium"),
    "p0-p4": ("p2", "P-2", "prio 2", "priority2", "Minor degradation"),
    "level-1-4": ("level_2", "Level 2", "l2", "L2", "L-2", "lvl2", "high"),
}


def levels(*levels: tuple[str, str]) -> Policy:
    return replace(FIVE, severities=tuple(Severity(key, name) for key, name in levels))


def test_every_preset_has_its_forms() -> None:
    assert set(FORMS) == set(policy_reader.PRESETS)


@pytest.mark.parametrize("preset", sorted(FORMS))
def test_the_natural_short_forms_of_each_preset_are_understood(preset: str) -> None:
    policy = policy_reader.read_text(f"preset: {preset}").policy
    keys = {severity_named(form, policy) for form in FORMS[preset]}
    assert keys == {FORMS[preset][0]}
    assert severity_named("l9", policy) is None
    assert all(severity_named(level.key, policy) == level.key for level in policy.severities)


@pytest.mark.parametrize(
    ("preset", "foreign"),
    [("sev1-5", "p2"), ("sev1-5", "l2"), ("level-1-4", "s2"), ("level-1-4", "p2"), ("p0-p4", "sev2"), ("p0-p3", "2")],
)
def test_a_form_of_another_scheme_is_not_guessed(preset: str, foreign: str) -> None:
    assert severity_named(foreign, policy_reader.read_text(f"preset: {preset}").policy) is None


def test_a_form_of_two_severities_is_none_and_a_key_or_name_is_never_hidden() -> None:
    assert severity_named("t1", levels(("tier-1", "One"), ("team-1", "Other"))) is None
    assert severity_named("t1", levels(("tier-1", "One"), ("t1", "Other"))) == "t1"
    assert severity_named("s1", levels(("sev1", "One"), ("other", "S 1"))) == "other"
    assert severity_named("l1", levels(("critical", "Level 1"), ("high", "Level 2"))) == "critical"


def test_what_a_monitoring_system_says_is_a_key_or_its_short_form_and_no_name() -> None:
    policy = policy_reader.read_text("preset: level-1-4").policy
    assert (severity_keyed("L2", policy), severity_keyed("Level 2", policy)) == ("level_2", "level_2")
    assert severity_keyed("critical", policy) is None
