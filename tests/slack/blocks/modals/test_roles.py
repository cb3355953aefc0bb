from __future__ import annotations

from dataclasses import replace

from bot.domain import incident as verbs
from bot.slack.blocks.modals.roles import RolesValues, roles_modal, values_of_roles
from tests.factories import ADA, BEN, FIVE, MAYA, NOW, new_incident
from tests.slack.blocks.modals.submissions import inputs_of, submission

OPEN = new_incident()


def test_the_roles_form_has_one_select_a_role_labelled_with_its_title() -> None:
    led = verbs.assign(OPEN, "commander", MAYA, ADA, FIVE, NOW).incident
    view = roles_modal(led, FIVE)
    assert inputs_of(view) == [
        ("role_commander", "Incident commander", True),
        ("role_scribe", "Scribe", True),
        ("role_technical_lead", "Technical lead", True),
        ("role_communications_lead", "Communications lead", True),
        ("role_engineering_manager", "Engineering manager", True),
    ]
    assert view["blocks"][0]["element"]["initial_user"] == MAYA
    assert view["blocks"][0]["hint"]["text"] == "Needed at sev1. Runs the incident."
    assert view["blocks"][1]["hint"]["text"] == "Needed at sev1."


def test_only_the_roles_somebody_changed_come_back() -> None:
    led = verbs.assign(OPEN, "commander", MAYA, ADA, FIVE, NOW).incident
    led = verbs.assign(led, "scribe", BEN, ADA, FIVE, NOW).incident
    view = roles_modal(led, FIVE)
    assert values_of_roles(submission(view), FIVE) == RolesValues(1)
    sent = submission(view, role_commander=BEN, role_scribe=None)
    assert values_of_roles(sent, FIVE) == RolesValues(1, {"commander": BEN}, ("scribe",))


def test_a_holder_slack_cannot_show_is_not_cleared_by_leaving_the_form_alone() -> None:
    held = replace(OPEN, roles={"scribe": "maya@example.com"})
    view = roles_modal(held, FIVE)
    assert values_of_roles(submission(view), FIVE) == RolesValues(1)
