"""Shared parts of the oracles of vendors' rules: who is on call in each minute, without the bot's code.

A minute is a number since the begin of the span, in UTC. Nothing here knows of intervals, handoffs or layers as the bot
has them: each rule fills or clears minutes of an array, and the arrays are read off at the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

MINUTE = timedelta(minutes=1)
WEEK = 7 * 24 * 60
Wall = datetime  # naive


class Span:
    """A span of time, minute by minute, with the wall clock of each zone."""

    def __init__(self, start: datetime, end: datetime) -> None:
        self.start, self.end = start.astimezone(UTC), end.astimezone(UTC)
        self.length = int((self.end - self.start) / MINUTE)
        self._weeks: dict[str, list[int]] = {}

    def number(self, at: datetime) -> int:
        """The minute of an instant, which may lie outside the span."""
        return int((at - self.start) // MINUTE)

    def at(self, number: int) -> datetime:
        """The instant at which a minute begins."""
        return self.start + number * MINUTE

    def minutes_of_week(self, zone: str) -> list[int]:
        """For each minute: how many minutes the wall clock is past Monday 00:00."""
        if zone not in self._weeks:
            self._weeks[zone] = [_of_week(self.at(number), ZoneInfo(zone)) for number in range(self.length)]
        return self._weeks[zone]


def _of_week(at: datetime, zone: ZoneInfo) -> int:
    local = at.astimezone(zone)
    return local.weekday() * 1440 + local.hour * 60 + local.minute


def first_time(wall: Wall, zone: str) -> datetime:
    """The first instant at which the clock on the wall shows this time, or a later one, where it is skipped."""
    local = ZoneInfo(zone)
    at = wall.replace(tzinfo=local, fold=0).astimezone(UTC)
    if at.astimezone(local).replace(tzinfo=None) == wall:
        return at
    at -= timedelta(hours=4)
    while at.astimezone(local).replace(tzinfo=None) < wall:
        at += MINUTE
    return at


def turns(span: Span, anchor: datetime, step: Callable[[Wall], Wall], zone: str) -> Iterator[tuple[int, int, int]]:
    """Each turn of a rotation that touches the span: its number, its first minute, and the one after its last.

    The wall clock is what counts: a turn that begins at 09:00 does so in summer and in winter.
    """
    wall, number = anchor.astimezone(ZoneInfo(zone)).replace(tzinfo=None), 0
    long_before = span.start.replace(tzinfo=None) - timedelta(days=2)
    while step(wall) < long_before:
        wall, number = step(wall), number + 1
    begin = anchor if number == 0 else first_time(wall, zone)
    while begin < span.end:
        wall = step(wall)
        end = first_time(wall, zone)
        if end > span.start:
            yield number, max(0, span.number(begin)), min(span.length, span.number(end))
        begin, number = end, number + 1


def spells(minutes: list[str | None]) -> Iterator[tuple[str, int, int]]:
    """The runs of minutes with the same person: who, the first minute, and the one after the last."""
    number = 0
    for person, run in groupby(minutes):
        length = sum(1 for _ in run)
        if person is not None:
            yield person, number, number + length
        number += length


def rfc3339(at: datetime) -> str:
    """As the vendors write instants."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
