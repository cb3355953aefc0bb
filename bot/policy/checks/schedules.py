"""On-call schedules: that their rotations can be followed, and whom they leave alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.oncall import notation
from bot.domain.oncall import schedule as oncall
from bot.domain.policy.policy import Schedule
from bot.domain.values.durations import exact
from bot.domain.values.slack_ids import is_user_id
from bot.policy import build, models
from bot.policy.checks.context import CheckContext
from bot.policy.checks.references import add_contact
from bot.policy.problems import KeyPath, Problem

_OF_A_ROTATION = ("rotation", "handoff", "start", "members", "hours")


def problems(look: CheckContext) -> Iterator[Problem]:
    for key, schedule in look.model.schedules.items():
        path: KeyPath = ("schedules", key)
        yield from _form(look, path, schedule)
        for number, layer in enumerate(build.rotations(schedule)):
            yield from _rotation(look, (*path, "layers", number) if schedule.layers else path, layer)


def warnings(look: CheckContext) -> Iterator[Problem]:
    for key, schedule in look.model.schedules.items():
        if schedule.pagerduty:
            continue
        found = _gaps(build.build_schedule(key, schedule, look.model.timezone))
        if not found:
            continue
        zone = ZoneInfo(schedule.timezone or look.model.timezone)
        total = sum((gap.ends_at - gap.starts_at for gap in found), timedelta())
        said = (
            f"nobody is on call for {exact(total)} of every week, such as {_moment(found[0].starts_at, zone)} "
            f"to {_moment(found[0].ends_at, zone)}. Add a layer beneath that holds always."
        )
        yield look.problem(("schedules", key), said)


def _form(look: CheckContext, path: KeyPath, schedule: models.Schedule) -> Iterator[Problem]:
    short = [name for name in _OF_A_ROTATION if getattr(schedule, name)]
    if schedule.pagerduty:
        if beside := [*short, *(["layers"] if schedule.layers else [])]:
            said = f"stands beside `pagerduty`, which says who is on call. Take {beside[0]} out, or `pagerduty`."
            yield look.problem((*path, beside[0]), said, "")
        return
    if schedule.layers and short:
        yield look.problem((*path, short[0]), "stands beside `layers`. Move it into one of them.", "")
    if not schedule.layers and not schedule.members:
        yield look.problem(path, "has nobody on it: write `members: [anna, ben]`.", "")


def _rotation(look: CheckContext, path: KeyPath, layer: models.Rotation) -> Iterator[Problem]:
    for number, member in enumerate(layer.members):
        if member not in look.model.contacts and not is_user_id(member):
            here: KeyPath = (*path, "members", number)
            mend = f"{add_contact(member)[:-1]}, or write a Slack member ID."
            yield look.unknown_name(here, member, look.model.contacts, "contact", mend)
    if layer.handoff is not None:
        try:
            notation.parse_handoff(layer.rotation, layer.handoff)
        except ValueError as error:
            yield look.problem((*path, "handoff"), f"is not a handoff: “{layer.handoff}”. {error}", "")
    if layer.start is None and len(set(layer.members)) > 1:
        said = "needs the day of the first turn, so that it is known whose turn it is: write `start: 2026-01-05`."
        yield look.problem(path, said, "")


def _gaps(schedule: Schedule) -> list[oncall.Gap]:
    """Of one week, long after every layer has begun. A rotation has none; hours repeat every week."""
    monday = max(layer.start for layer in schedule.layers) + timedelta(days=70)
    monday -= timedelta(days=monday.weekday())
    zone = ZoneInfo(schedule.timezone)
    return oncall.gaps(schedule, _midnight(monday, zone), _midnight(monday + timedelta(days=7), zone))


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(0), zone).astimezone(UTC)


def _moment(instant: datetime, zone: ZoneInfo) -> str:
    local = instant.astimezone(zone)
    return f"{notation.WEEKDAYS[local.weekday()]} {local:%H:%M}"
