"""Changes of severity, and their effect on the ladder."""

from __future__ import annotations

import pytest

from bot.domain import incident as verbs
from bot.domain.errors import Refused
from tests.domain.incidents import new_incident
from tests.domain.policies import MINUTE, NOON, POLICY


def test_an_unknown_severity_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refused, match="fatal, bad, mild"):
        new_incident(severity="sev1")


def test_raising_the_severity_starts_its_ladder_now() -> None:
    bad = verbs.acknowledge(new_incident("bad"), "UA", NOON + MINUTE).incident
    raised = verbs.change_severity(bad, "fatal", "UA", POLICY, NOON + 40 * MINUTE).incident
    assert raised.ladder.started_at == NOON + 40 * MINUTE
    assert raised.ladder.acknowledged_at is None
    assert raised.acknowledged_at == NOON + MINUTE


def test_lowering_the_severity_leaves_overdue_rungs_behind() -> None:
    lowered = verbs.change_severity(new_incident(), "bad", "UA", POLICY, NOON + 12 * MINUTE).incident
    assert lowered.ladder.started_at == NOON
    assert lowered.ladder.left_behind_at == NOON + 12 * MINUTE
