"""Checks the policy's on-call schedules: whether their rotations are valid, and when nobody would be on call."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.oncall import coverage, notation
from bot.domain.oncall import schedule as oncall
from bot.domain.policy.policy import Schedule
from bot.domain.values.durations import exact
from bot.domain.values.slack_ids import is_user_id
from bot.policy import build, models
from bot.policy.checks.context import CheckContext
from bot.policy.checks.references import add_contact
from bot.policy.problems import KeyPath, Problem

_MAX_LISTED = 12  # names that a message lists
_ROTATION_SETTINGS = ("rotation", "handoff", "start", "members", "hours")


def problems(context: CheckContext) -> Iterator[Problem]:
    """A problem for conflicting settings, for members that do not exist, and for handoffs that cannot be parsed."""
    for key, schedule in context.model.schedules.items():
        path: KeyPath = ("schedules", key)
        yield from _form(context, path, schedule)
        for number, layer in enumerate(build.rotations(schedule)):
            yield from _rotation(context, (*path, "layers", number) if schedule.layers else path, layer)


def warnings(context: CheckContext) -> Iterator[Problem]:
    """A warning for times with nobody on call, schedules that begin later, and members who are never on call."""
    for key, model in context.model.schedules.items():
        if model.pagerduty:
            continue
        path: KeyPath = ("schedules", key)
        schedule = build.build_schedule(key, model, context.model.timezone)
        yield from _weekly_gaps(context, path, schedule)
        yield from _late_start(context, path, schedule)
        for number in range(len(schedule.layers)):
            layer_path: KeyPath = (*path, "layers", number) if model.layers else path
            yield from _without_turn(context, layer_path, schedule, number)


def _weekly_gaps(context: CheckContext, path: KeyPath, schedule: Schedule) -> Iterator[Problem]:
    gaps = _gaps(schedule)
    if gaps:
        zone = ZoneInfo(schedule.timezone)
        total = sum((gap.ends_at - gap.starts_at for gap in gaps), timedelta())
        message = (
            f"nobody is on call for {exact(total)} of every week, for example from {_moment(gaps[0].starts_at, zone)} "
            f"to {_moment(gaps[0].ends_at, zone)}. Add a layer below that always holds."
        )
        yield context.problem(path, message)


def _late_start(context: CheckContext, path: KeyPath, schedule: Schedule) -> Iterator[Problem]:
    begins_at = coverage.begins_at(schedule)
    if begins_at > context.now:
        local = begins_at.astimezone(ZoneInfo(schedule.timezone))
        message = f"begins on {local:%Y-%m-%d %H:%M}; nobody is on call until then. Write an earlier `start`."
        yield context.problem(path, message, "")


def _without_turn(context: CheckContext, path: KeyPath, schedule: Schedule, number: int) -> Iterator[Problem]:
    layer = schedule.layers[number]
    members = coverage.members_never_on_call(schedule, number, context.now)
    if not members:
        return
    if len(members) == len(set(layer.members)):
        message = "is never used: the layers after it, which outrank it, cover all of its time. Remove it or move it."
        yield context.problem(path, message, "")
        return
    more = f" and {len(members) - _MAX_LISTED} more" if members[_MAX_LISTED:] else ""
    names = ", ".join(members[:_MAX_LISTED]) + more
    message = (
        f"{names} {'is' if len(members) == 1 else 'are'} never on call: their shifts always fall outside the hours, "
        f"or into those of a later layer. Rotate weekly, or change the number of members."
    )
    yield context.problem(path, message)


def _form(context: CheckContext, path: KeyPath, schedule: models.Schedule) -> Iterator[Problem]:
    inline = [name for name in _ROTATION_SETTINGS if getattr(schedule, name)]
    if schedule.pagerduty:
        if beside := [*inline, *(["layers"] if schedule.layers else [])]:
            message = f"conflicts with `pagerduty`, which says who is on call. Remove {beside[0]}, or `pagerduty`."
            yield context.problem((*path, beside[0]), message, "")
        return
    if schedule.layers and inline:
        yield context.problem((*path, inline[0]), "conflicts with `layers`. Move it into one of the layers.", "")
    if not schedule.layers and not schedule.members:
        yield context.problem(path, "has no members: write `members: [anna, ben]`.", "")


def _rotation(context: CheckContext, path: KeyPath, layer: models.Rotation) -> Iterator[Problem]:
    for number, member in enumerate(layer.members):
        if member not in context.model.contacts and not is_user_id(member):
            item: KeyPath = (*path, "members", number)
            hint = f"{add_contact(member)[:-1]}, or write a Slack member ID."
            yield context.unknown_name(item, member, context.model.contacts, "contact", hint)
    if layer.handoff is not None:
        try:
            notation.parse_handoff(layer.rotation, layer.handoff)
        except ValueError as error:
            yield context.problem((*path, "handoff"), f"is not a handoff: “{layer.handoff}”. {error}", "")
    if layer.start is None and len(set(layer.members)) > 1:
        message = "needs the day on which the first shift begins: write `start: 2026-01-05`."
        yield context.problem(path, message, "")


def _gaps(schedule: Schedule) -> list[oncall.Gap]:
    """The gaps of one week, long after every layer has begun. Rotations have none, and hours repeat every week."""
    monday = max(layer.start for layer in schedule.layers) + timedelta(days=70)
    monday -= timedelta(days=monday.weekday())
    zone = ZoneInfo(schedule.timezone)
    return oncall.gaps(schedule, _midnight(monday, zone), _midnight(monday + timedelta(days=7), zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def _moment(instant: datetime, zone: ZoneInfo) -> str:
    local = instant.astimezone(zone)
    return f"{notation.WEEKDAYS[local.weekday()]} {local:%H:%M}"
