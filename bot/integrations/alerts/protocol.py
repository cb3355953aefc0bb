"""Defines what every reader of alerts shares: a source, the error for a body it cannot read, and how it reads values.

A reader is one file a source: it turns the body of one request into an `AlertBatch`. Pure; a bad alert is rejected
alone and never loses the others.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import urlsplit

from bot.domain.alerts.alert import Alert, AlertBatch, RejectedAlert
from bot.domain.alerts.service_change import ServiceChange

MOST_ALERTS = 20_000
MOST_LABELS = 200
NAME_LENGTH, VALUE_LENGTH = 200, 4000
_FINGERPRINT_LENGTH = 100
_FRACTION = re.compile(r"(\.\d{6})\d+")  # Go writes nanoseconds
_T = TypeVar("_T")


class UnreadableBody(ValueError):
    """A body that the source does not send. `expected` describes the right body in words, with an example."""

    def __init__(self, message: str, expected: str) -> None:
        super().__init__(message)
        self.expected = expected


class TooManyAlerts(ValueError):
    """A body with more than `MOST_ALERTS` alerts."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request whose origin is proved."""

    payload: Any  # the JSON, or the fields of a form
    headers: Mapping[str, str] = field(default_factory=dict)  # by their names in lower case


@dataclass(frozen=True, slots=True)
class Source:
    """A kind of sender. Its name is that of its endpoint and its alerts' label `source`."""

    name: str
    expected: str  # what its bodies are, in words and with an example
    read: Callable[[Delivery, datetime], AlertBatch]  # raises `UnreadableBody` and `TooManyAlerts`
    forms: bool = False  # whether its bodies may be forms
    any_type: bool = False  # whether its JSON comes as any type of content


def read_each(items: Sequence[Any], read: Callable[[Any], Alert | ServiceChange | None]) -> AlertBatch:
    """Read items one by one. `read` raises `ValueError` that says what is wrong; None means "not an alert".

    Raises `TooManyAlerts`.
    """
    if len(items) > MOST_ALERTS:
        raise TooManyAlerts(f"{len(items)} alerts; at most {MOST_ALERTS}")
    alerts: list[Alert] = []
    changes: list[ServiceChange] = []
    rejected: list[RejectedAlert] = []
    for index, item in enumerate(items):
        try:
            value = read(item)
        except ValueError as error:
            rejected.append(RejectedAlert(index, str(error)))
            continue
        if isinstance(value, Alert):
            alerts.append(value)
        elif value is not None:
            changes.append(value)
    return AlertBatch(tuple(alerts), tuple(rejected), changes=tuple(changes))


def read_one(item: Any, read: Callable[[Any], Alert | None], expected: str) -> AlertBatch:
    """Read a body that has one alert, or none. Raises `UnreadableBody` with what was expected."""
    batch = read_each([item], read)
    if batch.rejected:
        raise UnreadableBody(batch.rejected[0].reason, expected)
    return batch


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
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("is no time such as 2026-03-02T09:00:00Z") from None


def moment_of(value: Any) -> datetime | None:
    """An RFC 3339 instant, or a count of seconds, milli-, micro- or nanoseconds since 1970. None for none.

    Raises `ValueError`.
    """
    if value is None or value == "":
        return None
    if isinstance(value, str) and not re.fullmatch(r"\d{1,20}(\.\d{1,9})?", value.strip()):
        return instant_of(value)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("is no time")
    try:
        count = float(value)
        while 10**11 < count < 10**21:  # seconds reach that in the year 5138
            count /= 1000
        return datetime.fromtimestamp(count, UTC)
    except (OverflowError, ValueError, OSError):
        raise ValueError("is no time such as 2026-03-02T09:00:00Z") from None


def start_of(stated_at: datetime | None, now: datetime) -> tuple[datetime, str | None]:
    """The start of an alert, never after `now`, and its cycle if that differs from it.

    A sender whose clock is ahead names the same start each time it tells of the alert. The cycle keeps that start, so
    that it stays one occurrence.
    """
    if stated_at is None or stated_at <= now:
        return stated_at or now, None
    return now, str(int(stated_at.timestamp() * 1_000_000))


def texts_of(value: Any) -> dict[str, str]:
    """Labels or annotations as texts; nested values are left out. Raises `ValueError` if it is no object."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise ValueError("is no object")
    scalars = {
        str(name)[:NAME_LENGTH]: text_of(item)[:VALUE_LENGTH]
        for name, item in list(value.items())[:MOST_LABELS]
        if isinstance(item, str | int | float)
    }
    return {name: text for name, text in scalars.items() if name}


def annotations_of(value: Mapping[str, Any]) -> dict[str, str]:
    """Annotations as texts; nested values become JSON, empty ones are left out."""
    return texts_of(
        {
            name: item if isinstance(item, str | int | float) else json.dumps(item, ensure_ascii=False)
            for name, item in list(value.items())[:MOST_LABELS]
            if item is not None and item not in ("", [], {})
        }
    )


def tags_of(tags: Iterable[str]) -> dict[str, str]:
    """Labels from tags such as `env:prod`; a tag without a value is `true`. The first value of a name counts."""
    labels: dict[str, str] = {}
    for tag in tags:
        name, _, value = tag.strip().partition(":")
        if name.strip():
            labels.setdefault(name.strip(), value.strip() or "true")
    return texts_of(labels)


def field_of(item: Mapping[str, Any], name: str, read_value: Callable[[Any], _T]) -> _T:
    """One field as `read_value` reads it. Raises `ValueError` that names the field."""
    try:
        return read_value(item.get(name))
    except ValueError as error:
        raise ValueError(f"`{name}` {error}") from None


def fingerprint_from(key: Any) -> str | None:
    """The fingerprint that a source gives; None for none. A long one becomes its hash."""
    text = str(key) if isinstance(key, int) and not isinstance(key, bool) else key
    if not isinstance(text, str) or not text.strip():
        return None
    return text if len(text) <= _FINGERPRINT_LENGTH else hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


def web_address(value: Any) -> str | None:
    """An http(s) address; None for anything else."""
    if not isinstance(value, str) or len(value) > VALUE_LENGTH or set(value) & set(' <>|"\n\r\t'):
        return None
    try:
        parts = urlsplit(value)
    except ValueError:
        return None
    return value if parts.scheme in ("http", "https") and parts.hostname else None


def text_of(value: Any) -> str:
    """A scalar as text, as JSON writes it; empty for anything else."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else ""
