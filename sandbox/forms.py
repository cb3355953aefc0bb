"""What is filled in: the values of inputs, how a person sets them, what the client checks before it submits."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sandbox.blocks import elements_of
from sandbox.errors import NoSuchThing
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
    """One element that holds a value, with the block it stands in."""

    block: Json
    element: Json

    @property
    def label(self) -> str:
        """What a person reads beside it."""
        for words in (self.block.get("label"), self.element.get("text"), self.element.get("placeholder")):
            if words:
                return str(words["text"])
        return str((self.block.get("text") or {}).get("text", ""))

    @property
    def kind(self) -> str:
        """The element's type."""
        return str(self.element["type"])

    @property
    def block_id(self) -> str:
        """Its block."""
        return str(self.block["block_id"])

    @property
    def action_id(self) -> str:
        """Its own name."""
        return str(self.element["action_id"])

    @property
    def dispatches(self) -> bool:
        """Whether changing it tells the app at once."""
        return self.block["type"] != "input" or bool(self.block.get("dispatch_action"))


def fields(blocks: list[Json]) -> Iterator[Field]:
    """All elements that hold values."""
    for block in blocks:
        for element in elements_of(block):
            if element["type"] in VALUE_FIELD:
                yield Field(block, element)


def actionable(blocks: list[Json]) -> Iterator[Field]:
    """All elements, buttons included."""
    for block in blocks:
        for element in elements_of(block):
            yield Field(block, element)


def initial(element: Json) -> Json:
    """An element's value before anybody touched it."""
    name = VALUE_FIELD[element["type"]]
    value = element.get(INITIAL.get(name, ""))
    if value is None and name.endswith("s") and name != "value":
        value = []
    return {"type": element["type"], name: value}


def initial_values(blocks: list[Json], kept: dict[str, dict[str, Json]] | None = None) -> dict[str, dict[str, Json]]:
    """The state of fresh blocks; what was entered before stays where block, action and type are the same."""
    values: dict[str, dict[str, Json]] = {}
    for field in fields(blocks):
        before = (kept or {}).get(field.block_id, {}).get(field.action_id)
        same = before is not None and before["type"] == field.kind
        value = before if same and before is not None else initial(field.element)
        values.setdefault(field.block_id, {})[field.action_id] = value
    return values


def find(blocks: list[Json], name: str) -> Field:
    """The element a person means by its label, its text, its action_id or its block_id.

    `block_id/action_id` names one of several that share an action_id.
    """
    everything = list(actionable(blocks))
    wanted = name.strip().casefold()
    labels = [field.label.strip().strip(":*_ ").casefold() for field in everything]
    for matching in (
        [field for field in everything if name == f"{field.block_id}/{field.action_id}"],
        [field for field in everything if name in (field.action_id, field.block_id)],
        [field for field, label in zip(everything, labels, strict=True) if label == wanted],
        [field for field, label in zip(everything, labels, strict=True) if label.startswith(wanted)],
    ):
        if matching:
            return matching[0]
    raise NoSuchThing(f"nothing called {name!r} here; there is: {[field.label for field in everything]}")


def choices(element: Json) -> list[Json]:
    """The options of a static element."""
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(option for group in groups for option in group["options"])]


def option(element: Json, wanted: Any) -> Json:
    """An option by its value, its words or itself."""
    if isinstance(wanted, dict):
        return wanted
    everything = choices(element)
    text = str(wanted).strip().casefold()
    labels = [one["text"]["text"].strip().casefold() for one in everything]
    for matching in (
        [one for one in everything if one.get("value") == wanted],
        [one for one, label in zip(everything, labels, strict=True) if label == text],
        [one for one, label in zip(everything, labels, strict=True) if label.startswith(text)],
    ):
        if matching:
            return dict(matching[0])
    raise NoSuchThing(f"no option {wanted!r}; there is: {[o['text']['text'] for o in everything]}")


def value_of(state: State, element: Json, wanted: Any) -> Json:
    """An element's value from what a person enters: words, option labels, names of people or channels, dates."""
    kind = element["type"]
    name = VALUE_FIELD[kind]
    if name == "selected_option":
        chosen: Any = None if wanted is None else option(element, wanted)
    elif name == "selected_options":
        chosen = [option(element, one) for one in _several(wanted)]
    elif name in ("selected_users", "selected_channels", "selected_conversations"):
        chosen = [_named(state, name, one) for one in _several(wanted)]
    elif name in ("selected_user", "selected_channel", "selected_conversation"):
        chosen = None if wanted is None else _named(state, name, wanted)
    elif name == "selected_date_time":
        chosen = None if wanted is None else int(wanted)
    elif kind == "rich_text_input" and isinstance(wanted, str):
        section = {"type": "rich_text_section", "elements": [{"type": "text", "text": wanted}]}
        chosen = {"type": "rich_text", "elements": [section]}
    elif name == "files":
        chosen = [{"id": one} if isinstance(one, str) else one for one in _several(wanted)]
    else:
        chosen = None if wanted is None or wanted == "" else str(wanted)
    return {"type": kind, name: chosen}


def _several(wanted: Any) -> list[Any]:
    if wanted is None:
        return []
    return list(wanted) if isinstance(wanted, list | tuple | set) else [wanted]


def _named(state: State, name: str, wanted: str) -> str:
    user = state.user_named(wanted)
    channel = state.channel_named(wanted)
    if name.startswith("selected_user"):
        found = user.id if user else None
    elif name.startswith("selected_channel"):
        found = channel.id if channel else None
    else:
        found = channel.id if channel else user.id if user else None
    if found is None:
        raise NoSuchThing(f"nobody and nothing is called {wanted!r}")
    return found


def client_errors(view: View) -> dict[str, str]:
    """What Slack's own client finds missing or wrong before it submits, by block_id."""
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
