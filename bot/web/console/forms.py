"""Builds a form for an operation, and reads what a browser sends into the operation's arguments.

A form that is refused is shown again with the words that were typed, and the reason beside them.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web
from multidict import MultiDictProxy
from pydantic import ValidationError

from bot.domain.errors import Refused
from bot.domain.policy.policy import Policy
from bot.domain.values.slack_ids import MENTION, is_user_id
from bot.operations.base import Arguments, BadArgument, Operation
from bot.operations.table import BY_NAME
from bot.usecases.unit_of_work import DuplicateDelivery
from bot.web.api.problems import Problem, problem_of_refusal
from bot.web.console.fields import Field, fields_of
from bot.web.console.labels import label_of
from bot.web.console.visitor import Visitor
from bot.web.form import form_of
from storage import names

ONCE = "once"  # names one sending of a form: a second press changes nothing more
LONGEST_NAME = 100

Sent = MultiDictProxy[Any]


@dataclass(frozen=True, slots=True)
class Form:
    """A form as it is shown. `action` is where it is sent."""

    name: str  # of the operation
    action: str
    title: str
    fields: tuple[Field, ...] = ()
    button: str = "Send"
    values: Mapping[str, str] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    error: str = ""  # about all of it
    hidden: Mapping[str, str] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)  # arguments that nobody fills in
    once: str = field(default_factory=lambda: secrets.token_urlsafe(12))

    @property
    def refused(self) -> bool:
        """Whether it was sent and could not be carried out."""
        return bool(self.error or self.errors)


class Rejected(Exception):
    """A form that could not be carried out, as it is shown again, with the status of the answer."""

    def __init__(self, form: Form, status: int) -> None:
        super().__init__(form.error or form.errors)
        self.form, self.status = form, status


def form_for(name: str, action: str, policy: Policy, title: str = "", button: str = "", **values: str) -> Form:
    """The empty form of an operation. `values` are chosen beforehand."""
    operation = BY_NAME[name]
    form_title = title or operation.summary
    form_fields = fields_of(operation, policy)
    defaults = {form_field.name: form_field.default for form_field in form_fields if form_field.default}
    return Form(name, action, form_title, form_fields, button or form_title, {**defaults, **values})


async def carry_out(visitor: Visitor, form: Form, path: Mapping[str, str], under: str = "") -> Any:
    """Run the form's operation with what the browser sent. Returns the JSON; None for what was done before.

    `under` names the argument that all fields are part of.
    Raises `Rejected` with the form where it is to be shown again, and `Refused` for what is not there.
    """
    form_data = await form_of(visitor.request)
    typed = _typed_values(form, form_data)
    operation = BY_NAME[form.name]
    try:
        values = {**await _read_arguments(visitor, form.fields, form_data), **form.fixed}
        document = {under: values} if under else values
        arguments = _validate(operation, document)
        once = str(form_data.get(ONCE, ""))[:40]
        delivery = f"console:{visitor.session.id}:{once}" if once else None
        return (await visitor.run(form.name, path, arguments, delivery)).body
    except DuplicateDelivery:
        return None
    except _Invalid as invalid:
        raise Rejected(replace(form, values=typed, errors=invalid.errors), 422) from None
    except BadArgument as refused:
        raise Rejected(replace(form, values=typed, errors={refused.name: refused.message}), 422) from None
    except Refused as refused:
        problem = problem_of_refusal(refused)
        raise Rejected(replace(form, values=typed, error=refused.message), problem.response().status) from None
    except Problem as problem:
        raise Rejected(replace(form, values=typed, error=problem.detail), problem.response().status) from None


class _Invalid(Exception):
    def __init__(self, errors: Mapping[str, str]) -> None:
        super().__init__(str(errors))
        self.errors = errors


def _validate(operation: Operation, values: Mapping[str, Any]) -> Arguments:
    try:
        return operation.arguments.model_validate_json(json.dumps(values), strict=True)
    except ValidationError as error:
        messages: dict[str, str] = {}
        for problem in error.errors(include_url=False, include_context=False, include_input=False):
            name = str(problem["loc"][0]) if problem["loc"] else ""
            messages.setdefault(name, _error_text(operation.name, name, problem["type"], problem["msg"]))
        raise _Invalid(messages) from None


def _error_text(operation: str, name: str, kind: str, message: str) -> str:
    if kind in {"missing", "string_too_short", "too_short"} or "expected some words" in message:
        return f"Fill in “{label_of(operation, name)}”."
    if name in {"duration", "next_in"}:
        return "Write a duration such as 30m, 2h or 1d."
    return message.removeprefix("Value error, ").capitalize() + "."


def _typed_values(form: Form, sent: Sent) -> dict[str, str]:
    """The typed values, to be shown again."""
    return {form_field.name: ", ".join(_all(form_field, sent)) for form_field in form.fields}


def _all(form_field: Field, sent: Sent) -> list[str]:
    """The submitted values of a field: several texts where several can be chosen."""
    return [text for value in sent.getall(form_field.name, []) if (text := str(value))]


async def _read_arguments(visitor: Visitor, fields: Sequence[Field], sent: Sent) -> dict[str, Any]:
    """The arguments as JSON values: a field that was left empty is left out."""
    arguments: dict[str, Any] = {}
    for form_field in fields:
        text = ", ".join(_all(form_field, sent)).replace("\r\n", "\n").strip()
        if form_field.kind == "yes":
            if text or form_field.default:  # a tick that was taken away says no
                arguments[form_field.name] = bool(text)
        elif text:
            arguments[form_field.name] = await _parse_value(visitor, form_field, text)
    return arguments


async def _parse_value(visitor: Visitor, form_field: Field, text: str) -> Any:
    match form_field.kind:
        case "number":
            return _parse_number(form_field, text)
        case "maybe":
            return text == "yes"
        case "time":
            return text if text.endswith("Z") else f"{text}Z" if len(text) > len("2026-01-01T00:00") else f"{text}:00Z"
        case "person":
            return await _find_person(visitor, form_field, text)
        case "people":
            return [await _find_person(visitor, form_field, part) for part in _split(text)]
        case "list" | "several":
            return _split(text)
        case "states" | "pairs":
            return _parse_pairs(form_field, text.replace(",", " ") if form_field.kind == "states" else text)
    return text


def _parse_number(form_field: Field, text: str) -> int | float:
    try:
        value = float(text)
    except ValueError:
        raise _Invalid({form_field.name: f"“{text[:20]}” is no number."}) from None
    return int(value) if value.is_integer() else value


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _parse_pairs(form_field: Field, text: str) -> dict[str, str]:
    pairs = [word.partition("=") for line in text.split("\n") for word in line.split()]
    if any(not equals or not value for _, equals, value in pairs):
        raise _Invalid({form_field.name: "Write it as name=value, such as alertname=HighErrors."})
    return {name: value for name, _, value in pairs}


async def _find_person(visitor: Visitor, form_field: Field, text: str) -> str:
    """The Slack ID of a person, given as ID, as mention or by name."""
    match = MENTION.fullmatch(text)
    name_or_id = match[1] if match else text.removeprefix("@").strip()
    if is_user_id(name_or_id):
        return name_or_id
    if name_or_id.lower() in {"me", "myself"}:
        return visitor.person
    async with visitor.context.database.reading() as conn:
        known_names = await names.containing(conn, name_or_id[:LONGEST_NAME])
    contacts = visitor.context.policy.contacts.values()
    contact_names = {contact.slack: contact.name or contact.key for contact in contacts if contact.slack}
    people = {
        **{user: name for user, name in contact_names.items() if user and name_or_id.lower() in name.lower()},
        **known_names,
    }
    exact = [user for user, name in people.items() if name.lower() == name_or_id.lower()]
    candidates = exact or list(people)
    if len(candidates) == 1:
        return candidates[0]
    if not candidates:
        raise _Invalid(
            {form_field.name: f"I know nobody called “{name_or_id[:40]}”. Write their Slack ID, such as U0123ABCD."}
        )
    suggestions = ", ".join(f"{people[user]} ({user})" for user in candidates[:5])
    raise _Invalid({form_field.name: f"“{name_or_id[:40]}” may be {suggestions}. Write the ID."})


def redirect(path: str) -> web.Response:
    """A redirect to another page of the console, after a POST."""
    return web.Response(status=303, headers={"Location": path})
