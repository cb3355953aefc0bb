"""Describes the fields of a form from the arguments of an operation, as the OpenAPI document describes them."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from bot.domain.incident.status import CHOOSABLE, Status
from bot.domain.policy.policy import Policy
from bot.operations.base import Arguments, Operation, SlackId

SPANS = ("15m", "30m", "1h", "2h", "4h", "1d")
_PERSON = TypeAdapter(SlackId).json_schema()["pattern"]
_LONG = 1000  # characters; a longer text gets several lines
LABELS = {
    "next_in": "Next update in", "user": "Person", "users": "People", "impact_ended_at": "Customer impact ended",
    "sla_breach": "SLA breached", "core": "A core service is affected", "data_loss": "Data is lost",
    "security": "Security is affected", "public_relations": "The public notices", "users_percent": "Users, per cent",
    "customers_told": "Customers are told", "detected_at": "Detected at", "error_rate": "Error rate, per cent",
    "latency": "Latency, times slower", "private": "Private: only for those invited", "drill": "A drill: pages nobody",
    "slack_down": "Slack is down for", "plays": "Plays a past incident", "at": "At what speed",
}  # fmt: skip
_OF_OPERATION = {
    ("post_update", "text"): "What changed?", ("resolve_incident", "summary"): "What fixed it?",
    ("add_note", "text"): "Note", ("declare_incident", "description"): "What is happening?",
    ("declare_incident", "services"): "Affected services", ("record_impact", "users"): "Users, per cent",
    ("enable_rule", "reason"): "Why?", ("disable_rule", "reason"): "Why?",
}  # fmt: skip
_ONE_LINE = frozenset({"title", "subject"})
_EXTRA = frozenset({"link"})  # what Slack's forms do not ask for either


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a form. `kind` names how it is shown and read."""

    name: str
    label: str
    kind: str  # line, text, choice, yes, maybe, number, time, person, people, list, pairs
    required: bool = False
    choices: tuple[tuple[str, str], ...] = ()  # value and label
    suggestions: tuple[str, ...] = ()
    hint: str = ""
    most: int | None = None  # characters


def fields_of(operation: Operation, policy: Policy) -> tuple[Field, ...]:
    """The fields, in the order of the arguments."""
    schema = _schema(operation.arguments)
    required = set(schema.get("required", ()))
    return tuple(
        _field(operation, name, _resolved(value, schema), policy, name in required)
        for name, value in schema.get("properties", {}).items()
        if name not in _EXTRA
    )


@functools.cache
def _schema(arguments: type[Arguments]) -> dict[str, Any]:
    """The schema of the arguments: making it takes milliseconds."""
    return arguments.model_json_schema()


def label_of(operation: str, name: str) -> str:
    """How a field is called."""
    return _OF_OPERATION.get((operation, name)) or LABELS.get(name) or name.replace("_", " ").capitalize()


def _resolved(value: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a value without references and without null; `nullable` says whether it may be null."""
    options = [option for option in value.get("anyOf", [value]) if option.get("type") != "null"]
    chosen = dict(options[0]) if len(options) == 1 else {"type": "string"}
    if "$ref" in chosen:
        chosen = dict(schema["$defs"][str(chosen["$ref"]).rsplit("/", 1)[-1]])
    return {"description": value.get("description", ""), **chosen, "nullable": len(value.get("anyOf", [value])) > 1}


def _field(operation: Operation, name: str, value: Mapping[str, Any], policy: Policy, required: bool) -> Field:
    label, hint = label_of(operation.name, name), _hint(value)
    if (choices := _choices(operation, name, value, policy)) is not None:
        all_choices = choices if required else (("", "–"), *choices)
        return Field(name, label, "choice", required, all_choices, hint=hint)
    kind = "line" if name in _ONE_LINE else _kind(value)
    suggestions = SPANS if name in {"duration", "next_in"} else _suggestions(name, policy)
    if name == "duration" and operation.name == "snooze_incident":
        suggestions, hint = (*SPANS, "off"), "Such as 30m; off ends it."
    return Field(name, label, kind, required, (), suggestions, hint or _HINTS.get(kind, ""), value.get("maxLength"))


_HINTS = {
    "person": "A name, or a Slack ID.", "people": "Names or Slack IDs, separated by commas.",
    "list": "Separated by commas.", "pairs": "Such as alertname=HighErrors service=api", "time": "In UTC.",
}  # fmt: skip


def _hint(value: Mapping[str, Any]) -> str:
    return str(value.get("description", "")).replace("`", "") if value.get("type") != "object" else ""


def _choices(
    operation: Operation, name: str, value: Mapping[str, Any], policy: Policy
) -> tuple[tuple[str, str], ...] | None:
    """The values to choose from; None where there is no list."""
    if name == "severity":
        return tuple((level.key, f"{level.key} · {level.name}") for level in policy.severities)
    if name == "role":
        return tuple((role.key, role.title) for role in policy.roles)
    if name == "schedule" and "{schedule}" not in operation.path:
        return tuple((key, key) for key in policy.schedules)
    if name == "trigger":
        return tuple((trigger.key, trigger.name) for trigger in policy.triggers)
    if name == "status" and operation.path.startswith("/incidents"):
        statuses: Sequence[Status] = (*CHOOSABLE, Status.RESOLVED)
        return tuple((str(status), str(status)) for status in statuses)
    if "enum" in value:
        return tuple((str(option), str(option).replace("_", " ")) for option in value["enum"])
    if "const" in value:
        return ((str(value["const"]), str(value["const"])),)
    return None


def _kind(value: Mapping[str, Any]) -> str:
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
    if value.get("format") == "date-time":
        return "time"
    if value.get("format") == "date":
        return "date"
    if value.get("pattern") == _PERSON:
        return "person"
    return "text" if value.get("maxLength", 0) > _LONG else "line"


def _suggestions(name: str, policy: Policy) -> tuple[str, ...]:
    if name in {"services", "service"}:
        return tuple(policy.services)
    return ()
