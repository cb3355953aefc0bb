"""Validates texts, keys, web addresses and names with placeholders in a policy."""

from __future__ import annotations

import re
from string import Formatter
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainValidator, WithJsonSchema

from bot.domain.policy.policy import HUDDLE
from bot.domain.values.one_line import one_line
from bot.policy.models.base import invalid, quote_value
from bot.policy.problems import nearest

PLACEHOLDERS = ("number", "slug", "severity", "date")
BOOKMARK_PLACEHOLDERS = ("id", "number", "slug", "severity")
_KEY = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
_EMOJI = re.compile(r"^[a-z0-9_+'-]+$")


def as_text(value: Any) -> Any:
    """The value, with a number turned into text, so that `name: 1` is valid."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _name(value: Any) -> Any:
    value = as_text(value)
    return one_line(value) if isinstance(value, str) else value


def _key(value: Any) -> Any:
    value = as_text(value)
    if isinstance(value, str) and not _KEY.match(value):
        raise invalid(f"is not a key: {quote_value(value)}. Use letters, digits, _ and -, without spaces.")
    return value


def _bookmark(value: Any) -> str:
    if value == HUDDLE:
        return HUDDLE
    if not isinstance(value, str) or not re.match(r"^https://[^\s/]+", value):
        raise invalid(f"must be an address that begins with https://, or huddle, not {quote_value(value)}.")
    return _template(value, BOOKMARK_PLACEHOLDERS)


def _web(value: Any) -> str:
    if not isinstance(value, str) or not re.match(r"^https?://[^\s/]+", value):
        raise invalid(f"must be an address that begins with https:// or http://, not {quote_value(value)}.")
    return value


def _template(value: str, variables: tuple[str, ...]) -> str:
    forms = ", ".join(f"{{{name}}}" for name in variables)
    try:
        parts = list(Formatter().parse(value))
    except ValueError:
        raise invalid(f"has unbalanced braces: {quote_value(value)}. Placeholders are {forms}.") from None
    for _, name, spec, conversion in parts:
        if name is None:
            continue
        if name not in variables or spec or conversion:
            guess = nearest(name, variables)
            hint = f"Did you mean {{{guess}}}?" if guess else f"Placeholders are {forms}."
            raise invalid(f"has an unknown placeholder: {{{name}}}. {hint}")
    return value


def _channel_name(value: Any) -> str:
    if not isinstance(value, str):
        raise invalid('must be text such as "inc-{number}-{slug}".')
    _template(value, PLACEHOLDERS)
    literal = "".join(text for text, *_ in Formatter().parse(value))
    if bad := re.search(r"[^a-z0-9_-]", literal):
        raise invalid(f"may contain lower-case letters, digits, - and _, and placeholders, not {quote_value(bad[0])}.")
    if "{number}" not in value:
        raise invalid("must contain {number}: without it two incidents could get the same name.")
    return value


def _emoji(value: Any) -> str:
    name = str(value).strip(":")
    if not _EMOJI.match(name):
        raise invalid(f"is not the name of an emoji: {quote_value(value)}. Write its name, such as eyes.")
    return name


_TEXT_SCHEMA = {"type": "string"}
Text = Annotated[str, BeforeValidator(as_text)]
Name = Annotated[str, BeforeValidator(_name)]  # put on one line, for subjects, calendars and terminals
Key = Annotated[str, BeforeValidator(_key)]
Bookmark = Annotated[
    str, PlainValidator(_bookmark), WithJsonSchema({"type": "string", "pattern": "^https://|^huddle$"})
]
Link = Annotated[str, PlainValidator(_web), WithJsonSchema({"type": "string", "pattern": "^https?://"})]
ChannelName = Annotated[str, PlainValidator(_channel_name), WithJsonSchema(_TEXT_SCHEMA)]
Emoji = Annotated[str, PlainValidator(_emoji), WithJsonSchema(_TEXT_SCHEMA)]
