"""Defines the schema of the policy's webhooks, which get events of incidents."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema

from bot.policy.models.base import StrictModel, invalid, quote_value
from bot.policy.models.texts import Key

_ADDRESS = re.compile(r"^(https://[^\s/?#@]+|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?)([/?][^\s]*)?$")
SHORTEST_SECRET = 16


def _address(value: Any) -> str:
    if not isinstance(value, str) or not _ADDRESS.match(value):
        raise invalid(f"must be an address that begins with https://, not {quote_value(value)}.")
    return value


def _secret(value: Any) -> str:
    if not isinstance(value, str) or len(value) < SHORTEST_SECRET:
        raise invalid(f"must be a secret of {SHORTEST_SECRET} characters or more, such as whsec_ and base64.")
    return value


def _event(value: Any) -> str:
    name = str(value)
    if not re.fullmatch(r"incident\.[a-z_]+", name):
        raise invalid(f"must be an event such as incident.declared, not {quote_value(value)}.")
    return name


Address = Annotated[str, PlainValidator(_address), WithJsonSchema({"type": "string", "pattern": "^https?://"})]
Secret = Annotated[str, PlainValidator(_secret), WithJsonSchema({"type": "string", "minLength": SHORTEST_SECRET})]
Event = Annotated[str, PlainValidator(_event), WithJsonSchema({"type": "string", "pattern": "^incident[.]"})]


class Webhook(StrictModel):
    """An address that gets events, signed as Standard Webhooks specifies."""

    url: Address = Field(description="Where events are posted.")
    secret: Secret = Field(description="Signs them.")
    events: list[Event] = Field(default=[], description="Such as incident.declared; all, if left out.")
    severities: list[Key] = Field(default=[], description="Of incidents; all, if left out.")
    private: bool = Field(default=False, description="Whether it is told of private incidents.")
