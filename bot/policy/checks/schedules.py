"""Checks the policy's on-call schedules: whether their rotations are valid, and when nobody would be on call."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.oncall import coverage, notation
from bot.domain.oncall import schedule as oncall
from bot.domain.policy.schedules import NOBODY, Schedule
from bot.domain.values.durations import exact
from bot.domain.values.slack_ids import is_user_id
from bot.policy import models
from bot.policy.build_schedules import build_schedule, moment, rotations
from bot.policy.checks.context import CheckContext
from bot.policy.checks.references import add_contact
from bot.policy.problems import KeyPath, Problem

_MAX_LISTED = 12  # names that a message lists
_ROTATION_SETTINGS = ("rotation", "handoff", "start", "members", "hours", "begins", "ends", "shifts")
_BESIDE_SHIFTS = ("members", "rotation", "handoff", "start")
_SOON = timedelta(days=30)


def problems(context: CheckContext) -> Iterator[Problem]:
    """A problem for conflicting settings, for members that do not exist, and for handoffs that cannot be parsed."""
    for key, schedule in context.model.schedules.items():
        path: KeyPath = ("schedules", key)
        yield from _form(context, path, schedule)
        zone = ZoneInfo(schedule.timezone or context.model.timezone)
        for number, layer in enumerate(rotations(schedule)):
            layer_path: KeyPath = (*path, "layers", number) if schedule.layers else path
            yield from _rotation(context, layer_path, layer)
            yield from _spans(context, layer_path, layer, zone)


def warnings(context: CheckContext) -> Iterator[Problem]:
    """A warning for times with nobody on call, schedules that begin later, and members who are never on call."""
    for key, model in context.model.schedules.items():
        if model.pagerduty:
            continue
        path: KeyPath = ("schedules", key)
        schedule = build_schedule(key, model, context.model.timezone)
        yield from _weekly_gaps(context, path, schedule)
        yield from _late_start(context, path, schedule)
        yield from _early_end(context, path, schedule)
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
        message = f"begins on {local:%Y-%m-%d %H:%M}; nobody is on call until then. {_earlier(schedule, begins_at)}"
        yield context.problem(path, message, "")


def _early_end(context: CheckContext, path: KeyPath, schedule: Schedule) -> Iterator[Problem]:
    ends_at = coverage.ends_at(schedule)
    if ends_at is None or ends_at > context.now + _SOON:
        return
    local = ends_at.astimezone(ZoneInfo(schedule.timezone))
    when = "ended" if ends_at <= context.now else "ends"
    more = "Add shifts." if all(layer.shifts for layer in schedule.layers) else "Add a layer, or remove `ends`."
    message = f"{when} on {local:%Y-%m-%d %H:%M}; nobody is on call from then on. {more}"
    yield context.problem(path, message, "")


def _earlier(schedule: Schedule, begins_at: datetime) -> str:
    """The hint that names the setting from which the schedule's beginning comes."""
    if any(layer.begins_at == begins_at for layer in schedule.layers):
        return "Write an earlier `begins`."
    return "Add shifts." if all(layer.shifts for layer in schedule.layers) else "Write an earlier `start`."


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
    if schedule.together and len(schedule.layers) < 2:
        message = "makes layers add up, and there is only one. Write several `layers`, or remove it."
        yield context.problem((*path, "together"), message, "")
    if not schedule.layers and not schedule.members and not schedule.shifts:
        yield context.problem(path, "has no members: write `members: [anna, ben]`.", "")
    yield from _layer_names(context, path, schedule)


def _layer_names(context: CheckContext, path: KeyPath, schedule: models.Schedule) -> Iterator[Problem]:
    names = [layer.name.lower() for layer in schedule.layers]
    for number, layer in enumerate(schedule.layers):
        item: KeyPath = (*path, "layers", number)
        if layer.name and names.index(layer.name.lower()) < number:
            message = f"another layer is named “{layer.name}” too; a cover could mean either. Give it another name."
            yield context.problem((*item, "name"), message)
        if not layer.members and not layer.shifts:
            yield context.problem(item, "has no members: write `members: [anna, ben]`.", "")


def _rotation(context: CheckContext, path: KeyPath, layer: models.Rotation) -> Iterator[Problem]:
    if layer.shifts:
        for beside in _BESIDE_SHIFTS:
            if getattr(layer, beside):
                message = "conflicts with `shifts`, which name everybody and every time. Remove one of the two."
                yield context.problem((*path, beside), message, "")
    for number, member in enumerate(layer.members):
        yield from _member(context, (*path, "members", number), member)
    for number, shift in enumerate(layer.shifts):
        yield from _member(context, (*path, "shifts", number, "member"), shift.member)
    if layer.handoff is not None:
        try:
            notation.parse_handoff(layer.length.rotation, layer.handoff)
        except ValueError as error:
            yield context.problem((*path, "handoff"), f"is not a handoff: “{layer.handoff}”. {error}", "")
    if layer.start is None and len(set(layer.members)) > 1:
        message = "needs the day on which the first shift begins: write `start: 2026-01-05`."
        yield context.problem(path, message, "")


def _member(context: CheckContext, path: KeyPath, member: str) -> Iterator[Problem]:
    model = context.model
    if member in model.teams and not model.teams[member].members:
        hint = f"Write `members: [anna, ben]` in teams.{member}."
        yield context.problem(path, f"the team {member} has no members, so nobody would be on call. {hint}")
    if member in model.contacts or member in model.teams or member == NOBODY or is_user_id(member):
        return
    kind = "contact or team" if model.teams else "contact"
    hint = f"{add_contact(member)[:-1]}, or write a Slack member ID."
    yield context.unknown_name(path, member, [*model.contacts, *model.teams], kind, hint)


def _spans(context: CheckContext, path: KeyPath, layer: models.Rotation, zone: ZoneInfo) -> Iterator[Problem]:
    """A problem for each layer and shift that ends before it begins."""
    spans: list[tuple[KeyPath, str | None, str | None]] = [(path, layer.begins, layer.ends)]
    spans += [((*path, "shifts", number), shift.begins, shift.ends) for number, shift in enumerate(layer.shifts)]
    for layer_path, begins, ends in spans:
        if begins and ends and moment(ends, zone) <= moment(begins, zone):
            message = f"is not after `begins`, {_moment_text(begins)}. Write a later day or time, or swap the two."
            yield context.problem((*layer_path, "ends"), message, "")


def _moment_text(text: str) -> str:
    return text.replace("T00:00:00", "").replace("T", " ").removesuffix(":00")


def _gaps(schedule: Schedule) -> list[oncall.Gap]:
    """The gaps of one week, long after every layer has begun. Rotations have none, and hours repeat every week.

    Layers that end are left out, unless all do; `nobody` is a gap that is meant.
    """
    layers = coverage.lasting_layers(schedule)
    if not layers:
        return []
    intended_layers = tuple(
        replace(layer, members=tuple(f"{name}?" if name == NOBODY else name for name in layer.members))
        for layer in layers
    )
    monday = max(layer.start for layer in layers) + timedelta(days=70)
    monday = max(monday, *(layer.begins_at.date() for layer in layers if layer.begins_at), date.min)
    monday += timedelta(days=-monday.weekday() % 7)
    zone = ZoneInfo(schedule.timezone)
    week = _midnight(monday, zone), _midnight(monday + timedelta(days=7), zone)
    return oncall.gaps(replace(schedule, layers=intended_layers), *week)


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def _moment(instant: datetime, zone: ZoneInfo) -> str:
    local = instant.astimezone(zone)
    return f"{notation.WEEKDAYS[local.weekday()]} {local:%H:%M}"
