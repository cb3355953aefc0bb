"""Describes the fields of a form from the arguments of an operation, as the OpenAPI document describes them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from bot.domain.incident.status import CHOOSABLE, Status
from bot.domain.policy.policy import Policy
from bot.domain.statuspage.component_state import SEVERITY_ORDER
from bot.operations.actions import Day
from bot.operations.base import Arguments, Operation, SlackId
from bot.web.console.labels import HIDDEN, HINTS, label_of

SPANS = ("15m", "30m", "1h", "2h", "4h", "1d")
MOST_TICKS = 40  # a longer catalog is typed, with commas
_PERSON = TypeAdapter(SlackId).json_schema()["pattern"]
_DAY = TypeAdapter(Day).json_schema()["pattern"]
_LONG = 1000  # characters; a longer text gets several lines
_ONE_LINE = frozenset({"title", "subject"})

Choices = tuple[tuple[str, str], ...]  # value and label


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form. `kind` names how it is shown and read."""

    name: str
    label: str
    kind: str  # line, text, choice, several, states, yes, maybe, number, time, date, person, people, list, pairs
    required: bool = False
    choices: Choices = ()
    suggestions: tuple[str, ...] = ()
    hint: str = ""
    most: int | None = None  # characters
    default: str = ""  # chosen or ticked beforehand
    rows: int = 3  # of a text

    @property
    def states(self) -> Choices:
        """Of `states`: how each of the choices may be."""
        return tuple((str(state), state.label) for state in SEVERITY_ORDER)


def fields_of(operation: Operation, policy: Policy) -> tuple[Field, ...]:
    """The fields of the operation's form, in the order of its arguments."""
    schema = _schema(operation.arguments)
    required = set(schema.get("required", ()))
    return tuple(
        _field(operation, name, _resolve(value, schema), policy, name in required)
        for name, value in schema.get("properties", {}).items()
        if (operation.name, name) not in HIDDEN
    )


@functools.cache
def _schema(arguments: type[Arguments]) -> dict[str, Any]:
    """The schema of the arguments: making it takes milliseconds."""
    return arguments.model_json_schema()


def _resolve(value: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a value without references and without null; `nullable` says whether it may be null.

    The description is the argument's own: that of a type it refers to is meant for those who read the code.
    """
    options = [option for option in value.get("anyOf", [value]) if option.get("type") != "null"]
    chosen: dict[str, Any] = dict(options[0]) if len(options) == 1 else {"type": "string"}
    own = value.get("description") or chosen.get("description", "")
    if "$ref" in chosen:
        chosen = _definition(str(chosen["$ref"]), schema)
    items: Mapping[str, Any] = chosen.get("items") or {}
    if "$ref" in items:
        chosen = {**chosen, "items": _definition(str(items["$ref"]), schema)}
    nullable = len(value.get("anyOf", [value])) > 1
    return {**chosen, "description": own, "default": value.get("default"), "nullable": nullable}


def _definition(reference: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    return dict(schema["$defs"][reference.rsplit("/", 1)[-1]])


def _field(operation: Operation, name: str, value: Mapping[str, Any], policy: Policy, required: bool) -> Field:
    label = label_of(operation.name, name)
    if (choices := _choices(operation, name, value, policy)) is not None:
        default = str(value["default"] or "")
        certain = required or default != ""
        all_choices = choices if certain else (("", "–"), *choices)
        return Field(name, label, "choice", certain, all_choices, hint=_hint(operation, name, value), default=default)
    kind, ticks = _kind(name, value), _tick_choices(name, value, policy)
    if ticks and kind in {"list", "pairs"}:
        kind = "several" if kind == "list" else "states"
    if kind == "yes" and required:  # no is an answer, too
        kind = "maybe"
    suggestions = SPANS if name in {"duration", "next_in"} else _suggestions(name, policy)
    if (operation.name, name) == ("snooze_incident", "duration"):
        suggestions = (*SPANS, "off")
    hint = _hint(operation, name, value, kind)
    default = "yes" if kind == "yes" and value["default"] is True else ""
    return Field(name, label, kind, required, ticks, suggestions, hint, value.get("maxLength"), default)


_HINTS = {
    "person": "A name, or a Slack ID.", "people": "Names or Slack IDs, separated by commas.",
    "list": "Separated by commas.", "pairs": "Such as name=value", "time": "In UTC.",
}  # fmt: skip


def _hint(operation: Operation, name: str, value: Mapping[str, Any], kind: str = "") -> str:
    if (operation.name, name) in HINTS:
        return HINTS[operation.name, name]
    own = str(value["description"]).replace("`", "") if value.get("type") != "object" and kind != "date" else ""
    return own or _HINTS.get(kind, "")


def _choices(operation: Operation, name: str, value: Mapping[str, Any], policy: Policy) -> Choices | None:
    """The values to choose from; None where there is no list."""
    if (of_policy := _policy_choices(operation, name, policy)) is not None:
        return of_policy
    if name == "status" and operation.name in {"post_update", "change_status"}:
        statuses: Sequence[Status] = (*CHOOSABLE, Status.RESOLVED)
        return tuple((str(status), str(status)) for status in statuses)
    if "enum" in value:
        return tuple((str(option), _label_of_key(str(option))) for option in value["enum"])
    if "const" in value:
        return ((str(value["const"]), str(value["const"])),)
    return None


def _policy_choices(operation: Operation, name: str, policy: Policy) -> Choices | None:
    if name == "severity":
        return tuple((level.key, f"{level.key} · {level.name}") for level in policy.severities)
    if name == "role":
        return tuple((role.key, role.title) for role in policy.roles)
    if name == "schedule" and "{schedule}" not in operation.path:
        return tuple((key, key) for key in policy.schedules)
    if name == "trigger":
        return tuple((trigger.key, trigger.name) for trigger in policy.triggers)
    if (operation.name, name) == ("declare_incident", "category") and policy.categories:
        details = policy.category_details
        return tuple((key, details[key].name if key in details else _label_of_key(key)) for key in policy.categories)
    return None


def _tick_choices(name: str, value: Mapping[str, Any], policy: Policy) -> Choices:
    """The values with a tick each; empty for a field that is typed."""
    if name == "components":
        ticks: Choices = tuple((component.key, component.name) for component in policy.status_page.components)
    elif name == "services":
        ticks = tuple((service.key, service.name or service.key) for service in policy.services.values())
    else:
        ticks = tuple((str(option), str(option)) for option in value.get("items", {}).get("enum", ()))
    return ticks if len(ticks) <= MOST_TICKS else ()


def _label_of_key(key: str) -> str:
    return {"email": "e-mail", "sms": "SMS"}.get(key, key.replace("_", " "))


def _kind(name: str, value: Mapping[str, Any]) -> str:
    if name in _ONE_LINE:
        return "line"
    match value.get("type"):
        case "boolean":
            return "maybe" if value["nullable"] else "yes"
        case "integer" | "number":
            return "number"
        case "array":
            items = value.get("items", {})
            return "people" if items.get("pattern") == _PERSON else "list"
        case "object":
            return "pairs"
    return _kind_of_text(value)


def _kind_of_text(value: Mapping[str, Any]) -> str:
    if value.get("format") == "date-time":
        return "time"
    if value.get("format") == "date" or value.get("pattern") == _DAY:
        return "date"
    if value.get("pattern") == _PERSON:
        return "person"
    return "text" if value.get("maxLength", 0) > _LONG else "line"


def _suggestions(name: str, policy: Policy) -> tuple[str, ...]:
    if name in {"services", "service"}:
        return tuple(policy.services)
    return ()
