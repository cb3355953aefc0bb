"""Defines what every reader of alerts shares: the error for a body it cannot read, and how it reads values.

A reader is one file a source: it turns the JSON of one request into an `AlertBatch`. Pure; a bad alert is rejected
alone and never loses the others.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

MOST_ALERTS = 20_000
MOST_LABELS = 200
NAME_LENGTH, VALUE_LENGTH = 200, 4000
_FRACTION = re.compile(r"(\.\d{6})\d+")  # Go writes nanoseconds


class UnreadableBody(ValueError):
    """A body that is nothing the source sends. `expected` says in words what it should be."""

    def __init__(self, message: str, expected: str) -> None:
        super().__init__(message)
        self.expected = expected


class TooManyAlerts(ValueError):
    """A body with more than `MOST_ALERTS` alerts."""


def instant_of(value: Any) -> datetime | None:
    """An RFC 3339 instant in UTC; None for the year 1, which means "not yet". Raises `ValueError`."""
    if not isinstance(value, str):
        raise ValueError("is no time")
    text = _FRACTION.sub(r"\1", value.strip())
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError("is no time such as 2026-03-02T09:00:00Z") from None
    if instant.tzinfo is None:
        raise ValueError("has no time zone; write 2026-03-02T09:00:00Z")
    if instant.year <= 1:
        return None
    return instant.astimezone(UTC)


def texts_of(value: Any) -> dict[str, str]:
    """Labels or annotations as texts; nested values are left out. Raises `ValueError` if it is no object."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError("is no object")
    scalars = {
        str(name)[:NAME_LENGTH]: _text(each)[:VALUE_LENGTH]
        for name, each in list(value.items())[:MOST_LABELS]
        if isinstance(each, str | int | float)
    }
    return {name: text for name, text in scalars.items() if name}


def web_address(value: Any) -> str | None:
    """An http(s) address; None for anything else."""
    if not isinstance(value, str) or len(value) > VALUE_LENGTH or set(value) & set(' <>|"\n\r\t'):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and parts.hostname else None


def _text(value: str | float) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
