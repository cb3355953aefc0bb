"""Validates a condition on an incident's facts, such as `users >= 50`, or one fact such as `security`."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import PlainValidator, WithJsonSchema

from bot.policy.models.base import invalid, quote_value

CONDITION = re.compile(r"^([a-z][a-z0-9_]*)(?: ?(>=|<=|>|<) ?(\d+(?:\.\d+)?))?$")


def _condition(value: Any) -> str:
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not CONDITION.match(text):
        raise invalid(
            f"is not a condition: {quote_value(value)}. Write a fact and a number, such as “users >= 50”, "
            "or a fact alone, such as security."
        )
    return text


When = Annotated[str, PlainValidator(_condition), WithJsonSchema({"type": "string", "examples": ["users >= 50"]})]
