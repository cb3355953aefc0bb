"""Builds and reads the form **Details**, which asks the organisation's own questions (custom fields).

The form to declare an incident contains the same inputs. The block of a field is `field_KEY`, with the key that the
policy gives it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.incident import Answer, Incident, custom_fields
from bot.domain.policy.policy import CustomField, Policy
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View

CALLBACK = "fields"
MAX_FIELDS = 40  # a form has room for a hundred blocks
TEXT_LENGTH = 1000
LARGEST_NUMBER = 1e15  # beyond it floating-point numbers are not exact


@dataclass(frozen=True, slots=True)
class CustomFieldsValues:
    """The submitted form. An answer is None where the field was left empty."""

    incident: int
    answers: dict[str, Answer | None]


def custom_fields_modal(incident: Incident, policy: Policy) -> Block:
    """The form, in which people give or change the answers after the declaration."""
    return elements.modal(
        CALLBACK, "Details", "Save", custom_field_inputs(policy, incident.severity, incident.custom),
        inputs.metadata(incident=incident.id),
    )  # fmt: skip


def values_of_custom_fields(view: View, policy: Policy, severity: str) -> CustomFieldsValues:
    """Read the form of the custom fields. Raises `InputErrors`."""
    return CustomFieldsValues(inputs.incident_of(view), answers_of(view, policy, severity))


def custom_field_inputs(
    policy: Policy, severity: str | None = None, answers: Mapping[str, Answer] | None = None
) -> list[Block]:
    """The inputs. Without a severity, as in the declare form, fields that only some severities require are optional."""
    return [
        _input(custom, severity, (answers or {}).get(custom.key))
        for custom in custom_fields.fields_for(policy, severity)[:MAX_FIELDS]
    ]


def answers_of(view: View, policy: Policy, severity: str | None) -> dict[str, Answer | None]:
    """The answers of the fields that were in the form. Raises `InputErrors` for an empty required field."""
    block_ids = {str(block.get("block_id")) for block in view.get("blocks") or ()}
    answers: dict[str, Answer | None] = {}
    errors: dict[str, str] = {}
    for custom in custom_fields.fields_for(policy, severity):
        if _block(custom) not in block_ids:
            continue
        answers[custom.key] = _value(view, custom)
        if answers[custom.key] is None and custom.required:
            errors[_block(custom)] = f"{severity} requires this." if custom.severities else "This is required."
    if errors:
        raise InputErrors(errors)
    return answers


def _block(custom: CustomField) -> str:
    return f"field_{custom.key}"


def _input(custom: CustomField, severity: str | None, answer: Answer | None) -> Block:
    hint = custom.hint
    if custom.severities and severity is None:
        hint = f"{hint} ({', '.join(custom.severities)})".strip()
    required = custom.required and (severity is not None or not custom.severities)
    return elements.input_block(
        _block(custom), custom.label, _element(custom, answer), optional=not required, hint=hint
    )


def _element(custom: CustomField, answer: Answer | None) -> Block:
    match custom.kind:
        case "select":
            return elements.select(
                [elements.option(value, value) for value in elements.usable(custom.options)], str(answer or "")
            )
        case "number":
            element: Block = {"type": "number_input", "is_decimal_allowed": True}
            return {**element, "initial_value": f"{answer:g}"} if isinstance(answer, float) else element
        case "user":
            element = {
                "type": "users_select",
                "placeholder": elements.plain_text("Choose a person", elements.PLACEHOLDER),
            }
            return {**element, "initial_user": answer} if answer else element
        case "checkbox":
            yes = elements.option("Yes", "yes")
            return {"type": "checkboxes", "options": [yes]} | ({"initial_options": [yes]} if answer is True else {})
    return elements.text_input(str(answer or ""), longest=TEXT_LENGTH)


def _value(view: View, custom: CustomField) -> Answer | None:
    name = _block(custom)
    match custom.kind:
        case "select":
            return inputs.chosen_value(view, name)
        case "number":
            return _number(inputs.text(view, name))
        case "user":
            return inputs.user(view, name)
        case "checkbox":
            return "yes" in inputs.several(view, name) or None
    return inputs.text(view, name).strip() or None


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if abs(number) < LARGEST_NUMBER else None
