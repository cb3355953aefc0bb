"""Builds and reads the form **Declare incident**.

Its blocks are `title`, `severity`, `description`, `services`, `category` and `private`. If the policy has rules that
suggest a severity, `users`, `error_rate`, `latency`, `marks` and `metrics` ask for facts, and `suggestion` shows the
result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.domain.incident import TITLE_LENGTH, Answer, metric_input
from bot.domain.incident.classification import FIGURES, FLAGS, Suggestion, facts_in_use, suggest
from bot.domain.policy.policy import Fact, Policy
from bot.slack.blocks import choices, elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.modals.custom_fields import answers_of, custom_field_inputs
from bot.slack.blocks.modals.services import chosen_services, services_input
from bot.slack.blocks.modals.severity import severity_select
from bot.slack.blocks.phrases import severity_plain
from bot.slack.text import clip, length, plain, render, title_of

CALLBACK = "declare"
SUGGESTION = "suggestion"
INVITED = (
    "Tocsin invites you, the people whom the severity's ladder pages, rung by rung, and everybody who is given a role, "
    "paged by hand or invited. If the severity asks for a briefing, executives learn its ID alone."
)
METRICS = "metrics"
LABELS = {
    "users": "Users affected (%)",
    "error_rate": "Error rate (%)",
    "latency": "Latency (× normal)",
    "core": "Core functionality",
    "security": "Security",
    "data_loss": "Data may be lost",
    "public_relations": "It may become public",
}


@dataclass(frozen=True, slots=True)
class DeclareValues:
    """The submitted form."""

    title: str
    severity: str
    description: str = ""
    services: tuple[str, ...] = ()
    category: str | None = None
    private: bool = False
    facts: dict[str, Fact] = field(default_factory=dict)
    custom: dict[str, Answer] = field(default_factory=dict)
    channel: str | None = None  # where the form was opened
    group: int | None = None  # number of the group of alerts that it was opened for
    source: dict[str, str] | None = None  # the message that it was opened from, as given to `declare_modal`


@dataclass(frozen=True, slots=True)
class FormOrigin:
    """The place where the form was opened, and its purpose."""

    channel: str | None = None
    source: dict[str, str] | None = None  # a message's `channel`, `ts`, `author` and `link`
    group: int | None = None  # number of a group of alerts
    services: tuple[str, ...] = ()  # keys of the group's services
    category: str | None = None  # key of the group's category


def declare_modal(
    policy: Policy,
    *,
    title: str = "",
    severity: str | None = None,
    description: str = "",
    private: bool = False,
    origin: FormOrigin = FormOrigin(),
) -> Block:
    """The form with these values filled in.

    Severity is required and, unless given, not preselected: the ladder pages by it at once, so a person must choose it.
    Half-awake people would submit a default.
    """
    if length(title) > TITLE_LENGTH:
        description = f"{title}\n\n{description}".strip()
        title = clip(title, TITLE_LENGTH)
    return elements.modal(
        CALLBACK,
        "Declare incident",
        "Declare",
        [
            elements.input_block(
                "title",
                "Title",
                elements.text_input(title, longest=TITLE_LENGTH, placeholder="Checkout is down"),
                hint="What people notice. The channel is named after it.",
            ),
            elements.input_block(
                "severity", "Severity", severity_select(policy, severity), hint="Not sure? Take the worse one."
            ),
            *([suggestion_block(None, policy)] if facts_in_use(policy) or metric_input.metric_names(policy) else []),
            elements.input_block(
                "description", "What is happening?", elements.text_input(description, multiline=True), optional=True
            ),
            services_input(policy, origin.services),
            *_category(policy, origin.category),
            elements.input_block("private", "Private", _private(ticked=private), optional=True, hint=INVITED),
            *custom_field_inputs(policy),
            *_facts(policy),
        ],
        inputs.metadata(
            channel=origin.channel,
            source=origin.source,
            **({"group": origin.group} if origin.group is not None else {}),
        ),
    )


def suggestion_block(suggestion: Suggestion | None, policy: Policy, unknown: Sequence[str] = ()) -> Block:
    """The severity that the rules suggest; the person decides. `unknown` are metrics that no rule uses."""
    text = "Fill in the impact below, and I'll suggest one."
    if suggestion is not None:
        reasons = clip("; ".join(render(reason) for reason in suggestion.reasons), 1000)
        text = f":bulb: Suggested: *{render(severity_plain(policy.severity(suggestion.severity)))}* — {reasons}"
    if unknown:
        text += f"\nNo rule uses {clip(', '.join(render(plain(name)) for name in unknown), 200)}."
    return {**elements.context(text), "block_id": SUGGESTION}


def with_suggestion(view: View, policy: Policy) -> Block | None:
    """The same form with the severity that its facts suggest. None if the form has no suggestion block.

    What was typed stays, because Slack keeps the state of inputs whose IDs do not change.
    """
    blocks = list(view.get("blocks") or ())
    index = next((i for i, block in enumerate(blocks) if block.get("block_id") == SUGGESTION), None)
    if index is None:
        return None
    unknown = metric_input.parse(inputs.text(view, METRICS), policy).unknown
    blocks[index] = suggestion_block(suggest(facts_of(view, policy), policy), policy, unknown)
    properties = {name: view[name] for name in ("type", "callback_id", "title", "submit", "close", "private_metadata")}
    return {**properties, "blocks": blocks}


def facts_of(view: View, policy: Policy) -> dict[str, Fact]:
    """The facts of the impact as entered; text that is not a number is ignored."""
    facts: dict[str, Fact] = dict(metric_input.parse(inputs.text(view, METRICS), policy).facts)
    for name in FIGURES:
        figure = _figure(inputs.text(view, name))
        if figure is not None:
            facts[name] = figure
    return {**facts, **{name: True for name in inputs.several(view, "marks") if name in FLAGS}}


def values_of_declare(view: View, policy: Policy) -> DeclareValues:
    """Read the form. Raises `InputErrors`, which keeps the form open with what was typed."""
    context = inputs.metadata_of(view)
    title, severity = title_of(inputs.text(view, "title")), inputs.chosen_value(view, "severity")
    errors = {}
    if not title:
        errors["title"] = "Say in a few words what is wrong, such as “Checkout is down”."
    if severity is None:
        errors["severity"] = f"Choose how bad it is, such as {policy.severities[0].key}."
    elif not policy.has_severity(severity):
        errors["severity"] = f"{severity} is no longer in the policy. Choose another."
    if errors or severity is None:
        raise InputErrors(errors)
    custom = {key: value for key, value in answers_of(view, policy, severity).items() if value is not None}
    return DeclareValues(
        title=title,
        severity=severity,
        description=inputs.text(view, "description"),
        services=chosen_services(view, policy),
        category=inputs.chosen_value(view, "category"),
        private="private" in inputs.several(view, "private"),
        facts=facts_of(view, policy),
        custom=custom,
        channel=context.get("channel"),
        source=context.get("source"),
        group=context["group"] if isinstance(context.get("group"), int) else None,
    )


def _facts(policy: Policy) -> list[Block]:
    """Inputs for the facts that the policy's rules use; each change updates the suggestion."""
    names = facts_in_use(policy)
    blocks = [
        _dispatching(elements.input_block(name, LABELS[name], _number(name), optional=True))
        for name in names
        if name in FIGURES
    ]
    options = [elements.option(LABELS[name], name) for name in names if name in FLAGS]
    if options:
        boxes = {"type": "checkboxes", "options": options}
        blocks.append(_dispatching(elements.input_block("marks", "Does it touch …", boxes, optional=True)))
    if metrics := metric_input.metric_names(policy):
        blocks.append(_dispatching(_metrics(metrics)))
    return blocks


def _metrics(names: Sequence[str]) -> Block:
    """One line for all metrics: nobody fills in a form with a dozen figures at night."""
    element: Block = {
        **elements.text_input(longest=1000, placeholder=f"{names[0].replace('_', ' ')} 12"),
        "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]},
    }
    readable = ", ".join(name.replace("_", " ") for name in names)
    hint = clip(f"Values from your dashboards, such as “{names[0].replace('_', ' ')} 12”. Known: {readable}", 1500)
    return elements.input_block(METRICS, "Metrics", element, optional=True, hint=hint)


def _number(name: str) -> Block:
    element: Block = {
        "type": "number_input",
        "is_decimal_allowed": True,
        "min_value": "0",
        "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]},
    }
    return element if name == "latency" else {**element, "max_value": "100"}


def _dispatching(block: Block) -> Block:
    return {**block, "dispatch_action": True}


def _figure(text: str) -> float | None:
    try:
        figure = float(text)
    except ValueError:
        return None
    return figure if math.isfinite(figure) and figure >= 0 else None


def _category(policy: Policy, chosen: str | None) -> list[Block]:
    if not choices.LISTS["category"](policy):
        return []
    return [elements.input_block("category", "Category", choices.select("category", policy, chosen), optional=True)]


def _private(*, ticked: bool) -> Block:
    options = [elements.option("Only people who are invited see it, and it is not announced", "private")]
    return {"type": "checkboxes", "options": options, **({"initial_options": options} if ticked else {})}
