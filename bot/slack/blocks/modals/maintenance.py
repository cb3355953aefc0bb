"""Builds and reads the form **Plan maintenance**, and lists the planned maintenance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.domain.policy.status_page_rules import StatusPageRules
from bot.domain.statuspage.maintenance import NewMaintenance
from bot.domain.statuspage.publication import TITLE_LENGTH, Publication
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block, Message
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.text import plain, render

CALLBACK = "maintenance"
MESSAGE_LENGTH = 3000
MOST_LISTED = 20
_FIRST, _SPAN = timedelta(days=1), timedelta(hours=1)
_AUTOMATIC, _REMIND, _SILENCE = "automatic", "remind", "silence"
_OPTIONS = {
    _AUTOMATIC: "Begin and end by itself",
    _REMIND: "Remind subscribers an hour before",
    _SILENCE: "Silence the alerts of these components' services while it lasts",
}


def maintenance_modal(rules: StatusPageRules, planned: Sequence[Publication], now: datetime) -> Block:
    """The form below the planned maintenance: `title`, `components`, `starts`, `ends`, `message`, `options`."""
    starts = (now + _FIRST).replace(minute=0, second=0, microsecond=0)
    components = [
        elements.option(component.name, component.key)
        for component in rules.components
        if elements.usable([component.key])
    ]
    select: Block = {
        "type": "multi_static_select", "options": components[: elements.OPTIONS],
        "placeholder": elements.plain_text("Choose any", 150),
    }  # fmt: skip
    options = [elements.option(label, value) for value, label in _OPTIONS.items()]
    boxes: Block = {"type": "checkboxes", "options": options, "initial_options": options[:2]}
    return elements.modal(
        CALLBACK,
        "Plan maintenance",
        "Publish",
        [
            *([elements.section(_planned_lines(planned))] if planned else []),
            elements.input_block(
                "title", "Title", elements.text_input(longest=TITLE_LENGTH, placeholder="Database maintenance")
            ),
            elements.input_block("components", "Affected components", select),
            elements.input_block("starts", "From", _picker(starts)),
            elements.input_block("ends", "Until", _picker(starts + _SPAN)),
            elements.input_block(
                "message", "Message", elements.text_input(multiline=True, longest=MESSAGE_LENGTH),
                hint="What customers notice, in their words.",
            ),
            elements.input_block("options", "Options", boxes, optional=True),
        ],
    )  # fmt: skip


def values_of_maintenance(view: View, now: datetime) -> NewMaintenance:
    """Read the form. Raises `InputErrors` for missing values and impossible times."""
    title, message = inputs.text(view, "title").strip(), inputs.text(view, "message").strip()
    components = inputs.several(view, "components")
    starts, ends = inputs.instant(view, "starts"), inputs.instant(view, "ends")
    errors = {}
    if not title:
        errors["title"] = "Write a title for customers, such as “Database maintenance”."
    if not message:
        errors["message"] = "Write what customers notice."
    if not components:
        errors["components"] = "Choose what it affects."
    if starts is None or ends is None or ends <= max(starts, now):
        errors["ends"] = "That is not after the start, or has passed. Choose a later time."
    if errors or starts is None or ends is None:
        raise InputErrors(errors)
    options = inputs.several(view, "options")
    return NewMaintenance(
        title, message, components, starts, ends, _AUTOMATIC in options, _REMIND in options, _SILENCE in options
    )


def planned_list(planned: Sequence[Publication]) -> Message:
    """The maintenance that is planned or under way."""
    if not planned:
        return elements.line("No maintenance is planned.")
    return elements.message("Maintenance", [elements.section(_planned_lines(planned))])


def schedule_confirmation(publication: Publication) -> Message:
    """The answer to the person who scheduled it."""
    return elements.message("Maintenance is on the status page", [elements.section(_planned_lines([publication]))])


def _planned_lines(planned: Sequence[Publication]) -> str:
    lines = []
    for publication in planned[:MOST_LISTED]:
        starts, ends = (
            publication.scheduled_for or publication.started_at,
            publication.scheduled_until or publication.started_at,
        )
        when = f"{elements.moment(starts)} – {elements.moment(ends)}"
        lines.append(f"• *{render(plain(publication.title))}* · {publication.status.label.lower()} · {when}")
    return "\n".join(["*Maintenance on the status page*", *lines])


def _picker(at: datetime) -> Block:
    return {"type": "datetimepicker", "initial_date_time": int(at.timestamp()) // 60 * 60}
