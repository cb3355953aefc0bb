"""Operations on schedules: who is on call, and covers."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

from pydantic import ConfigDict, Field

from bot.domain.access.identity import Identity
from bot.domain.errors import NotFound
from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.layer_path import layer_path
from bot.domain.oncall.schedule import Override, Shift
from bot.domain.policy.policy import Policy
from bot.domain.policy.schedules import Schedule
from bot.json_shapes.incidents import instant
from bot.operations.base import Answer, Arguments, Call, Duration, Instant, NoArguments, Operation, Shape, question
from bot.operations.verbs import span
from bot.usecases.effects.on_call import address_of
from bot.usecases.oncall.cover import cover, give_up
from storage import overrides

TAG = "On call"
_NEVER = datetime.min.replace(tzinfo=UTC)


class ShiftShape(Shape):
    """A shift. `member` is a contact of the policy or a Slack ID; `user` is a Slack ID or an e-mail address."""

    model_config = ConfigDict(title="Shift")

    member: str
    user: str | None
    starts_at: datetime
    ends_at: datetime


class OnDutyShape(Shape):
    """A person on call now. If `until` is null, the shift ends after `at_least_until`, 400 days ahead, or never."""

    model_config = ConfigDict(title="OnDuty")

    member: str
    name: str
    until: datetime | None
    at_least_until: datetime | None = Field(description="How far was looked for the end, if there is none so far.")


class NextShiftShape(Shape):
    """A person whose shift begins next."""

    model_config = ConfigDict(title="NextShift")

    member: str
    name: str
    from_: Annotated[datetime, Field(alias="from")]


class OnCallShape(Shape):
    """A schedule with the people on call now and next; null for nobody.

    `now` and `next` are the first of several; `everybody` and `coming` have all of them. A shift that goes on for more
    than 400 days is cut off there, and `everybody` says so.
    """

    model_config = ConfigDict(title="OnCall")

    schedule: str
    now: ShiftShape | None
    next: ShiftShape | None
    everybody: list[OnDutyShape]
    coming: list[NextShiftShape]


class SchedulesShape(Shape):
    """Every schedule."""

    model_config = ConfigDict(title="Schedules")

    schedules: list[OnCallShape]


class ShiftsShape(Shape):
    """The shifts of a schedule, and the times without anybody on call."""

    model_config = ConfigDict(title="Shifts")

    schedule: str
    shifts: list[ShiftShape]
    gaps: list[dict[str, datetime]]


class CoverShape(Shape):
    """A cover."""

    model_config = ConfigDict(title="Cover")

    schedule: str
    member: str
    starts_at: datetime
    ends_at: datetime
    layer: str | None  # the only one that is covered; null: the whole schedule


class CoversShape(Shape):
    """The covers in force and to come."""

    model_config = ConfigDict(title="Covers")

    covers: list[CoverShape]


class ListArguments(Arguments):
    """The schedule and the instant; by default every schedule, now."""

    at: Instant | None = None
    schedule: str | None = None


class ShiftsArguments(Arguments):
    """How far to look ahead."""

    days: Annotated[int, Field(ge=1, le=90)] = 14


class CoverArguments(Arguments):
    """When the token's person is on call instead of the rotation; by default from now on."""

    exactly_one_of = ("ends_at", "duration")

    starts_at: Instant | None = None
    ends_at: Instant = _NEVER
    duration: Duration = ""
    layer: str = Field(default="", description="The only layer to take over, by name; the whole schedule if left out.")


async def _list(call: Call, arguments: ListArguments) -> Answer:
    policy, at = call.context.policy, arguments.at or call.context.clock.now()
    schedules = (
        list(policy.schedules.values()) if arguments.schedule is None else [_schedule_of(policy, arguments.schedule)]
    )
    async with call.context.database.reading() as conn:
        in_force = await overrides.in_force(conn, at)
    # A busy schedule takes tenths of a second: in a thread, so that other requests do not wait.
    rows = await asyncio.to_thread(lambda: [_on_call(schedule, policy, at, in_force) for schedule in schedules])
    return Answer({"schedules": rows})


def _on_call(schedule: Schedule, policy: Policy, at: datetime, in_force: tuple[Override, ...]) -> dict[str, Any]:
    current = oncall.current_shifts(schedule, at, in_force, oncall.LONGEST_LOOKAHEAD)
    ends = {_end(shift, at)["until"] for shift in current}
    nobody_next = ends == {None} and not schedule.together  # a second long search would find nothing
    upcoming = () if nobody_next else oncall.next_shifts(schedule, at, in_force)
    return {
        "schedule": schedule.key,
        "now": _shift(current[0], policy) if current else None,
        "next": _shift(upcoming[0], policy) if upcoming else None,
        "everybody": [{**_person(shift.member, policy), **_end(shift, at)} for shift in current],
        "coming": [{**_person(shift.member, policy), "from": instant(shift.starts_at)} for shift in upcoming],
    }


def _person(member: str, policy: Policy) -> dict[str, str]:
    contact = policy.contacts.get(member)
    return {"member": member, "name": contact.name or member if contact else member}


def _end(shift: Shift, at: datetime) -> dict[str, str | None]:
    """When the shift ends, or how far was looked for its end."""
    is_cut_off = shift.ends_at >= at + oncall.LONGEST_LOOKAHEAD
    until, at_least_until = (None, instant(shift.ends_at)) if is_cut_off else (instant(shift.ends_at), None)
    return {"until": until, "at_least_until": at_least_until}


def _shift(shift: Shift, policy: Policy) -> dict[str, Any]:
    return {
        "member": shift.member,
        "user": address_of(policy, shift.member),
        "starts_at": instant(shift.starts_at),
        "ends_at": instant(shift.ends_at),
    }


def _schedule(call: Call) -> Schedule:
    return _schedule_of(call.context.policy, call.path["schedule"])


def _schedule_of(policy: Policy, key: str) -> Schedule:
    schedule = policy.schedules.get(key)
    if schedule is None:
        names = ", ".join(policy.schedules) or "none: the policy has no schedules"
        raise NotFound(f"There is no schedule “{key[:40]}”. There are {names}.")
    return schedule


async def _shifts(call: Call, arguments: ShiftsArguments) -> Answer:
    schedule, policy, now = _schedule(call), call.context.policy, call.context.clock.now()
    end = now + timedelta(days=arguments.days)
    async with call.context.database.reading() as conn:
        in_force = await overrides.in_force(conn, now)
    shifts = [_shift(shift, policy) for shift in oncall.shifts(schedule, now, end, in_force)]
    gaps = [
        {"starts_at": instant(gap.starts_at), "ends_at": instant(gap.ends_at)}
        for gap in oncall.gaps(schedule, now, end, in_force)
    ]
    return Answer({"schedule": schedule.key, "shifts": shifts, "gaps": gaps})


async def _covers(call: Call, _: NoArguments) -> Answer:
    async with call.context.database.reading() as conn:
        in_force = await overrides.in_force(conn, call.context.clock.now())
    return Answer({"covers": [_cover_json(override) for override in in_force]})


def _cover_json(override: Override) -> dict[str, Any]:
    return {
        "schedule": override.schedule,
        "member": override.member,
        "starts_at": instant(override.starts_at),
        "ends_at": instant(override.ends_at),
        "layer": override.layer or None,
    }


async def _cover(call: Call, arguments: CoverArguments) -> Answer:
    schedule, now = _schedule(call), call.context.clock.now()
    starts_at = max(arguments.starts_at or now, now)
    ends_at = starts_at + span(arguments.duration) if arguments.duration else arguments.ends_at
    person: Identity = call.context.memberships.known(call.actor)
    change = await cover(
        call.context, layer_path(schedule.key, arguments.layer), starts_at, ends_at, person, call.delivery
    )
    return Answer(_cover_json(change.override))


async def _give_up(call: Call, _: NoArguments) -> Answer:
    change = await give_up(call.context, _schedule(call).key, call.actor, call.delivery)
    return Answer({"covers": [_cover_json(override) for override in change.ended]})


OPERATIONS = (
    question("list_schedules", "/oncall", "Who is on call now and next", _list, SchedulesShape,
             arguments=ListArguments, example={"at": "2026-11-25T18:00:00Z"}, tag=TAG),
    question("list_covers", "/overrides", "List the covers in force and to come", _covers, CoversShape, tag=TAG),
    question("list_shifts", "/oncall/{schedule}", "List the shifts of a schedule", _shifts, ShiftsShape,
             arguments=ShiftsArguments, example={"days": 7}, tag=TAG),
    Operation(name="cover_schedule", method="POST", path="/oncall/{schedule}/cover", run=_cover, status=201,
              arguments=CoverArguments, summary="Take over on-call for a while", answer=CoverShape, tag=TAG,
              example={"duration": "2h"}),
    Operation(name="give_up_cover", method="DELETE", path="/oncall/{schedule}/cover", run=_give_up,
              summary="Give your covers of a schedule up", answer=CoversShape, tag=TAG),
)  # fmt: skip
