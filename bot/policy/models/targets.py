"""Validates targets, which name whom a policy pages or informs, and the methods and addresses to do so."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from bot.domain.policy.policy import METHODS
from bot.domain.values.slack_ids import CHANNEL_ID, is_user_id
from bot.domain.values.target import Target, TargetKind
from bot.policy.models.base import invalid, quote_value
from bot.policy.problems import did_you_mean

TARGET_FORMS = (
    "contact:NAME, schedule:NAME, next:SCHEDULE, all:SCHEDULE, team:NAME, turn:TEAM, role:NAME, user:U0123ABCD or "
    "channel:#name"
)
WHO_FORMS = '"@handle" of a user group, group:S0123ABCD, user:U0123ABCD, role:NAME or contact:NAME'
_TARGET_KINDS = [str(kind) for kind in TargetKind if kind is not TargetKind.GROUP]
# Schemes of apprise that act on this machine, rather than send something away.
LOCAL = frozenset({"dbus", "kde", "qt", "glib", "gnome", "macosx", "windows", "syslog", "gio", "file", "memory"})
_WHO_KINDS = (TargetKind.GROUP, TargetKind.USER, TargetKind.ROLE, TargetKind.CONTACT)
_GROUP = re.compile(r"^(?:S[A-Z0-9]{5,}|[a-z0-9][a-z0-9_.-]{0,20})$")
_CHANNEL = re.compile(rf"^(?:#[^\sA-Z#,.:]{{1,80}}|{CHANNEL_ID})$")
_MAIL = re.compile(r"^[^\s@]+@[^\s@]+\.[^\s@]+$")
_PHONE = re.compile(r"^\+[0-9][0-9 ().-]{5,20}$")


def _target(value: Any) -> Target:
    if isinstance(value, dict) and len(value) == 1:
        ((kind, name),) = value.items()
        raise invalid(f'must be one piece of text, without a space after the colon: "{kind}:{name}".')
    if not isinstance(value, str):
        raise invalid(f"must be one of {TARGET_FORMS}, in quotes.")
    try:
        target = Target.parse(value.strip())
    except ValueError:
        raise invalid(f"is not a target: {quote_value(value)}.{_target_hint(value.strip())}") from None
    if target.kind is TargetKind.GROUP:
        raise invalid(f"is not a target: {quote_value(value)}.{_target_hint(value.strip())}")
    if target.kind is TargetKind.USER and not (is_user_id(target.name) or _MAIL.match(target.name)):
        raise invalid(
            f"is not a Slack member: {quote_value(value)}. Write user: and the member ID, such as user:U0123ABCD."
        )
    if target.kind is TargetKind.CHANNEL and not _CHANNEL.match(target.name):
        raise invalid(f'is not a channel: {quote_value(value)}. Write "channel:#name", in lower case, or its ID.')
    return target


def _target_hint(text: str) -> str:
    if text.startswith("#"):
        return f' Write "channel:{text}".'
    if is_user_id(text):
        return f' Write "user:{text}".'
    kind, _, name = text.partition(":")
    if name and kind not in _TARGET_KINDS:
        return f"{did_you_mean(kind, _TARGET_KINDS, 'Targets begin with')} Write {TARGET_FORMS}."
    return f" Write {TARGET_FORMS}."


def _permission_target(value: Any) -> Target:
    """Parse a person or group that has a permission: `group:`, `user:`, `role:` or `contact:`."""
    if not isinstance(value, str):
        raise invalid(f"must be one of {WHO_FORMS}, in quotes.")
    target = _parse_who(value.strip())
    if target is None or target.kind not in _WHO_KINDS:
        raise invalid(f"is not a person or group: {quote_value(value)}. Write {WHO_FORMS}.")
    if target.kind is TargetKind.GROUP and not _GROUP.match(target.name):
        raise invalid(f'is not a user group: {quote_value(value)}. Write "@sre", in quotes, or group:S0123ABCD.')
    if target.kind is TargetKind.USER and not is_user_id(target.name):
        raise invalid(f"is not a Slack member: {quote_value(value)}. Write the member ID, such as user:U0123ABCD.")
    return target


def _parse_who(text: str) -> Target | None:
    if text.startswith("@"):
        return Target(TargetKind.GROUP, text[1:])
    if is_user_id(text):
        return Target(TargetKind.USER, text)
    try:
        target = Target.parse(text)
    except ValueError:
        return None
    return replace(target, name=target.name.removeprefix("@")) if target.kind is TargetKind.GROUP else target


def _method(value: Any) -> str:
    if not isinstance(value, str) or value not in METHODS:
        hint = did_you_mean(value, METHODS, "Use") if isinstance(value, str) else f" Use: {', '.join(METHODS)}."
        raise invalid(f"is not a method to reach people: {quote_value(value)}.{hint}")
    return value


def _channel(value: Any) -> str:
    if not isinstance(value, str) or not _CHANNEL.match(value):
        name = str(value).strip().lstrip("#").lower().replace(" ", "-")
        raise invalid(f'is not a channel: {quote_value(value)}. Write "#{name}", in quotes, or its ID.')
    return value


def _slack(value: Any) -> str:
    if not isinstance(value, str) or not (is_user_id(value) or _MAIL.match(value)):
        raise invalid(
            f"must be a Slack member ID such as U0123ABCD (in Slack: profile, ⋮, Copy member ID) "
            f"or an e-mail address, not {quote_value(value)}."
        )
    return value


def _mail(value: Any) -> str:
    if not isinstance(value, str) or not _MAIL.match(value):
        raise invalid(f"must be an e-mail address, not {quote_value(value)}.")
    return value


def _phone(value: Any) -> str:
    if isinstance(value, int):
        raise invalid(f'must be a phone number with its country code, in quotes: "+49…", not {value}.')
    if not isinstance(value, str) or not _PHONE.match(value):
        raise invalid(
            f'must be a phone number with its country code, such as "+4915112345678", not {quote_value(value)}.'
        )
    return value


def _push(value: Any) -> str:
    text = value.strip() if isinstance(value, str) else ""
    if text.startswith("env:"):
        if not re.match(r"^env:[A-Za-z_][A-Za-z0-9_]*$", text):
            raise invalid(f"names no variable: {quote_value(value)}. Write it like env:ANNA_PUSH.")
        return text
    scheme = text.partition("://")[0].lower()
    if scheme in LOCAL:
        raise invalid(f"cannot be {scheme}://, which acts on the machine itself. Name a service, such as ntfys://.")
    if not re.match(r"^[a-z][a-z0-9+.-]*://\S+$", text, re.IGNORECASE):
        raise invalid('must be an address of apprise such as "ntfys://ntfy.example.com/anna", or env:NAME.')
    return text


_TARGET_SCHEMA = {"type": "string", "pattern": "^(contact|schedule|next|all|team|turn|role|user|channel):.+$"}
TargetField = Annotated[Target, PlainValidator(_target), WithJsonSchema(_TARGET_SCHEMA)]
_WHO_SCHEMA = {"type": "string", "examples": ["@sre", "role:commander"]}
Who = Annotated[Target, PlainValidator(_permission_target), WithJsonSchema(_WHO_SCHEMA)]
Method = Annotated[str, PlainValidator(_method), WithJsonSchema({"type": "string", "enum": list(METHODS)})]
Channel = Annotated[str, PlainValidator(_channel), WithJsonSchema({"type": "string", "examples": ["#incidents"]})]
SlackUser = Annotated[str, PlainValidator(_slack), WithJsonSchema({"type": "string"})]
Push = Annotated[
    str,
    PlainValidator(_push),
    WithJsonSchema({"type": "string", "examples": ["ntfys://ntfy.sh/anna", "env:ANNA_PUSH"]}),
]
Mail = Annotated[str, PlainValidator(_mail), WithJsonSchema({"type": "string", "format": "email"})]
Phone = Annotated[str, PlainValidator(_phone), WithJsonSchema({"type": "string", "examples": ["+4915112345678"]})]
