"""Reads and fills the fields of a form in the sandbox, and checks them before submission as Slack's client does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.blocks import elements_of, flat
from sandbox.errors import NotVisible
from sandbox.model import Json, View
from sandbox.state import State

VALUE_FIELD = {
    "plain_text_input": "value", "email_text_input": "value", "url_text_input": "value", "number_input": "value",
    "rich_text_input": "rich_text_value", "static_select": "selected_option", "external_select": "selected_option",
    "users_select": "selected_user", "conversations_select": "selected_conversation",
    "channels_select": "selected_channel", "multi_static_select": "selected_options",
    "multi_external_select": "selected_options", "multi_users_select": "selected_users",
    "multi_conversations_select": "selected_conversations", "multi_channels_select": "selected_channels",
    "radio_buttons": "selected_option", "checkboxes": "selected_options", "datepicker": "selected_date",
    "timepicker": "selected_time", "datetimepicker": "selected_date_time", "file_input": "files",
}  # fmt: skip
INITIAL = {
    "value": "initial_value", "rich_text_value": "initial_value", "selected_option": "initial_option",
    "selected_options": "initial_options", "selected_user": "initial_user", "selected_users": "initial_users",
    "selected_conversation": "initial_conversation", "selected_conversations": "initial_conversations",
    "selected_channel": "initial_channel", "selected_channels": "initial_channels", "selected_date": "initial_date",
    "selected_time": "initial_time", "selected_date_time": "initial_date_time",
}  # fmt: skip
REQUIRED = "Please complete this required field."


@dataclass(frozen=True)
class Field:
    """An interactive element together with its block."""

    block: Json
    element: Json

    @property
    def label(self) -> str:
        """The text that a person reads beside the field."""
        for text in (self.block.get("label"), self.element.get("text"), self.element.get("placeholder")):
            if text:
                return str(text["text"])
        return str((self.block.get("text") or {}).get("text", ""))

    @property
    def kind(self) -> str:
        """The element's type."""
        return str(self.element["type"])

    @property
    def block_id(self) -> str:
        """The ID of its block."""
        return str(self.block["block_id"])

    @property
    def action_id(self) -> str:
        """The element's action ID."""
        return str(self.element["action_id"])

    @property
    def dispatches(self) -> bool:
        """Whether a change is sent to the app at once."""
        return self.block["type"] != "input" or bool(self.block.get("dispatch_action"))


def fields(blocks: list[Json]) -> Iterator[Field]:
    """Iterate over the elements that hold values."""
    for block in flat(blocks):
        for element in elements_of(block):
            if element["type"] in VALUE_FIELD:
                yield Field(block, element)


def actionable(blocks: list[Json]) -> Iterator[Field]:
    """Iterate over all interactive elements, buttons included."""
    for block in flat(blocks):
        for element in elements_of(block):
            yield Field(block, element)


def initial(element: Json) -> Json:
    """Return an element's initial value."""
    name = VALUE_FIELD[element["type"]]
    value = element.get(INITIAL.get(name, ""))
    if value is None and name.endswith("s") and name != "value":
        value = []
    return {"type": element["type"], name: value}


def initial_values(blocks: list[Json], kept: dict[str, dict[str, Json]] | None = None) -> dict[str, dict[str, Json]]:
    """Return the values of new blocks by block and action ID; `kept` values stay if the element's type is the same."""
    values: dict[str, dict[str, Json]] = {}
    for field in fields(blocks):
        before = (kept or {}).get(field.block_id, {}).get(field.action_id)
        is_same_kind = before is not None and before["type"] == field.kind
        value = before if is_same_kind and before is not None else initial(field.element)
        values.setdefault(field.block_id, {})[field.action_id] = value
    return values


def find(blocks: list[Json], name: str) -> Field:
    """Find an element by its label or text, its action_id or its block_id. Raises `NotVisible`.

    `block_id/action_id` names one of several that share an action_id.
    """
    elements = list(actionable(blocks))
    searched = name.strip().casefold()
    labels = [field.label.strip().strip(":*_ ").casefold() for field in elements]
    for matching in (
        [field for field in elements if name == f"{field.block_id}/{field.action_id}"],
        [field for field in elements if name in (field.action_id, field.block_id)],
        [field for field, label in zip(elements, labels, strict=True) if label == searched],
        [field for field, label in zip(elements, labels, strict=True) if label.startswith(searched)],
    ):
        if matching:
            return matching[0]
    raise NotVisible(f"there is no element {name!r}; the elements are: {[field.label for field in elements]}")


def choices(element: Json) -> list[Json]:
    """Return the options of a static select, those of its groups included."""
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(option for group in groups for option in group["options"])]


def find_option(element: Json, name: Any) -> Json:
    """Find an option by its value or label; an option itself is returned as it is. Raises `NotVisible`."""
    if isinstance(name, dict):
        return name
    options = choices(element)
    searched = str(name).strip().casefold()
    labels = [option["text"]["text"].strip().casefold() for option in options]
    for matching in (
        [option for option in options if option.get("value") == name],
        [option for option, label in zip(options, labels, strict=True) if label == searched],
        [option for option, label in zip(options, labels, strict=True) if label.startswith(searched)],
    ):
        if matching:
            return dict(matching[0])
    raise NotVisible(f"there is no option {name!r}; the options are: {[o['text']['text'] for o in options]}")


def value_of(state: State, element: Json, entered: Any) -> Json:
    """Return an element's value for an entry: text, option labels, names of people or channels, dates.

    Raises `NotVisible` for an unknown option, user or channel.
    """
    kind = element["type"]
    name = VALUE_FIELD[kind]
    if name == "selected_option":
        chosen: Any = None if entered is None else find_option(element, entered)
    elif name == "selected_options":
        chosen = [find_option(element, name) for name in _as_list(entered)]
    elif name in ("selected_users", "selected_channels", "selected_conversations"):
        chosen = [_id_of(state, name, user_or_channel) for user_or_channel in _as_list(entered)]
    elif name in ("selected_user", "selected_channel", "selected_conversation"):
        chosen = None if entered is None else _id_of(state, name, entered)
    elif name == "selected_date_time":
        chosen = None if entered is None else int(entered)
    elif kind == "rich_text_input" and isinstance(entered, str):
        section = {"type": "rich_text_section", "elements": [{"type": "text", "text": entered}]}
        chosen = {"type": "rich_text", "elements": [section]}
    elif name == "files":
        chosen = [{"id": file} if isinstance(file, str) else file for file in _as_list(entered)]
    else:
        chosen = None if entered is None or entered == "" else str(entered)
    return {"type": kind, name: chosen}


def _as_list(entered: Any) -> list[Any]:
    if entered is None:
        return []
    return list(entered) if isinstance(entered, list | tuple | set) else [entered]


def _id_of(state: State, field: str, name: str) -> str:
    """Return the ID of a user or channel by name, whichever the value field takes."""
    user = None if field.startswith("selected_channel") else state.user_named(name)
    channel = None if field.startswith("selected_user") else state.channel_named(name)
    if channel is not None:
        return channel.id
    if user is not None:
        return user.id
    raise NotVisible(f"no user or channel is called {name!r}")


def client_errors(view: View) -> dict[str, str]:
    """Return the errors that Slack's client shows instead of submitting, by block_id."""
    errors = {}
    for field in fields(view.body["blocks"]):
        if field.block["type"] != "input":
            continue
        value = view.values[field.block_id][field.action_id][VALUE_FIELD[field.kind]]
        if problem := _problem(field, value):
            errors[field.block_id] = problem
    return errors


def _problem(field: Field, value: Any) -> str | None:
    if value in (None, "", []) or (isinstance(value, str) and not value.strip()):
        return None if field.block.get("optional") else REQUIRED
    element = field.element
    if field.kind == "plain_text_input":
        if len(value) < element.get("min_length", 0):
            return f"Please enter at least {element['min_length']} characters."
        if len(value) > element.get("max_length", 3000):
            return f"Please enter no more than {element.get('max_length', 3000)} characters."
    if field.kind == "number_input":
        return _number_problem(element, value)
    if field.kind == "email_text_input" and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", value):
        return "Please enter a valid email address."
    if field.kind == "url_text_input" and not re.match(r"[a-z][a-z0-9+.-]*://\S+$", value):
        return "Please enter a valid URL."
    most = element.get("max_selected_items")
    if most and len(value) > most:
        return f"Please select no more than {most} items."
    return None


def _number_problem(element: Json, value: str) -> str | None:
    try:
        number = float(value) if element.get("is_decimal_allowed") else int(value)
    except ValueError:
        return "Please enter a valid number."
    if "min_value" in element and number < float(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and number > float(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return None
