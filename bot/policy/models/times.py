"""Validates durations, days, hours and time zones in a policy; durations stay text as they were written."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from pydantic import PlainValidator, WithJsonSchema

from bot.domain.errors import Refused
from bot.domain.oncall import notation
from bot.domain.values import durations
from bot.policy.models.base import invalid, quote_value
from bot.policy.problems import nearest


def _span(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise invalid(f"must be a duration with its unit: {value}m for minutes, or {value}s, {value}h, {value}d.")
    if not isinstance(value, str):
        raise invalid("must be a duration such as 10s, 15m, 2h, 1d or 1bd (a business day).")
    try:
        durations.parse_span(value)
    except Refused as refused:
        raise invalid(f"is not a duration: {quote_value(value)}. {_span_hint(value, refused)}") from None
    return value.strip()


def _span_hint(value: str, refused: Refused) -> str:
    if "longer than" in refused.message:
        return f"The longest is {durations.LONGEST.days}d."
    if match := re.match(r"^(\d+):(\d\d)$", value.strip()):
        return f"Write {int(match[1])}h{int(match[2])}m or {int(match[1])}m{int(match[2])}s."
    return "Write 10s, 15m, 2h, 1d or 1bd (a business day)."


def _positive_span(value: Any) -> str:
    text = _span(value)
    if not _amount(text):
        raise invalid("must be longer than zero. Leave it out, or write null, to ask for nothing.")
    return text


def _delay(value: Any) -> str:
    """A duration that is not in business days; zero is allowed."""
    text = _span(value)
    if isinstance(durations.parse_span(text), durations.BusinessDays):
        raise invalid(f"cannot count business days: {quote_value(value)}. Write 10s, 15m, 2h or 1d.")
    return text


def _positive_delay(value: Any) -> str:
    text = _delay(value)
    if not _amount(text):
        raise invalid("must be longer than zero, such as 15m.")
    return text


def _amount(text: str) -> bool:
    span = durations.parse_span(text)
    return bool(span.days if isinstance(span, durations.BusinessDays) else span)


def _zone(value: Any) -> str:
    if not isinstance(value, str):
        raise invalid("must be a time zone such as Europe/Berlin.")
    try:
        ZoneInfo(value)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        guess = nearest(value, available_timezones())
        hint = f"Did you mean {guess}?" if guess else "Write one such as Europe/Berlin or UTC."
        raise invalid(f"is not a time zone: {quote_value(value)}. {hint}") from None
    return value


def _day(value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise invalid(f"must be a day such as 2026-01-05, not {quote_value(value)}.") from None


def _moment(value: Any) -> str:
    """A day or time, as ISO 8601 text; without an offset it is a local time."""
    try:
        return datetime.fromisoformat(value.strip()).isoformat()
    except (TypeError, ValueError, AttributeError):
        example = "a day or time such as 2026-01-05 or 2026-01-05 09:00"
        raise invalid(f"must be {example}, not {quote_value(value)}.") from None


def _hours(value: Any) -> str:
    """Hours as one text; a list of them is joined by `;`."""
    parts = value if isinstance(value, list) and value else [value]
    for part in parts:
        try:
            notation.parse_hours(part if isinstance(part, str) else str(part))
        except ValueError as error:
            raise invalid(f"are not valid hours: {quote_value(part)}. {error}") from None
    return "; ".join(str(part) for part in parts)


_SPAN_SCHEMA = {"type": "string", "examples": ["10s", "15m", "2h", "1d", "1bd"]}
_DELAY_SCHEMA = {"type": "string", "examples": ["0m", "15m", "2h"]}
Span = Annotated[str, PlainValidator(_positive_span), WithJsonSchema(_SPAN_SCHEMA)]
Delay = Annotated[str, PlainValidator(_delay), WithJsonSchema(_DELAY_SCHEMA)]
Duration = Annotated[str, PlainValidator(_positive_delay), WithJsonSchema(_DELAY_SCHEMA)]
Zone = Annotated[str, PlainValidator(_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Berlin"]})]
Day = Annotated[str, PlainValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
_MOMENT_SCHEMA = {"type": "string", "examples": ["2026-01-05", "2026-01-05 09:00"]}
Moment = Annotated[str, PlainValidator(_moment), WithJsonSchema(_MOMENT_SCHEMA)]
_ONE_HOURS = {"type": "string", "examples": ["09:00-17:00 mon-fri"]}
_HOURS_SCHEMA: dict[str, Any] = {"anyOf": [_ONE_HOURS, {"type": "array", "items": _ONE_HOURS, "minItems": 1}]}
Hours = Annotated[str, PlainValidator(_hours), WithJsonSchema(_HOURS_SCHEMA)]
