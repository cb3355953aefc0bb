"""Parses the body of a signed request from Slack into an event, an interaction or a command.

The first byte decides the kind, whatever the headers say: the signature covers only the bytes. An event is JSON. A
press or a form is JSON in the one form field `payload`. A command is form fields, each once. A signed event whose text
contains `&command=…` must not become somebody's command when it is sent again as a form.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

# https://docs.slack.dev/interactivity/implementing-slash-commands; other fields are dropped.
COMMAND_FIELDS = frozenset(
    {
        "token", "team_id", "team_domain", "enterprise_id", "enterprise_name", "channel_id", "channel_name", "user_id",
        "user_name", "command", "text", "api_app_id", "is_enterprise_install", "response_url", "trigger_id",
    }
)  # fmt: skip
CERTIFICATE_CHECK = frozenset({"ssl_check", "token"})  # Slack checks the certificate of a command's address
_NAME = re.compile(r"[a-z][a-z0-9_]*")
# JSON that Slack posts as it is; interactions come in a form.
_JSON_TYPES = frozenset({"event_callback", "url_verification", "app_rate_limited"})


def read_body(text: str) -> dict[str, Any]:
    """Parse a body. Raises `ValueError` or `RecursionError` if it is no event, interaction or command."""
    if text.lstrip()[:1] in ("{", "["):
        return _event(json.loads(text))
    pairs = parse_qsl(text, keep_blank_values=True)
    fields = dict(pairs)
    if len(fields) < len(pairs):
        raise ValueError("a field given twice")
    if not all(_NAME.fullmatch(name) for name in fields):
        raise ValueError("a field that Slack does not have")
    if fields.keys() == {"payload"}:
        return _interaction(json.loads(fields["payload"]))
    if "ssl_check" in fields:
        return {name: value for name, value in fields.items() if name in CERTIFICATE_CHECK}
    if "payload" in fields or "command" not in fields:
        raise ValueError("neither a command nor an interaction")
    return {name: value for name, value in fields.items() if name in COMMAND_FIELDS}


def is_event(body: Mapping[str, Any]) -> bool:
    """Whether the body is an event, which Slack repeats and whose ID is recorded."""
    return str(body.get("type")) in _JSON_TYPES


def _event(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict) or str(body.get("type")) not in _JSON_TYPES or "command" in body:
        raise ValueError("no event")
    return body


def _interaction(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict) or str(body.get("type")) in _JSON_TYPES or "command" in body or "event" in body:
        raise ValueError("no interaction")
    return body
