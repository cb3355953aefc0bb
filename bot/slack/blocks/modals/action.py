"""Builds and reads the forms about an action item: create or edit it, do it later, do not do it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from bot.domain.actions.item import TITLE_LENGTH, ActionItem, ActionKind, Category, NewAction, Priority
from bot.domain.incident import Incident
from bot.domain.values.slack_ids import is_user_id
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.text import plain, title_of

CREATE, EDIT, LATER, NOT_DOING = "action_create", "action_edit", "action_later", "action_not_doing"
PRIORITIES = {
    Priority.P0: "P0 · at once",
    Priority.P1: "P1 · this week",
    Priority.P2: "P2 · this month",
    Priority.P3: "P3 · when there is time",
}
KINDS = {
    ActionKind.PREVENT: "Prevents it",
    ActionKind.DETECT: "Finds it sooner",
    ActionKind.MITIGATE: "Makes it less bad",
}
DESCRIPTION_LENGTH = 2000
WEEK = timedelta(weeks=1)


@dataclass(frozen=True, slots=True)
class ActionValues:
    """The submitted form: the incident, the item's number if it was edited, and what the person wrote."""

    incident: int
    number: int | None
    new: NewAction


def create_modal(incident: Incident, source: Mapping[str, Any] | None = None, title: str = "") -> Block:
    """The form **Create action item**. `source` has the `ts` and `link` of the message that it is made from."""
    item = NewAction(title=title)
    return _modal(CREATE, "Create action item", "Create", item, inputs.metadata(incident=incident.id, source=source))


def edit_modal(item: ActionItem) -> Block:
    """The form **Edit action item**, filled in."""
    filled = NewAction(
        item.title, item.owner, item.priority, item.due, item.description, item.category, item.kind
    )  # fmt: skip
    metadata = inputs.metadata(incident=f"INC-{item.incident}", number=item.number)
    return _modal(EDIT, "Edit action item", "Save", filled, metadata)


def later_modal(item: ActionItem, today: date) -> Block:
    """The form **Later…**, which asks for another day, and suggests a week later."""
    suggested = max(item.due or today, today) + WEEK
    return elements.modal(
        LATER,
        f"{item.id}: later",
        "Save",
        [
            elements.section(f"*{item.id}* {plain(item.title)[:200]}"),
            elements.input_block("until", "New due date", _date(suggested)),
        ],
        inputs.metadata(incident=f"INC-{item.incident}", number=item.number),
    )


def not_doing_modal(item: ActionItem) -> Block:
    """The form **Not doing…**, which asks why."""
    return elements.modal(
        NOT_DOING,
        f"{item.id}: not doing",
        "Save",
        [
            elements.section(f"*{item.id}* {plain(item.title)[:200]}"),
            elements.input_block(
                "reason", "Why not?", elements.text_input(longest=500, placeholder="The service is retired in May")
            ),
        ],
        inputs.metadata(incident=f"INC-{item.incident}", number=item.number),
    )


def values_of_action(view: View) -> ActionValues:
    """Read the form. Raises `InputErrors` without a title."""
    title = title_of(inputs.text(view, "title"))
    if not title:
        raise InputErrors({"title": "Say in a few words what is to be done."})
    metadata = inputs.metadata_of(view)
    source = metadata.get("source") if isinstance(metadata.get("source"), dict) else {}
    category, kind = inputs.chosen_value(view, "category"), inputs.chosen_value(view, "kind")
    new = NewAction(
        title,
        owner=inputs.user(view, "owner"),
        priority=Priority(inputs.chosen_value(view, "priority") or Priority.P2),
        due=inputs.day(view, "due"),
        description=inputs.text(view, "description"),
        category=Category(category) if category else None,
        kind=ActionKind(kind) if kind else None,
        source_ts=str(source["ts"]) if source and source.get("ts") else None,
        link=str(source["link"]) if source and source.get("link") else None,
    )
    return ActionValues(inputs.incident_of(view), number_of(view), new)


def values_of_later(view: View) -> tuple[int, int, date]:
    """The incident, the item's number and the new day. Raises `InputErrors` without a day."""
    until = inputs.day(view, "until")
    if until is None:
        raise InputErrors({"until": "Choose a day."})
    return inputs.incident_of(view), number_of(view) or 0, until


def values_of_not_doing(view: View) -> tuple[int, int, str]:
    """The incident, the item's number and the reason. Raises `InputErrors` without a reason."""
    reason = inputs.text(view, "reason")
    if not reason:
        raise InputErrors({"reason": "Say why in a few words."})
    return inputs.incident_of(view), number_of(view) or 0, reason


def number_of(view: View) -> int | None:
    """The number of the item that the form is about; None for a new one."""
    number = inputs.metadata_of(view).get("number")
    return number if isinstance(number, int) else None


def _modal(callback: str, title: str, submit: str, item: NewAction, metadata: str) -> Block:
    owner: Block = {"type": "users_select", "placeholder": elements.plain_text("Who does it?", elements.PLACEHOLDER)}
    if is_user_id(item.owner or ""):
        owner["initial_user"] = item.owner
    priorities = [elements.option(label, str(priority)) for priority, label in PRIORITIES.items()]
    categories = [elements.option(str(category).capitalize(), str(category)) for category in Category]
    kinds = [elements.option(label, str(kind)) for kind, label in KINDS.items()]
    return elements.modal(
        callback,
        title,
        submit,
        [
            elements.input_block(
                "title", "Title",
                elements.text_input(item.title, longest=TITLE_LENGTH, placeholder="Alert when the pool is 80 % used"),
            ),
            elements.input_block("owner", "Owner", owner, optional=True),
            elements.input_block("due", "Due", _date(item.due), optional=True),
            elements.input_block("priority", "Priority", elements.select(priorities, str(item.priority))),
            elements.input_block(
                "kind", "How it helps next time",
                elements.select(kinds, str(item.kind) if item.kind else None), optional=True,
            ),
            elements.input_block(
                "category", "Category",
                elements.select(categories, str(item.category) if item.category else None), optional=True,
            ),
            elements.input_block(
                "description", "Description",
                elements.text_input(item.description, multiline=True, longest=DESCRIPTION_LENGTH), optional=True,
            ),
        ],
        metadata,
    )  # fmt: skip


def _date(initial: date | None) -> Block:
    element: Block = {"type": "datepicker", "placeholder": elements.plain_text("Choose a day", elements.PLACEHOLDER)}
    if initial is not None:
        element["initial_date"] = initial.isoformat()
    return element
