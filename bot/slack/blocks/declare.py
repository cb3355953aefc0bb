"""The modal **Declare incident**. Blocks: `title`, `severity`, `description`, `services`, `category`, `private`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.incident import TITLE_LENGTH
from bot.domain.policy import Policy
from bot.slack.blocks import inputs, kit
from bot.slack.blocks.card import category_name
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.kit import Block
from bot.slack.blocks.phrases import severity_plain
from bot.slack.text import clip, length, title_of

CALLBACK = "declare"


@dataclass(frozen=True, slots=True)
class DeclareValues:
    """`channel` is where the form was asked for, `source` what it was made from: both as given to `declare_modal`."""

    title: str
    severity: str
    description: str = ""
    services: tuple[str, ...] = ()
    category: str | None = None
    private: bool = False
    channel: str | None = None
    source: dict[str, str] | None = None


def declare_modal(
    policy: Policy,
    *,
    title: str = "",
    severity: str | None = None,
    description: str = "",
    channel: str | None = None,
    source: dict[str, str] | None = None,
) -> Block:
    """The form, filled with what is known. `source` is a message's `channel`, `ts`, `author`, `link`.

    Severity is required and, unless given, not preselected: the ladder pages by it at once, so the level must be
    somebody's choice; a default would be what half-awake people send.
    """
    if length(title) > TITLE_LENGTH:
        description = f"{title}\n\n{description}".strip()
        title = clip(title, TITLE_LENGTH)
    return {
        "type": "modal",
        "callback_id": CALLBACK,
        "title": kit.words("Declare incident", kit.MODAL_TITLE),
        "submit": kit.words("Declare", kit.MODAL_TITLE),
        "close": kit.words("Cancel", kit.MODAL_TITLE),
        "private_metadata": inputs.metadata(channel=channel, source=source),
        "blocks": [
            kit.asked(
                "title",
                "Title",
                kit.text_input(title, longest=TITLE_LENGTH, placeholder="Checkout is down"),
                hint="What people notice. The channel is named after it.",
            ),
            kit.asked("severity", "Severity", severity_select(policy, severity), hint="Not sure? Take the worse one."),
            kit.asked("description", "What is happening?", kit.text_input(description, multiline=True), optional=True),
            _services(policy),
            *_category(policy),
            kit.asked("private", "Private", _private(), optional=True),
        ],
    }


def severity_select(policy: Policy, chosen: str | None = None) -> Block:
    """Each level with its one-line meaning."""
    keys = kit.usable(level.key for level in policy.severities)
    options = [
        kit.option(severity_plain(level), level.key, level.description or level.user_impact)
        for level in policy.severities
        if level.key in keys
    ]
    return kit.select(options, chosen, "How bad is it?")


def values_of_declare(view: View, policy: Policy) -> DeclareValues:
    """Raises `InputErrors`, which keeps the form open with what was typed."""
    known = inputs.metadata_of(view)
    title, severity = title_of(inputs.text(view, "title")), inputs.chosen(view, "severity")
    errors = {}
    if not title:
        errors["title"] = "Say in a few words what is wrong, such as “Checkout is down”."
    if severity is None:
        errors["severity"] = f"Choose how bad it is, such as {policy.severities[0].key}."
    elif not policy.has_severity(severity):
        errors["severity"] = f"{severity} is no longer in the policy. Choose another."
    if errors or severity is None:
        raise InputErrors(errors)
    return DeclareValues(
        title=title,
        severity=severity,
        description=inputs.text(view, "description"),
        services=_chosen_services(view, policy),
        category=inputs.chosen(view, "category"),
        private="private" in inputs.several(view, "private"),
        channel=known.get("channel"),
        source=known.get("source"),
    )


def _services(policy: Policy) -> Block:
    """From the catalogue; free text where there is none. A big catalogue is split into groups, as Slack asks."""
    label = "Affected services"
    options = [
        kit.option(service.name or key, key)
        for key, service in policy.services.items()
        if 0 < len(key) <= kit.OPTION_VALUE
    ]
    if not options:
        element = kit.text_input(longest=1000, placeholder="checkout, payments")
        return kit.asked("services", label, element, optional=True, hint="Separate several with commas.")
    chooser: Block = {"type": "multi_static_select", "placeholder": kit.words("Choose any", kit.PLACEHOLDER)}
    if len(options) <= kit.OPTIONS:
        chooser["options"] = options
    else:
        parts = [options[i : i + kit.OPTIONS] for i in range(0, len(options), kit.OPTIONS)][: kit.GROUPS]
        chooser["option_groups"] = [
            {
                "label": kit.words(f"{part[0]['text']['text'][:30]} to {part[-1]['text']['text'][:30]}", 75),
                "options": part,
            }
            for part in parts
        ]
    return kit.asked("services", label, chooser, optional=True)


def _chosen_services(view: View, policy: Policy) -> tuple[str, ...]:
    if policy.services:
        return inputs.several(view, "services")
    written = re.split(r"[,\n]", inputs.text(view, "services"))
    return tuple(dict.fromkeys(name for part in written if (name := title_of(part))))


def _category(policy: Policy) -> list[Block]:
    options = [kit.option(category_name(key, policy), key) for key in kit.usable(policy.categories)]
    return [kit.asked("category", "Category", kit.select(options), optional=True)] if options else []


def _private() -> Block:
    label = "Only people who are invited see it, and it is not announced"
    return {"type": "checkboxes", "options": [kit.option(label, "private")]}
