"""The organisation's own questions as inputs. Each is the block `field_KEY`, in the declare form and in its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.incident import Answer, Incident, custom_fields
from bot.domain.policy.policy import CustomField, Policy
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.text import clip, plain, render

CALLBACK = "fields"
MOST = 40  # a form has room for a hundred blocks
LONGEST = 1000


@dataclass(frozen=True, slots=True)
class Values:
    incident: int
    answers: dict[str, Answer | None]


def blocks(policy: Policy, severity: str | None = None, answers: Mapping[str, Answer] | None = None) -> list[Block]:
    """In the declare form the severity is not chosen yet, so what only some ask for is not demanded there by Slack."""
    return [
        _input(one, severity, (answers or {}).get(one.key)) for one in custom_fields.fields_for(policy, severity)[:MOST]
    ]


def modal(incident: Incident, policy: Policy) -> Block:
    """Answer, or answer otherwise, later."""
    return elements.modal(
        CALLBACK, "Details", "Save", blocks(policy, incident.severity, incident.custom),
        inputs.metadata(incident=incident.id),
    )  # fmt: skip


def values_of(view: View, policy: Policy, severity: str | None) -> dict[str, Answer | None]:
    """Every question that stood in the form. Raises `InputErrors` where one that is required was left empty."""
    there = {str(block.get("block_id")) for block in view.get("blocks") or ()}
    found: dict[str, Answer | None] = {}
    errors: dict[str, str] = {}
    for one in custom_fields.fields_for(policy, severity):
        if _block(one) not in there:
            continue
        found[one.key] = _value(view, one)
        if found[one.key] is None and one.required:
            errors[_block(one)] = f"{severity} asks for this." if one.severities else "An answer is needed here."
    if errors:
        raise InputErrors(errors)
    return found


def values_of_modal(view: View, policy: Policy, severity: str) -> Values:
    return Values(inputs.incident_of(view), values_of(view, policy, severity))


def shown(incident: Incident, policy: Policy) -> list[tuple[str, str]]:
    """For the card and `show`: the answers, as mrkdwn."""
    by_key = {one.key: one for one in policy.fields}
    return [
        (render(plain(by_key[key].label)), clip(render(custom_fields.answer_text(value, by_key[key])), 300))
        for key, value in incident.custom.items()
        if key in by_key
    ]


def missing(incident: Incident, policy: Policy, command: str = "/incident") -> Block | None:
    """What is asked for still: said, not demanded."""
    labels = [render(plain(one.label)) for one in custom_fields.missing_required(incident, policy)]
    if not labels or not incident.open:
        return None
    return elements.context(
        f":grey_question: Not answered yet: {elements.join_comma(labels)}. In a quiet moment: `{command} fields`"
    )


def _block(custom: CustomField) -> str:
    return f"field_{custom.key}"


def _input(custom: CustomField, severity: str | None, given: Answer | None) -> Block:
    hint = custom.hint
    if custom.severities and severity is None:
        hint = f"{hint} ({', '.join(custom.severities)})".strip()
    demanded = custom.required and (severity is not None or not custom.severities)
    return elements.input_block(_block(custom), custom.label, _element(custom, given), optional=not demanded, hint=hint)


def _element(custom: CustomField, given: Answer | None) -> Block:
    match custom.kind:
        case "select":
            return elements.select(
                [elements.option(one, one) for one in elements.usable(custom.options)], str(given or "")
            )
        case "number":
            element: Block = {"type": "number_input", "is_decimal_allowed": True}
            return {**element, "initial_value": f"{given:g}"} if isinstance(given, float) else element
        case "user":
            element = {
                "type": "users_select",
                "placeholder": elements.plain_text("Choose somebody", elements.PLACEHOLDER),
            }
            return {**element, "initial_user": given} if given else element
        case "checkbox":
            yes = elements.option("Yes", "yes")
            return {"type": "checkboxes", "options": [yes]} | ({"initial_options": [yes]} if given is True else {})
    return elements.text_input(str(given or ""), longest=LONGEST)


def _value(view: View, custom: CustomField) -> Answer | None:
    name = _block(custom)
    match custom.kind:
        case "select":
            return inputs.chosen(view, name)
        case "number":
            return _number(inputs.text(view, name))
        case "user":
            return inputs.user(view, name)
        case "checkbox":
            return "yes" in inputs.several(view, name) or None
    return inputs.text(view, name).strip() or None


def _number(text: str) -> float | None:
    try:
        found = float(text)
    except ValueError:
        return None
    return found if abs(found) < 1e15 else None
