"""Converts the validated on-call schedules and teams of a policy into domain values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from bot.domain.oncall.notation import DEFAULT_HANDOFF
from bot.domain.policy.schedules import Layer, ListedShift, Schedule, ShiftList, Team
from bot.domain.values.wall_clock import first_instant
from bot.policy import models

_ANY_DAY = date(2000, 1, 3)  # the first day of a rotation with one member, who is always on call


def build_schedules(document: models.Document) -> dict[str, Schedule]:
    """The schedules of a document, which know the people of its teams."""
    teams = {key: tuple(team.members) for key, team in document.teams.items()}
    return {
        key: build_schedule(key, schedule, document.timezone, teams) for key, schedule in document.schedules.items()
    }


def build_schedule(
    key: str, model: models.Schedule, timezone: str, teams: Mapping[str, tuple[str, ...]] = {}
) -> Schedule:
    """A schedule, in `timezone` unless it has its own."""
    zone = ZoneInfo(model.timezone or timezone)
    return Schedule(
        key,
        model.timezone or timezone,
        tuple(_layer(layer, zone) for layer in rotations(model)),
        model.usergroup,
        model.pagerduty,
        model.together,
        teams,
    )


def rotations(model: models.Schedule) -> list[models.Rotation]:
    """The layers of a schedule: one for the short form, none for a schedule kept at PagerDuty."""
    if model.pagerduty:
        return []
    if model.layers:
        return model.layers
    return [
        models.Rotation.model_construct(
            name="",
            rotation=model.rotation,
            handoff=model.handoff,
            start=model.start,
            members=model.members,
            hours=model.hours,
            begins=model.begins,
            ends=model.ends,
            shifts=model.shifts,
        )
    ]


def build_team(key: str, model: models.Team) -> Team:
    """A team."""
    return Team(
        key,
        model.name or key,
        tuple(model.members),
        model.schedule,
        model.slack and model.slack.lstrip("@"),
        model.lead,
        tuple(model.services),
    )


def moment(text: str, zone: ZoneInfo) -> datetime:
    """The instant, in UTC, of a day or time; the first one at which local clocks show it, unless it has an offset."""
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else first_instant(at.date(), at.time(), zone)


def _layer(model: models.Rotation, zone: ZoneInfo) -> Layer:
    rotation = model.length.rotation
    return Layer(
        rotation=rotation,
        handoff=model.handoff or DEFAULT_HANDOFF[rotation],
        start=date.fromisoformat(model.start) if model.start else _ANY_DAY,
        members=tuple(model.members),
        hours=model.hours,
        every=model.length.every,
        name=model.name,
        begins_at=moment(model.begins, zone) if model.begins else None,
        ends_at=moment(model.ends, zone) if model.ends else None,
        shifts=_shift_list(model.shifts, zone) if model.shifts else None,
    )


def _shift_list(shifts: list[models.ListedShift], zone: ZoneInfo) -> ShiftList:
    return ShiftList.of(
        ListedShift(shift.member, moment(shift.begins, zone), moment(shift.ends, zone)) for shift in shifts
    )
