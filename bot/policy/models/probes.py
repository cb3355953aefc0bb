"""Defines the schema of the policy's probes: addresses that Tocsin asks whether a service answers."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema

from bot.policy.models.base import StrictModel, invalid, quote_value
from bot.policy.models.bounds import Network
from bot.policy.models.texts import Key, Link, Text
from bot.policy.models.times import Duration

_STATUS = re.compile(r"^[1-5](?:xx|\d\d)$")


def _status(value: Any) -> str:
    text = str(value).lower() if isinstance(value, int | str) and not isinstance(value, bool) else ""
    if not _STATUS.match(text):
        raise invalid(f"must be a class of statuses such as 2xx, or a status such as 204, not {quote_value(value)}.")
    return text


def _list(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


Status = Annotated[str, PlainValidator(_status)]
_STATUS_SCHEMA: dict[str, Any] = {"type": ["string", "integer"], "examples": ["2xx"]}
Statuses = Annotated[
    list[Status],
    BeforeValidator(_list),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_STATUS_SCHEMA, {"type": "array", "items": _STATUS_SCHEMA, "minItems": 1}]}),
]
Streak = Annotated[int, Field(ge=1, le=100, strict=True)]


class Probe(StrictModel):
    """A probe."""

    url: Link = Field(description="The address that is asked.")
    every: Duration = Field(default="30s", description="How often.")
    timeout: Duration = Field(default="5s", description="An answer that takes longer is a failure.")
    method: Literal["GET", "HEAD", "POST"] = Field(default="GET", description="The method of the request.")
    expect: Statuses = Field(default=["2xx"], description="Statuses that are good, such as 2xx or 204.")
    contains: Text | None = Field(default=None, description="Text that the answer must have.")
    fail_after: Streak = Field(default=3, description="Failures in a row, after which it is down.")
    recover_after: Streak = Field(default=2, description="Successes in a row, after which it is up again.")
    service: Key | None = Field(default=None, description="The service that it tells of.")
    severity: Key | None = Field(default=None, description="The severity of its alerts; left out: the middle one.")
    tls_expires_within: Duration | None = Field(
        default=None, description="Alert when its certificate expires so soon; null: never."
    )
    addresses: list[Network] = Field(
        default=[], description="Networks outside the public internet that it may reach, such as 10.0.0.0/8."
    )
