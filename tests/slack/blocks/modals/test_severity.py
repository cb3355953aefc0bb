from __future__ import annotations

import json

import pytest

from bot.domain.policy.policy import Policy
from bot.slack.blocks import inputs
from bot.slack.blocks.modals.severity import SeverityValues, severity_modal, severity_select, values_of_severity
from tests.factories import FIVE, POLICIES, new_incident
from tests.slack.blocks.modals.submissions import inputs_of, submission

OPEN = new_incident()


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_every_policy_offers_all_its_severities(policy: Policy) -> None:
    offered = severity_select(policy)["options"]
    assert [one["value"] for one in offered] == [level.key for level in policy.severities]


def test_the_severity_form() -> None:
    view = severity_modal(OPEN, FIVE)
    assert inputs_of(view) == [("severity", "Severity", False), ("reason", "Reason", True)]
    sent = submission(view, severity="sev3", reason="milder")
    assert values_of_severity(sent, FIVE) == SeverityValues(1, "sev3", "milder")


def test_a_forms_private_data_is_json() -> None:
    assert json.loads(severity_modal(OPEN, FIVE)["private_metadata"]) == {"incident": "INC-1"}
    assert inputs.metadata(incident="INC-1", held={f"role{n}": "U" * 30 for n in range(200)}) == '{"incident":"INC-1"}'
