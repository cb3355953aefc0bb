"""Defines the schema of the policy's on-call schedules and teams."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, PlainValidator, WithJsonSchema

from bot.domain.oncall.notation import DEFAULT_HANDOFF
from bot.policy.models.base import StrictModel, invalid, quote_value
from bot.policy.models.texts import Key, Name, Text
from bot.policy.models.times import Day, Hours, Moment, Zone
from bot.policy.problems import nearest

UNITS = {"hour": "hourly", "day": "daily", "week": "weekly", "month": "monthly"}
LONGEST_SHIFT = {"hour": 8760, "day": 366, "week": 53, "month": 12}  # units
MOST_SHIFTS = 20_000  # of one list


@dataclass(frozen=True, slots=True)
class ShiftLength:
    """How long the shifts of a rotation are: `every` units of `rotation`, such as 2 of `weekly`."""

    rotation: str = "weekly"
    every: int = 1


def _length(value: Any) -> ShiftLength:
    if isinstance(value, str) and value in DEFAULT_HANDOFF:
        return ShiftLength(value)
    if not isinstance(value, dict):
        guess = nearest(value, DEFAULT_HANDOFF) if isinstance(value, str) else None
        hint = f" Did you mean {guess}?" if guess else ""
        raise invalid(
            f"must be hourly, daily, weekly, monthly, or longer, such as {{every: 2, unit: week}}, "
            f"not {quote_value(value)}.{hint}"
        )
    count, unit = value.get("every"), value.get("unit")
    if not isinstance(unit, str) or unit not in UNITS or set(value) - {"every", "unit"}:
        raise invalid(f"must have a number and one unit of {', '.join(UNITS)}: write {{every: 2, unit: week}}.")
    most = LONGEST_SHIFT[unit]
    if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= most:
        raise invalid(f"must be every 1 to {most} {unit}s, not {quote_value(count)}. Write {{every: 2, unit: {unit}}}.")
    return ShiftLength(UNITS[unit], count)


_LENGTH_SCHEMA: dict[str, Any] = {
    "anyOf": [
        {"type": "string", "enum": list(DEFAULT_HANDOFF)},
        {
            "type": "object",
            "properties": {
                "every": {"type": "integer", "minimum": 1},
                "unit": {"type": "string", "enum": list(UNITS)},
            },
            "required": ["every", "unit"],
            "additionalProperties": False,
        },
    ]
}
Length = Annotated[ShiftLength, PlainValidator(_length), WithJsonSchema(_LENGTH_SCHEMA)]
_LENGTH = "How long a shift is: hourly, daily, weekly (default), monthly, or `{every: 2, unit: week}`."
_HANDOFF = "`09:00`, `mon 09:00` or `1 09:00` (day of the month)."
_START = "The day on which the first member's first shift begins."
_MEMBERS = "Contacts, teams, Slack member IDs or `nobody`, in the order of their shifts."
_HOURS = "When it holds: `09:00-17:00 mon-fri`, `mon 09:00-fri 17:00`, or a list of such hours."
_BEGINS = "Nobody is on call by it before this day or time."
_ENDS = "Nobody is on call by it from this day or time on."
_SHIFTS = "Shifts one by one, in place of a rotation."


class ListedShift(StrictModel):
    """One shift of a list."""

    member: Text = Field(description="A contact, team or Slack member ID.")
    begins: Moment = Field(description="When it begins: `2026-01-05 09:00`, in the schedule's time zone.")
    ends: Moment = Field(description="When it ends: `2026-01-06 09:00`.")


class Rotation(StrictModel):
    """A layer: its members are on call one after the other."""

    name: Name = Field(default="", description="A name, by which a cover can take over this layer alone.")
    rotation: Length | None = Field(default=None, description=_LENGTH)
    handoff: Text | None = Field(default=None, description=_HANDOFF)
    start: Day | None = Field(default=None, description=_START)
    members: list[Text] = Field(default=[], description=_MEMBERS)
    hours: Hours | None = Field(default=None, description=_HOURS)
    begins: Moment | None = Field(default=None, description=_BEGINS)
    ends: Moment | None = Field(default=None, description=_ENDS)
    shifts: list[ListedShift] = Field(default=[], max_length=MOST_SHIFTS, description=_SHIFTS)

    @property
    def length(self) -> ShiftLength:
        """How long a shift is; a week if nothing is said."""
        return self.rotation or ShiftLength()

    @property
    def names(self) -> list[str]:
        """Its members as they are written, in turn or by shift."""
        return self.members or list(dict.fromkeys(shift.member for shift in self.shifts))


class Schedule(StrictModel):
    """An on-call schedule: one rotation, or `layers`, of which later ones outrank earlier ones."""

    timezone: Zone | None = Field(default=None, description="The policy's time zone if left out.")
    usergroup: Text | None = Field(default=None, description="A Slack user group whose members are the people on call.")
    rotation: Length | None = Field(default=None, description=_LENGTH)
    handoff: Text | None = Field(default=None, description=_HANDOFF)
    start: Day | None = Field(default=None, description=_START)
    members: list[Text] = Field(default=[], description=_MEMBERS)
    hours: Hours | None = Field(default=None, description=_HOURS)
    begins: Moment | None = Field(default=None, description=_BEGINS)
    ends: Moment | None = Field(default=None, description=_ENDS)
    shifts: list[ListedShift] = Field(default=[], max_length=MOST_SHIFTS, description=_SHIFTS)
    layers: list[Rotation] = Field(default=[], description="Several rotations; later ones outrank earlier ones.")
    together: bool = Field(default=False, description="Whether the layers add up, rather than outrank one another.")
    pagerduty: Text | None = Field(
        default=None, description="The ID of a PagerDuty schedule, used instead of these settings."
    )


class Team(StrictModel):
    """People who are paged together."""

    name: Name = Field(default="", description="The name people know it by.")
    members: list[Text] = Field(default=[], description="Contacts or Slack member IDs.")
    schedule: Key | None = Field(
        default=None, description="Its on-call schedule; who is on call there is paged if it has no members."
    )
    slack: Text | None = Field(default=None, description="A Slack user group that is kept equal to its members.")
    lead: Text | None = Field(default=None, description="A contact or Slack member ID: who leads it.")
    services: list[Key] = Field(default=[], description="The services that it looks after.")
