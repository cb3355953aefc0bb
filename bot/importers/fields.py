"""Reads typed values from unchecked responses; a value of an unexpected type counts as missing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.domain.values.one_line import one_line

LONGEST_NAME = 200
_LONGEST_ID = 120


def text_of(value: Any, name: str, longest: int = LONGEST_NAME) -> str:
    """A text or number as one bounded line; empty if missing."""
    raw = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(raw, bool) or not isinstance(raw, str | int | float):
        return ""
    return one_line(str(raw))[:longest]


def id_of(value: Any, name: str = "id") -> str:
    """An identifier."""
    return text_of(value, name, _LONGEST_ID)


def object_of(value: Any, name: str) -> Mapping[str, Any]:
    """An object; empty if missing."""
    raw = value.get(name) if isinstance(value, Mapping) else None
    return raw if isinstance(raw, Mapping) else {}


def list_of(value: Any, name: str) -> list[Mapping[str, Any]]:
    """The objects of a list."""
    raw = value.get(name) if isinstance(value, Mapping) else None
    return [item for item in raw if isinstance(item, Mapping)] if isinstance(raw, list) else []


def int_of(value: Any, name: str, default: int = 0) -> int:
    """A whole number."""
    raw = value.get(name) if isinstance(value, Mapping) else None
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return default
    return int(raw) if abs(raw) < 2**53 else default


def bool_of(value: Any, name: str, *, default: bool) -> bool:
    """A truth value."""
    raw = value.get(name) if isinstance(value, Mapping) else None
    return raw if isinstance(raw, bool) else default


def instant_of(value: Any, name: str) -> datetime | None:
    """An instant in UTC, from a text with an offset; None if missing."""
    raw = value.get(name) if isinstance(value, Mapping) else None
    if not isinstance(raw, str):
        return None
    try:
        parsed = datetime.fromisoformat(raw)
    except ValueError:
        return None
    if parsed.tzinfo is None:
        parsed = parsed.replace(tzinfo=UTC)
    try:
        return parsed.astimezone(UTC)
    except OverflowError:
        return None
