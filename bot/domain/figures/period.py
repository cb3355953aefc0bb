"""Parses the period whose figures are asked for on the command line: a span, or from one day or instant to another."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, tzinfo

from bot.domain.errors import Refused
from bot.domain.figures.report import Period
from bot.domain.values.durations import parse_duration

_EXAMPLE = "metrics 2026-01-01 2026-03-31"


def of_days(first: date, last: date, now: datetime, zone: tzinfo) -> Period:
    """From the first day to the end of the last, as far as it has passed. Raises `Refused`."""
    if last < first:
        raise Refused("The first day comes first: 2026-01-01 2026-03-31.", _EXAMPLE)
    return _until_now(_midnight(first, zone, now), _midnight(last + timedelta(days=1), zone, now), now)


def parse_period(since: str, until: str | None, now: datetime, zone: tzinfo) -> Period:
    """The period from `since`, a span such as `90d`, a day or an instant, to `until`, a day that counts whole or an
    instant; to now without one. A span counts back from `until`. Instants without a zone are in `zone`.

    Raises `Refused`.
    """
    end = now if until is None else _end(until, zone, now)
    start = _instant(since, zone, now)
    return _until_now(end - _span(since) if start is None else start, end, now)


def _span(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except Refused:
        raise Refused(f"“{text[:40]}” is neither a span nor a day. Write 90d, or 2026-01-01.", _EXAMPLE) from None


def _until_now(start: datetime, end: datetime, now: datetime) -> Period:
    if start >= now:
        raise Refused(f"{start:%-d %b %Y} is still to come.", "metrics 30d")
    if end <= start:
        raise Refused("The period ends before it starts. The earlier day comes first.", _EXAMPLE)
    return Period(start, min(end, now))


def _end(until: str, zone: tzinfo, now: datetime) -> datetime:
    if (day := _day(until)) is not None:
        return _midnight(day + timedelta(days=1), zone, now)
    if (at := _instant(until, zone, now)) is None:
        raise Refused(f"“{until[:40]}” is not a day. Write it as 2026-03-31, or 2026-03-31T18:00Z.", _EXAMPLE)
    return at


def _instant(text: str, zone: tzinfo, now: datetime) -> datetime | None:
    """The instant that the text names; a day begins at midnight. None if it is neither a day nor an instant."""
    if (day := _day(text)) is not None:
        return _midnight(day, zone, now)
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(now.tzinfo)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        return None


def _midnight(day: date, zone: tzinfo, now: datetime) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(now.tzinfo)
