"""The example, the manual, the warnings and the editors' schema agree with the code."""

from __future__ import annotations

import json
import re
import typing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from bot import policy
from bot.policy import models
from bot.policy.yaml_source import parse_yaml

DOCS = Path(__file__).parents[2] / "docs"


def plain(path: Path) -> dict[str, Any]:
    return parse_yaml(path.read_text(encoding="utf-8"), path.name).values


def parts(model: type[BaseModel]) -> dict[str, type[BaseModel]]:
    """Every model of the document, by name."""
    models_by_name = {model.__name__: model}
    for field in model.model_fields.values():
        for inner in (field.annotation, *typing.get_args(field.annotation)):
            for kind in (inner, *typing.get_args(inner)):
                if isinstance(kind, type) and issubclass(kind, BaseModel) and kind.__name__ not in models_by_name:
                    models_by_name |= parts(kind)
    return models_by_name


def test_the_example_is_valid_and_warns_of_silent_severities_alone() -> None:
    loaded = policy.read(DOCS / "policy.example.yml")
    assert [warning.partition(": ")[2] for warning in loaded.warnings] == [
        "severities: no phone rings for sev3, sev4: no rung that reaches a person has pagerduty, sms, phone or push in "
        "`by`.",
    ]


def yaml_name(name: str, field: FieldInfo) -> str:
    """The setting's name in YAML, which Python may reserve."""
    return field.alias or name


def models_in(annotation: Any) -> list[type[BaseModel]]:
    inner = [model for part in typing.get_args(annotation) for model in models_in(part)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else inner


def settings_in(values: Any, model: type[BaseModel]) -> set[str]:
    """`Contact.phone` for each setting that the document sets, at whatever depth."""
    if isinstance(values, list):
        return {name for item in values for name in settings_in(item, model)}
    if not isinstance(values, dict):
        return set()
    settings = {
        f"{model.__name__}.{name}" for name, field in model.model_fields.items() if yaml_name(name, field) in values
    }
    for name, field in model.model_fields.items():
        for inner in models_in(field.annotation):
            beneath = values.get(name)
            if isinstance(beneath, dict) and not set(beneath) & set(inner.model_fields):  # by key
                beneath = list(beneath.values())
            settings |= settings_in(beneath, inner)
    return settings


def test_the_example_shows_every_setting_of_a_policy() -> None:
    every = {f"{name}.{field}" for name, part in parts(models.Document).items() for field in part.model_fields}
    left_out = every - settings_in(plain(DOCS / "policy.example.yml"), models.Document)
    shown_in_the_other = {"Schedule.hours", "Rotation.shifts"}  # a layer, or a schedule of one layer
    shadow = {"Document.shadow", "Shadow.source", "Shadow.days"}  # a comment: with it, a copy of the file pages nobody
    assert left_out - shown_in_the_other == {"Document.order", "Document.role_order"} | shadow


def test_the_example_shows_every_kind_of_question_and_method() -> None:
    loaded = policy.read(DOCS / "policy.example.yml").policy
    kinds = typing.get_args(models.CustomField.model_fields["kind"].annotation)
    assert {field.kind for field in loaded.fields} == set(kinds)
    rungs = [rung for level in loaded.severities for rung in level.ladder] + [
        trigger.rung for trigger in loaded.triggers
    ]
    assert {"slack", "pagerduty", "email", "sms"} <= {method for rung in rungs for method in rung.by}


def test_the_manual_explains_every_setting() -> None:
    manual = (DOCS / "policy.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `([a-z_]+)`", manual, re.MULTILINE))
    settings = {yaml_name(*item) for part in parts(models.Document).values() for item in part.model_fields.items()}
    assert settings - explained == set()
    assert explained - settings == set()


def examples_of_the_manual() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", (DOCS / "policy.md").read_text(encoding="utf-8"), re.DOTALL)


@pytest.mark.parametrize("text", examples_of_the_manual())
def test_every_example_of_the_manual_is_valid(text: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(text, encoding="utf-8")
    policy.load(path)


@pytest.mark.parametrize("name", policy.PRESETS)
def test_the_schema_for_editors_accepts_the_presets(name: str) -> None:
    jsonschema.validate(policy.read(None, name).document, policy.json_schema())


def test_the_schema_for_editors_accepts_the_example_and_refuses_a_typo() -> None:
    schema = policy.json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    example = plain(DOCS / "policy.example.yml")
    jsonschema.validate(example, schema)
    example["severities"]["sev1"]["update_evry"] = "15m"
    with pytest.raises(jsonschema.ValidationError, match="update_evry"):
        jsonschema.validate(example, schema)


def warnings_of(text: str, tmp_path: Path, now: datetime | None = None) -> list[str]:
    path = tmp_path / "policy.yml"
    path.write_text(text, encoding="utf-8")
    return [warning.removeprefix(f"{tmp_path}/") for warning in policy.read(path, now=now).warnings]


def test_undefined_names_of_the_preset_are_one_warning_each() -> None:
    assert policy.read(None).warnings == (
        "sev1-5: executives: sev1, sev2 ask for an executive briefing, but no executive is listed. List contacts here.",
        "sev1-5: schedules: the preset pages primary, secondary, manager, not defined yet: these pages reach nobody. "
        "Add them here.",
        "sev1-5: contacts: the preset pages engineering_manager, not defined yet: these pages reach nobody. "
        "Add them here.",
        "sev1-5: severities: no phone rings for sev1, sev2, sev3, sev4, sev5: no rung that reaches a person has "
        "pagerduty, sms, phone or push in `by`.",
    )


def test_a_gap_in_a_schedule_is_a_warning(tmp_path: Path) -> None:
    text = 'schedules:\n  primary: {members: [U0ANNA], hours: "09:00-17:00 mon-fri", timezone: Europe/Berlin}\n'
    assert (
        "policy.yml:2: schedules.primary: nobody is on call for 5d8h of every week, for example from mon 00:00 to "
        "mon 09:00. Add a layer below that always holds."
    ) in warnings_of(text, tmp_path)


SEVEN = "[U0ONE, U0TWO, U0THREE, U0FOUR, U0FIVE, U0SIX, U0SEVEN]"


@pytest.mark.parametrize(
    ("schedule", "warning"),
    [
        (
            f'{{start: 2026-01-05, rotation: daily, members: {SEVEN}, hours: "09:00-17:00 mon-fri"}}',
            "schedules.primary: U0SIX, U0SEVEN are never on call: their shifts always fall outside the hours, or into "
            "those of a later layer. Rotate weekly, or change the number of members.",
        ),
        (
            "{layers: [{members: [U0ONE]}, {members: [U0TWO]}]}",
            "schedules.primary.layers[1] is never used: the layers after it, which outrank it, cover all of its time. "
            "Remove it or move it.",
        ),
        (
            '{layers: [{start: 2026-01-05, rotation: daily, handoff: "00:00", members: [U0ONE, U0TWO, U0THREE, U0FOUR, '
            'U0FIVE, U0SIX, U0SEVEN]}, {members: [U0EIGHT], hours: "mon"}]}',
            "schedules.primary.layers[1]: U0ONE is never on call: their shifts always fall outside the hours, or into "
            "those of a later layer. Rotate weekly, or change the number of members.",
        ),
        (
            "{timezone: Europe/Berlin, start: 2026-06-01, members: [U0ONE, U0TWO]}",
            "schedules.primary begins on 2026-06-01 09:00; nobody is on call until then. Write an earlier `start`.",
        ),
        (
            "{start: 2026-01-05, begins: 2026-06-01, members: [U0ONE, U0TWO]}",
            "schedules.primary begins on 2026-06-01 00:00; nobody is on call until then. Write an earlier `begins`.",
        ),
        (
            "{shifts: [{member: U0ONE, begins: 2026-06-01 09:00, ends: 2026-06-02 09:00}]}",
            "schedules.primary begins on 2026-06-01 09:00; nobody is on call until then. Add shifts.",
        ),
        (
            "{shifts: [{member: U0ONE, begins: 2026-01-05 09:00, ends: 2026-01-06 09:00}]}",
            "schedules.primary ended on 2026-01-06 09:00; nobody is on call from then on. Add shifts.",
        ),
    ],
)
def test_who_never_has_a_turn_and_a_schedule_that_begins_later_are_warnings(
    schedule: str, warning: str, tmp_path: Path
) -> None:
    march = datetime(2026, 3, 2, 12, tzinfo=UTC)
    assert f"policy.yml:2: {warning}" in warnings_of(f"schedules:\n  primary: {schedule}\n", tmp_path, march)


@pytest.mark.parametrize(
    "schedule",
    [
        f'{{start: 2026-01-05, rotation: weekly, members: {SEVEN}, hours: "mon-fri"}}',
        f'{{start: 2026-01-05, rotation: monthly, members: {SEVEN}, hours: "mon"}}',
        '{start: 2026-01-05, rotation: daily, members: [U0ONE, U0TWO, U0THREE], hours: "mon"}',
        '{layers: [{members: [U0ONE]}, {members: [U0TWO], hours: "09:00-17:00 mon-fri"}]}',
        "{layers: [{members: [U0ONE]}, {start: 2026-06-01, members: [U0TWO, U0THREE]}]}",  # outranked from June on
    ],
)
def test_a_schedule_on_which_everybody_has_a_turn_is_not_warned_of(schedule: str, tmp_path: Path) -> None:
    march = datetime(2026, 3, 2, 12, tzinfo=UTC)
    warnings = warnings_of(f"schedules:\n  primary: {schedule}\n", tmp_path, march)
    assert not [text for text in warnings if "never" in text or "begins" in text]


def test_a_method_that_cannot_reach_a_person_is_a_warning(tmp_path: Path) -> None:
    text = (
        "contacts:\n  cto: {slack: U0CTO}\n"
        'severities: {sev1: {ladder: [{after: 0m, notify: ["contact:cto"], by: [slack, sms]}]}}\n'
    )
    assert ("policy.yml:3: severities.sev1.ladder[1]: sms will not reach cto, who has no phone here.") in warnings_of(
        text, tmp_path
    )


def test_a_required_role_without_reminders_is_a_warning(tmp_path: Path) -> None:
    text = "roles:\n  dba: {title: Database administrator, required_for: [sev1]}\n"
    assert (
        "policy.yml:2: roles.dba.required_for: nobody is reminded of this role at sev1. "
        "Add dba to severities.sev1.roles."
    ) in warnings_of(text, tmp_path)


@pytest.mark.parametrize("name", policy.PRESETS)
def test_a_kept_document_survives_any_order_of_its_keys(name: str) -> None:
    loaded = policy.read(None, name)
    kept = policy.from_document(json.loads(json.dumps(loaded.document, sort_keys=True)))
    assert [level.key for level in kept.severities] == [level.key for level in loaded.policy.severities]
    assert [role.key for role in kept.roles] == [role.key for role in loaded.policy.roles]
    assert kept.digest == loaded.policy.digest
