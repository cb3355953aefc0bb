"""Defines column types for instants, JSON and text, whose values both databases accept."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# PostgreSQL rejects NUL in text, and both reject half a surrogate pair: here they become U+FFFD.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

BigNumber = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # in SQLite only INTEGER numbers new rows by itself
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
# JSONB reorders keys and rewrites numbers; this keeps the text as it is, where a hash or the order depends on it.
ExactJson = sa.JSON(none_as_null=True)


def to_microseconds(instant: datetime) -> int:
    """Microseconds since 1970. Raises `ValueError` for an instant without a time zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone cannot be stored")
    return (instant - EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    """The inverse of `to_microseconds`, in UTC."""
    return EPOCH + timedelta(microseconds=count)


class Instant(sa.TypeDecorator[datetime]):
    """An aware UTC instant, stored as microseconds since 1970."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Microseconds since 1970. Raises `ValueError` for a naive instant."""
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """An aware instant in UTC."""
        return None if value is None else from_microseconds(value)


class SafeText(sa.TypeDecorator[str]):
    """Text in which characters that no database accepts are replaced."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """The text with characters that no database accepts replaced by U+FFFD."""
        return None if value is None else clean_text(value)


class JsonText(sa.TypeDecorator[Any]):
    """JSON passed in as text, so that an array of values is an array of texts."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        """JSON as text; None is stored as `null`."""
        return dumps(value)


def clean_text(text: str) -> str:
    """The text with characters that no database accepts replaced by U+FFFD."""
    return _UNSTORABLE.sub("\ufffd", text) if _UNSTORABLE.search(text) else text


def clean(value: Any) -> Any:
    """The JSON value with `clean_text` applied to its texts and keys."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def dumps(value: Any) -> str:
    """The value as JSON that both databases accept. Raises `TypeError` or `ValueError` if JSON cannot express it."""
    text = _encode(value)
    if "\\u0000" in text or _UNSTORABLE.search(text):
        return _encode(clean(value))
    return text
