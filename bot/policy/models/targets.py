"""Whom something goes to, and by which way."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from bot.domain.policy.policy import METHODS
from bot.domain.values.slack_ids import CHANNEL_ID, is_user_id
from bot.policy.models.base import invalid, quoted
from bot.policy.problems import did_you_mean

TARGET_FORMS = "contact:NAME, schedule:NAME, role:NAME, user:U0123ABCD or channel:#name"
WHO_FORMS = '"@handle" of a user group, group:S0123ABCD, user:U0123ABCD, role:NAME or contact:NAME'
_GROUP = re.compile(r"^(?:S[A-Z0-9]{5,}|[a-z0-9][a-z0-9_.-]{0,20})$")
_CHANNEL = re.compile(rf"^(?:#[^\sA-Z#,.:]{{1,80}}|{CHANNEL_ID})$")
_MAIL = re.compile(r"^[^\s@]+@[^\s@]+\.[^\s@]+$")
_PHONE = re.compile(r"^\+[0-9][0-9 ().-]{5,20}$")


def _target(value: Any) -> str:
    if isinstance(value, dict) and len(value) == 1:
        ((sort, name),) = value.items()
        raise invalid(f'must be one text, without a space after the colon: "{sort}:{name}".')
    if not isinstance(value, str):
        raise invalid(f"must be one of {TARGET_FORMS}, in quotes.")
    sort, colon, name = value.strip().partition(":")
    if not colon or not name:
        raise invalid(f"is not a target: {quoted(value)}. {_target_mend(value.strip())}")
    if sort not in ("contact", "schedule", "role", "user", "channel"):
        said = did_you_mean(sort, ["contact", "schedule", "role", "user", "channel"], "Targets begin with")
        raise invalid(f"is not a target: {quoted(value)}.{said} Write {TARGET_FORMS}.")
    if sort == "user" and not (is_user_id(name) or _MAIL.match(name)):
        raise invalid(
            f"does not name a Slack member: {quoted(value)}. Write user: and the member ID, such as user:U0123ABCD."
        )
    if sort == "channel" and not _CHANNEL.match(name):
        raise invalid(f'does not name a channel: {quoted(value)}. Write "channel:#name", in small letters, or its ID.')
    return f"{sort}:{name}"


def _target_mend(value: str) -> str:
    if value.startswith("#"):
        return f'Write "channel:{value}".'
    if is_user_id(value):
        return f'Write "user:{value}".'
    return f"Write {TARGET_FORMS}."


def _who(value: Any) -> str:
    """Somebody who may do something, as `group:`, `user:`, `role:` or `contact:`."""
    forms = f"Write {WHO_FORMS}."
    if not isinstance(value, str):
        raise invalid(f"must be one of {WHO_FORMS}, in quotes.")
    text = value.strip()
    if text.startswith("@"):
        text = f"group:{text[1:]}"
    sort, colon, name = text.partition(":")
    if not colon and is_user_id(text):
        sort, name = "user", text
    if sort == "group":
        name = name.removeprefix("@")
        if not _GROUP.match(name):
            raise invalid(f'does not name a user group: {quoted(value)}. Write "@sre", in quotes, or group:S0123ABCD.')
    elif sort == "user":
        if not is_user_id(name):
            raise invalid(
                f"does not name a Slack member: {quoted(value)}. Write the member ID, such as user:U0123ABCD."
            )
    elif sort not in ("role", "contact") or not name:
        raise invalid(f"does not say who: {quoted(value)}. {forms}")
    return f"{sort}:{name}"


def _method(value: Any) -> str:
    if not isinstance(value, str) or value not in METHODS:
        said = did_you_mean(value, METHODS, "Use") if isinstance(value, str) else f" Use: {', '.join(METHODS)}."
        raise invalid(f"is not a way to reach people: {quoted(value)}.{said}")
    return value


def _channel(value: Any) -> str:
    if not isinstance(value, str) or not _CHANNEL.match(value):
        name = str(value).strip().lstrip("#").lower().replace(" ", "-")
        raise invalid(f'does not name a channel: {quoted(value)}. Write "#{name}", in quotes, or its ID.')
    return value


def _slack(value: Any) -> str:
    if not isinstance(value, str) or not (is_user_id(value) or _MAIL.match(value)):
        raise invalid(
            f"must be a Slack member ID such as U0123ABCD (in Slack: profile, ⋮, Copy member ID) "
            f"or an e-mail address, not {quoted(value)}."
        )
    return value


def _mail(value: Any) -> str:
    if not isinstance(value, str) or not _MAIL.match(value):
        raise invalid(f"must be an e-mail address, not {quoted(value)}.")
    return value


def _phone(value: Any) -> str:
    if isinstance(value, int):
        raise invalid(f'must be a telephone number with its country code, in quotes: "+49…", not {value}.')
    if not isinstance(value, str) or not _PHONE.match(value):
        raise invalid(
            f'must be a telephone number with its country code, such as "+4915112345678", not {quoted(value)}.'
        )
    return value


_TARGET_SCHEMA = {"type": "string", "pattern": "^(contact|schedule|role|user|channel):.+$"}
Target = Annotated[str, PlainValidator(_target), WithJsonSchema(_TARGET_SCHEMA)]
Who = Annotated[str, PlainValidator(_who), WithJsonSchema({"type": "string", "examples": ["@sre", "role:commander"]})]
Method = Annotated[str, PlainValidator(_method), WithJsonSchema({"type": "string", "enum": list(METHODS)})]
Channel = Annotated[str, PlainValidator(_channel), WithJsonSchema({"type": "string", "examples": ["#incidents"]})]
SlackUser = Annotated[str, PlainValidator(_slack), WithJsonSchema({"type": "string"})]
Mail = Annotated[str, PlainValidator(_mail), WithJsonSchema({"type": "string", "format": "email"})]
Phone = Annotated[str, PlainValidator(_phone), WithJsonSchema({"type": "string", "examples": ["+4915112345678"]})]
