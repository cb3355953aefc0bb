"""Every shipped template renders for every preset, severity and stage, and leaves gaps only for missing facts."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import policy as policies
from bot.domain import incident as verbs
from bot.domain.communications import stages
from bot.domain.communications.gap import gaps_in
from bot.domain.communications.variables import VARIABLES, VariableInputs, variables
from bot.domain.errors import Refused
from bot.domain.incident import AudienceMessage, Incident, NewIncident
from bot.domain.incident.status import Status
from bot.domain.policy.policy import Audience, CommunicationRules, Fact, Policy
from bot.domain.timeline.entry import RecordedEntry, entry
from bot.templates.library import SETS, TemplateLibrary, shipped_keys, shipped_template
from bot.templates.render import problems_in, render

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
RESOLVED = NOON + timedelta(minutes=35)
MAYA, TOM = "U0MAYA0000", "U0TOM00000"
LIBRARY = TemplateLibrary()
PUBLIC = {"customer_start", "customer_update", "customer_resolved"}


def incident_of(policy: Policy, severity: str, stage: str) -> Incident:
    """An incident of which everything is known that the record can hold."""
    new = NewIncident("Checkout is down", severity, MAYA, description="Orders fail")
    known = verbs.declare(1, new, policy, NOON).incident
    known = replace(
        known,
        services=("Checkout",),
        facts={"users": 40.0, "revenue": 5000.0, "sla_breach": True},
        roles={"commander": MAYA, "technical_lead": TOM, "communications_lead": TOM},
        channel_name="inc-1-checkout-is-down",
        updates=2,
        update_text="We rolled the deployment back",
        root_cause="A migration locked the orders table",
        update_due_at=NOON + timedelta(hours=2),
    )
    if stage != stages.RESOLVED:
        return known
    return replace(
        known, status=Status.RESOLVED, resolved_at=RESOLVED, ended_at=RESOLVED, summary="The migration was stopped"
    )


def record_of(policy: Policy, severity: str, stage: str) -> VariableInputs:
    note = RecordedEntry(1, 1, entry(NOON, "note", MAYA, "Stopped the migration"), True, "", "")
    names = {MAYA: "Maya Roth", TOM: "Tom Baker"}
    named = replace(policy, communications=CommunicationRules(company="Acme"))
    return VariableInputs(
        incident_of(named, severity, stage), named, NOON + timedelta(minutes=40), (note,), names, None
    )


def combinations() -> list[tuple[str, str, str, str]]:
    return [
        (preset, severity.key, key, stage)
        for preset in policies.PRESETS
        for severity in policies.preset(preset).severities
        for key in shipped_keys()
        for stage in stages.STAGES
    ]


@pytest.mark.parametrize("preset", policies.PRESETS)
def test_every_shipped_template_renders_for_every_severity_and_stage(preset: str) -> None:
    policy = policies.preset(preset)
    for name, severity, key, stage in combinations():
        if name != preset:
            continue
        audience = Audience("a", "Everybody", public=key in PUBLIC)
        rendered = LIBRARY.render(policy, key, variables(record_of(policy, severity, stage), audience))
        assert rendered.subject
        assert rendered.text
        assert "{{" not in rendered.text
        assert not set(gaps_in(rendered.text + rendered.subject)) & set(VARIABLES)  # no unknown variable
        if (stage == stages.RESOLVED) == ("resolved" in key):
            allowed = {"what keeps it from happening again"} if "customer" in key else set()
            assert set(gaps_in(rendered.text)) <= allowed, (severity, key, stage)


@pytest.mark.parametrize("preset", policies.PRESETS)
def test_every_shipped_template_reads_as_it_was_looked_at(preset: str) -> None:
    """After a change, set TOCSIN_SNAPSHOTS=1, run this once more, and read the files aloud."""
    made = snapshot(preset)
    path = Path(__file__).with_name("snapshots") / f"{preset}.txt"
    if os.environ.get("TOCSIN_SNAPSHOTS"):
        path.parent.mkdir(exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == made


def snapshot(preset: str) -> str:
    """Every template of a preset at each stage, for its worst severity."""
    policy = policies.preset(preset)
    parts = []
    for key in sorted(shipped_keys()):
        for stage in (stages.RESOLVED,) if "resolved" in key else (stages.START, stages.UPDATE):
            record = record_of(policy, policy.severities[0].key, stage)
            rendered = LIBRARY.render(policy, key, variables(record, Audience("a", "Everybody", public=key in PUBLIC)))
            parts.append(f"=== {key}, {stage}\n{rendered.subject}\n\n{rendered.text}\n")
    return "\n".join(parts)


def test_every_shipped_template_is_free_of_problems_and_known_to_the_manual() -> None:
    manual = (Path(__file__).resolve().parents[2] / "docs" / "communications.md").read_text()
    for name in SETS:
        for key in shipped_keys():
            source = shipped_template(name, key)
            assert source is not None
            assert problems_in(source) == []
            assert f"`{key}`" in manual
    for variable in VARIABLES:
        assert f"| `{variable}` |" in manual


@pytest.mark.parametrize("preset", policies.PRESETS)
def test_each_preset_uses_the_templates_of_its_own_document(preset: str) -> None:
    policy = policies.preset(preset)
    record = record_of(policy, policy.severities[0].key, stages.START)
    for audience in policy.audiences.values():
        key = stages.template_of(audience, stages.stage_of(record.incident, audience))
        rendered = LIBRARY.render(policy, key, variables(record, audience))
        assert rendered.text
    text = LIBRARY.render(policy, "initial", variables(record, Audience("a", "All"))).text
    assert ("Team," in text) == (preset == "level-1-4")


def test_a_value_that_must_not_become_public_is_a_gap_in_a_public_message() -> None:
    policy = policies.preset("sev1-5")
    record = record_of(policy, "sev1", stages.START)
    record = replace(record, incident=replace(record.incident, title="db-prod-01 is full", update_text="Maya looks"))
    public = variables(record, Audience("c", "Customers", public=True))
    assert str(public["title"]) == "[fill in: title in customers' words]"
    assert str(public["update_message"]) == "[fill in: update message in customers' words]"
    inside = variables(record, Audience("i", "Inside"))
    assert inside["title"] == "db-prod-01 is full"


def test_the_title_of_a_private_incident_is_a_gap_in_a_public_message() -> None:
    record = record_of(policies.preset("sev1-5"), "sev1", stages.START)
    record = replace(record, incident=replace(record.incident, private=True))
    assert "Checkout" not in str(variables(record, Audience("c", "Customers", public=True))["title"])


def test_an_unknown_variable_and_a_syntax_error_are_named_with_their_line() -> None:
    (problem,) = problems_in("Subject: A\n\nHello\n{{ titel }}")
    assert (problem.line, problem.message) == (4, "There is no variable “titel”. Did you mean title?")
    (problem,) = problems_in("Subject: A\n\n{% if title %}\nHello")
    assert problem.line >= 3
    assert problems_in("Hello")[0].message == "The first line is not `Subject: …`."


@pytest.mark.parametrize("hostile", ["{{ title.__init__.__globals__ }}", "{{ actions_taken.append('x') }}"])
def test_a_template_cannot_leave_its_sandbox(hostile: str) -> None:
    record = record_of(policies.preset("sev1-5"), "sev1", stages.START)
    with pytest.raises(Refused, match="The template is broken"):
        render(f"Subject: a\n\n{hostile}", variables(record, Audience("a", "A")))


def test_an_audience_is_started_updated_and_told_of_the_end() -> None:
    policy = policies.preset("sev1-5")
    audience = policy.audiences["customers"]
    running = incident_of(policy, "sev1", stages.START)
    assert stages.stage_of(running, audience) == "start"
    told = AudienceMessage(NOON, "start", 1, 0, "detected", "sev1", 1)
    running = replace(running, told={"customers": told})
    assert stages.stage_of(running, audience) == "update"
    assert stages.stage_of(replace(running, episode=2), audience) == "start"
    assert stages.stage_of(replace(running, status=Status.RESOLVED), audience) == "resolved"
    assert stages.stage_of(running, policy.audiences["executives"]) == "briefing"


@pytest.mark.parametrize(
    ("facts", "asked", "said"),
    [
        ({"sla_breach": True}, False, "Yes"),
        ({"users": 40.0}, True, "No"),  # somebody filled in the form and did not mark it
        ({"customers_told": True}, False, "[fill in: SLA breach: yes or no]"),  # the bot noted that by itself
        ({}, False, "[fill in: SLA breach: yes or no]"),
    ],
)
def test_no_breach_of_an_sla_is_denied_unless_a_person_recorded_the_impact(
    facts: dict[str, Fact], asked: bool, said: str
) -> None:
    record = record_of(policies.preset("sev1-5"), "sev1", stages.UPDATE)
    impact = RecordedEntry(2, 2, entry(NOON, "impact", MAYA, "40 % of users"), True, "", "")
    entries = (*record.entries, impact) if asked else record.entries
    record = replace(record, incident=replace(record.incident, facts=facts), entries=entries)
    assert str(variables(record, Audience("executives", "Executives"))["sla_breach"]) == said
