"""Column types: instants, JSON, and text that both databases take."""

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
# PostgreSQL takes no NUL in text, and neither database takes half a surrogate pair: both become U+FFFD at this edge.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")

BigNumber = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # only INTEGER counts up by itself in SQLite
Json = sa.JSON(none_as_null=True).with_variant(postgresql.JSONB(none_as_null=True), "postgresql")
# JSONB would reorder keys and rewrite numbers; where a hash or the order counts, the text is kept as it is.
ExactJson = sa.JSON(none_as_null=True)


def to_microseconds(instant: datetime) -> int:
    """Since 1970. Raises `ValueError` for an instant without a zone."""
    if instant.tzinfo is None:
        raise ValueError("an instant without a time zone cannot be stored")
    return (instant - EPOCH) // _MICROSECOND


def from_microseconds(count: int) -> datetime:
    return EPOCH + timedelta(microseconds=count)


class Instant(sa.TypeDecorator[datetime]):
    """An aware UTC instant, kept as microseconds since 1970."""

    impl = sa.BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_microseconds(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else from_microseconds(value)


class SafeText(sa.TypeDecorator[str]):
    """Text with what no database takes replaced."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else clean_text(value)


class JsonText(sa.TypeDecorator[Any]):
    """JSON on its way in as text: an array of these is an array of texts."""

    impl = sa.Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str:
        return dumps(value)


def clean_text(text: str) -> str:
    return _UNSTORABLE.sub("\ufffd", text) if _UNSTORABLE.search(text) else text


def clean(value: Any) -> Any:
    """The same JSON value with its texts storable, keys too."""
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, dict):
        return {clean_text(str(key)): clean(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [clean(item) for item in value]
    return value


_encode = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode


def dumps(value: Any) -> str:
    """JSON both databases take. Raises `TypeError` or `ValueError` for what JSON cannot say."""
    text = _encode(value)
    if "\\u0000" in text or _UNSTORABLE.search(text):
        return _encode(clean(value))
    return text
