from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.domain import incident as verbs
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Category, Policy, Service
from bot.slack.blocks import declare, forms, inputs, modals, replies
from bot.slack.blocks.inputs import InputErrors
from tests.factories import ADA, BEN, CATALOGUE, FIVE, FOUR, MANY, MAYA, NOW, POLICIES, declared, minutes, mrkdwn

OPEN = declared()
ACKNOWLEDGED = verbs.acknowledge(OPEN, BEN, NOW).incident


def submitted(view: dict[str, Any], **typed: Any) -> dict[str, Any]:
    """The view as Slack sends it back: `typed` by block, all else as it was prefilled."""
    values = {}
    for block in view["blocks"]:
        if block["type"] != "input":
            continue
        name, element = block["block_id"], block["element"]
        values[name] = {element["action_id"]: _answered(element, typed.get(name, ...))}
    return {**view, "state": {"values": values}}


def _answered(element: dict[str, Any], given: Any) -> dict[str, Any]:
    sort = element["type"]
    if sort == "plain_text_input":
        return {"type": sort, "value": element.get("initial_value") if given is ... else given}
    if sort == "static_select":
        chosen = element.get("initial_option") if given is ... else _option(element, given)
        return {"type": sort, "selected_option": chosen}
    if sort in ("multi_static_select", "checkboxes"):
        chosen = [] if given is ... else [_option(element, one) for one in given]
        return {"type": sort, "selected_options": chosen}
    if sort == "users_select":
        return {"type": sort, "selected_user": element.get("initial_user") if given is ... else given}
    return {"type": sort, "selected_date_time": None if given is ... else given}


def _option(element: dict[str, Any], value: str) -> dict[str, Any]:
    groups = element.get("option_groups") or [element]
    return next(one for group in groups for one in group["options"] if one["value"] == value)


def inputs_of(view: dict[str, Any]) -> list[tuple[str, str, bool]]:
    """Every input: its block, its label, whether it may be left empty."""
    return [(b["block_id"], b["label"]["text"], b["optional"]) for b in view["blocks"] if b["type"] == "input"]


def errors(view: dict[str, Any], policy: Policy = FIVE, **typed: Any) -> dict[str, str]:
    readers: dict[str, Any] = {
        "declare": lambda v: declare.values_of_declare(v, policy),
        "update": lambda v: modals.values_of_update(v, policy),
        "severity": lambda v: modals.values_of_severity(v, policy),
        "resolve": lambda v: modals.values_of_resolve(v, NOW),
        "reopen": modals.values_of_reopen,
    }
    with pytest.raises(InputErrors) as wrong:
        readers[view["callback_id"]](submitted(view, **typed))
    return wrong.value.errors


def test_the_declare_form() -> None:
    view = declare.declare_modal(replace(CATALOGUE, categories=("network",)))
    assert (view["title"]["text"], view["submit"]["text"]) == ("Declare incident", "Declare")
    assert inputs_of(view) == [
        ("title", "Title", False),
        ("severity", "Severity", False),
        ("description", "What is happening?", True),
        ("services", "Affected services", True),
        ("category", "Category", True),
        ("private", "Private", True),
    ]
    title, severity = view["blocks"][0]["element"], view["blocks"][1]["element"]
    assert title["max_length"] == 300
    assert "initial_option" not in severity
    assert [(one["text"]["text"], one.get("description", {}).get("text")) for one in severity["options"]] == [
        ("sev1 · Critical", "Everybody is affected"),
        ("sev2 · Major", "Many are affected"),
        ("sev3 · Moderate", "Some are affected"),
        ("sev4 · Low", None),
        ("sev5 · Info", None),
    ]


def test_what_was_declared_comes_back() -> None:
    policy = replace(CATALOGUE, categories=("network",), category_details={"network": Category("network", "Network")})
    source = {"channel": "C1", "ts": "1.2", "author": BEN, "link": "https://x.io"}
    view = declare.declare_modal(policy, title="Checkout", severity="sev2", channel="C9", source=source)
    sent = submitted(view, services=["web", "pay"], category="network", private=["private"], description=" 502 <@U1>")
    assert declare.values_of_declare(sent, policy) == declare.DeclareValues(
        title="Checkout",
        severity="sev2",
        description="502 @U1",
        services=("web", "pay"),
        category="network",
        private=True,
        channel="C9",
        source=source,
    )


def test_a_title_typed_into_the_form_mentions_nobody_and_is_one_line() -> None:
    sent = submitted(declare.declare_modal(FIVE), title=" <@U1>\n<!channel> down ", severity="sev1")
    assert declare.values_of_declare(sent, FIVE).title == "@U1 @channel down"


def test_a_title_too_long_for_its_input_is_kept_whole_as_description() -> None:
    view = declare.declare_modal(FIVE, title="long " * 100, description="more")
    title, _, description, *_ = (block["element"] for block in view["blocks"])
    assert len(title["initial_value"]) <= 300
    assert description["initial_value"] == "long " * 100 + "\n\nmore"


def test_without_a_catalogue_services_are_typed() -> None:
    sent = submitted(declare.declare_modal(FIVE), title="x", severity="sev1", services="web, pay,\nweb ,, ")
    assert declare.values_of_declare(sent, FIVE).services == ("web", "pay")


def test_a_big_catalogue_is_split_into_groups() -> None:
    policy = replace(FIVE, services={f"s{n:03}": Service(f"s{n:03}") for n in range(250)})
    view = declare.declare_modal(policy)
    groups = view["blocks"][3]["element"]["option_groups"]
    assert [len(group["options"]) for group in groups] == [100, 100, 50]
    assert groups[2]["label"]["text"] == "s200 to s249"
    sent = submitted(view, title="x", severity="sev1", services=["s201"])
    assert declare.values_of_declare(sent, policy).services == ("s201",)


def test_a_declaration_without_words_or_severity_stays_open_and_says_what_is_missing() -> None:
    assert errors(declare.declare_modal(FIVE), title="  ") == {
        "title": "Say in a few words what is wrong, such as “Checkout is down”.",
        "severity": "Choose how bad it is, such as sev1.",
    }
    assert errors(declare.declare_modal(FIVE), FOUR, title="x", severity="sev1") == {
        "severity": "sev1 is no longer in the policy. Choose another."
    }


@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_every_policy_offers_all_its_severities(policy: Policy) -> None:
    offered = declare.severity_select(policy)["options"]
    assert [one["value"] for one in offered] == [level.key for level in policy.severities]


def test_the_update_form() -> None:
    view = modals.update_modal(ACKNOWLEDGED, FIVE)
    assert (view["title"]["text"], view["submit"]["text"]) == ("Update status", "Post update")
    assert inputs_of(view) == [
        ("status", "Status", False),
        ("severity", "Severity", False),
        ("text", "What changed?", False),
        ("next_in", "Next update in", False),
    ]
    assert view["blocks"][0]["element"]["initial_option"]["value"] == "acknowledged"
    assert [one["value"] for one in view["blocks"][0]["element"]["options"]] == [
        "acknowledged", "investigating", "identified", "mitigating", "monitoring", "resolved",
    ]  # fmt: skip
    assert [one["text"]["text"] for one in view["blocks"][3]["element"]["options"]] == [
        "By the cadence (every 15m)", "15m", "30m", "1h", "2h", "4h", "1d",
    ]  # fmt: skip
    assert mrkdwn(view["blocks"][-1]) == "Will be posted in the incident channel, and #incidents (in the thread)"


def test_an_update_of_what_nobody_acknowledged_keeps_it_detected_unless_changed() -> None:
    sent = submitted(modals.update_modal(OPEN, FIVE), text="Looking")
    said = modals.values_of_update(sent, FIVE)
    assert (said.status, said.status_seen) == (Status.DETECTED, "detected")


def test_what_was_updated_comes_back_with_what_was_seen() -> None:
    view = modals.update_modal(ACKNOWLEDGED, FIVE)
    sent = submitted(view, status="identified", severity="sev2", text=" Found it ", next_in="2h")
    assert modals.values_of_update(sent, FIVE) == modals.UpdateValues(
        incident=1,
        status=Status.IDENTIFIED,
        severity="sev2",
        text="Found it",
        next_in=timedelta(hours=2),
        status_seen="acknowledged",
        severity_seen="sev1",
    )
    assert modals.values_of_update(submitted(view, text="x"), FIVE).next_in is None


def test_an_update_without_words_is_asked_for_them() -> None:
    assert errors(modals.update_modal(OPEN, FIVE), text=" ") == {
        "text": "Write what changed, such as “Rolled back, error rate is falling”."
    }


def test_a_private_incident_tells_only_its_channel() -> None:
    assert modals.update_channels(replace(OPEN, private=True, channel_id="C0INC"), FIVE) == "<#C0INC>"


def test_the_severity_form() -> None:
    view = modals.severity_modal(OPEN, FIVE)
    assert inputs_of(view) == [("severity", "Severity", False), ("reason", "Reason", True)]
    sent = submitted(view, severity="sev3", reason="milder")
    assert modals.values_of_severity(sent, FIVE) == modals.SeverityValues(1, "sev3", "milder")


def test_the_roles_form_has_one_select_a_role_labelled_with_its_title() -> None:
    led = verbs.assign(OPEN, "commander", MAYA, ADA, FIVE, NOW).incident
    view = modals.roles_modal(led, FIVE)
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
    view = modals.roles_modal(led, FIVE)
    assert modals.values_of_roles(submitted(view), FIVE) == modals.RolesValues(1)
    sent = submitted(view, role_commander=BEN, role_scribe=None)
    assert modals.values_of_roles(sent, FIVE) == modals.RolesValues(1, {"commander": BEN}, ("scribe",))


def test_a_holder_slack_cannot_show_is_not_cleared_by_leaving_the_form_alone() -> None:
    held = replace(OPEN, roles={"scribe": "maya@example.com"})
    view = modals.roles_modal(held, FIVE)
    assert modals.values_of_roles(submitted(view), FIVE) == modals.RolesValues(1)


def test_the_resolve_form() -> None:
    view = modals.resolve_modal(OPEN)
    assert (view["title"]["text"], view["submit"]["text"]) == ("Resolve incident", "Resolve")
    assert inputs_of(view) == [
        ("summary", "What fixed it?", False),
        ("root_cause", "Root cause", True),
        ("impact_ended", "Customer impact ended", True),
    ]
    ended = int(minutes(-10).timestamp())
    sent = submitted(view, summary="Rolled back", root_cause="Deploy", impact_ended=ended)
    assert modals.values_of_resolve(sent, NOW) == modals.ResolveValues(1, "Rolled back", "Deploy", minutes(-10))


def test_an_impact_that_ends_in_the_future_and_an_empty_answer_are_refused() -> None:
    late = int(minutes(10).timestamp())
    assert errors(modals.resolve_modal(OPEN), summary="", impact_ended=late) == {
        "summary": "Say what fixed it, such as “Rolled back deploy 4512”.",
        "impact_ended": "That is in the future. Choose when it ended, or leave it empty.",
    }


def test_the_reopen_form() -> None:
    view = modals.reopen_modal(OPEN)
    assert modals.values_of_reopen(submitted(view, reason=" back ")) == modals.ReopenValues(1, "back")
    assert errors(view, reason="") == {"reason": "Say why, such as “Errors are back since 04:10”."}


def test_a_form_that_lost_its_incident_says_so() -> None:
    view = {**submitted(modals.reopen_modal(OPEN), reason="x"), "private_metadata": "{not json"}
    with pytest.raises(InputErrors) as wrong:
        modals.values_of_reopen(view)
    assert wrong.value.errors == {"reason": "This form lost track of its incident. Close it and open it again."}


def test_which_incident_a_message_belongs_to() -> None:
    source = {"channel": "C1", "ts": "1.2", "author": BEN, "text": "a &lt; b <!here>\n<@U1|maya>", "link": None}
    view = forms.add_to_timeline_modal([OPEN, declared("Other", MANY, 7)], source)
    assert mrkdwn(view["blocks"][0]) == "> a &lt; b @\u200bhere\n> @U1"
    said = forms.values_of_add_to_timeline(submitted(view, incident="INC-7"))
    assert (said.incident, said.source) == (7, source)


def test_a_form_that_cannot_be_carried_out_says_why() -> None:
    view = forms.refusal_modal(modals.update_modal(OPEN, FIVE), replies.refused("INC-1 is resolved."))
    assert "submit" not in view
    assert mrkdwn(view["blocks"][0]) == "INC-1 is resolved."


def test_a_forms_private_data_is_json() -> None:
    assert json.loads(modals.severity_modal(OPEN, FIVE)["private_metadata"]) == {"incident": "INC-1"}
    assert inputs.metadata(incident="INC-1", held={f"role{n}": "U" * 30 for n in range(200)}) == '{"incident":"INC-1"}'
