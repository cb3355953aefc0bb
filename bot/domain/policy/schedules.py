"""Defines the policy's on-call schedules and teams as values."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from itertools import accumulate

NOBODY = "nobody"  # as a member of a rotation: a deliberate gap


@dataclass(frozen=True, slots=True)
class ListedShift:
    """A shift of a list: `member` is on call from `starts_at` until just before `ends_at`."""

    member: str
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class ShiftList:
    """Shifts in order of their starts. Several at the same time add up."""

    shifts: tuple[ListedShift, ...]

    @classmethod
    def of(cls, shifts: Iterable[ListedShift]) -> ShiftList:
        """The list of these shifts, put in order."""
        return cls(tuple(sorted(shifts, key=lambda shift: (shift.starts_at, shift.ends_at, shift.member))))

    @cached_property
    def _starts(self) -> list[datetime]:
        return [shift.starts_at for shift in self.shifts]

    @cached_property
    def _latest_ends(self) -> list[datetime]:
        """For each shift, the latest end of it and of those before it."""
        return list(accumulate((shift.ends_at for shift in self.shifts), max))

    def members_at(self, at: datetime) -> tuple[str, ...]:
        """The members on call at `at`, in the order in which their shifts began."""
        members: list[str] = []
        number = bisect_right(self._starts, at) - 1
        while number >= 0 and self._latest_ends[number] > at:
            if self.shifts[number].ends_at > at:
                members.append(self.shifts[number].member)
            number -= 1
        return tuple(reversed(members))


@dataclass(frozen=True, slots=True)
class Layer:
    """One rotation of a schedule, or a list of shifts."""

    rotation: str  # `hourly`, `daily`, `weekly` or `monthly`
    handoff: str  # `09:00`, `mon 09:00` or `1 09:00` (day of the month)
    start: date
    members: tuple[str, ...]  # contact keys, Slack IDs or addresses, teams or `nobody`, in turn
    hours: str | None = None  # when it applies: `09:00-17:00 mon-fri`, several joined by `;`; None: always
    every: int = 1  # how many hours, days, weeks or months a shift lasts
    name: str = ""  # by which covers name it
    begins_at: datetime | None = None  # nobody is on call by it before
    ends_at: datetime | None = None  # nobody is on call by it from then on
    shifts: ShiftList | None = None  # in place of the rotation


@dataclass(frozen=True, slots=True)
class Schedule:
    """An on-call schedule. Later layers outrank earlier ones, or all of them add up."""

    key: str
    timezone: str
    layers: tuple[Layer, ...]
    usergroup: str | None = None  # Slack user group that is kept equal to the people on call
    pagerduty: str | None = None  # ID of the PagerDuty schedule that is read instead of layers
    together: bool = False  # whether everybody whom some layer puts on call is on call
    teams: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # the people of each team

    @property
    def member_names(self) -> tuple[str, ...]:
        """Every contact key, Slack ID or address that some layer may put on call, each once; teams as their people."""
        names = [name for layer in self.layers for name in names_of(layer)]
        return tuple(dict.fromkeys(person for name in names for person in self.people_of(name)))

    def people_of(self, name: str) -> tuple[str, ...]:
        """The people whom a member's name stands for: all of a team, none for `nobody`."""
        if name == NOBODY:
            return ()
        return self.teams.get(name) or (name,)


def names_of(layer: Layer) -> tuple[str, ...]:
    """The members of a layer as they are written, teams and `nobody` included, each once."""
    if layer.shifts is None:
        return tuple(dict.fromkeys(layer.members))
    return tuple(dict.fromkeys(shift.member for shift in layer.shifts.shifts))


@dataclass(frozen=True, slots=True)
class Team:
    """People who are paged together."""

    key: str
    name: str = ""
    members: tuple[str, ...] = ()  # contact keys or Slack IDs
    schedule: str | None = None  # its on-call schedule
    slack: str | None = None  # Slack user group that is kept equal to its members
    lead: str | None = None  # contact key or Slack ID: who leads it
    services: tuple[str, ...] = ()  # keys of the services that it looks after
