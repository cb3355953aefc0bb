"""Records that a person covers a schedule for a while, and ends such covers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.access.identity import Identity
from bot.domain.errors import Refused
from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.cover import Covered, GivenUp
from bot.domain.oncall.place import parse_place, place_of
from bot.domain.oncall.schedule import Override
from bot.domain.policy.policy import Policy
from bot.domain.routing.notice import Notice
from bot.domain.routing.payloads import RelievedPayload
from bot.domain.values.durations import LONGEST
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.effects import home_tab, on_call
from bot.usecases.oncall import shift_change
from bot.usecases.unit_of_work import claim_delivery
from storage import overrides
from storage.outbox import enqueue

MOST_TOLD = 10  # people whom one cover relieves


async def cover(
    context: Context,
    place: str,
    starts_at: datetime,
    ends_at: datetime,
    person: Identity,
    delivery: str | None = None,
) -> Covered:
    """Put the person on call instead of the rotation and of earlier covers. A start in the past becomes now.

    The place is a schedule, or a layer of it, as in `support/night`. Raises `Refused` for one that is not there, and
    for a time that is over, too far away or too long.
    """
    schedule, layer = parse_place(place, context.policy.schedules)
    authorize.require(context, "cover", person.user)
    async with context.database.transaction() as conn:
        now = context.clock.now()
        await claim_delivery(conn, delivery, now)
        override = Override(schedule, person.user, max(starts_at, now), ends_at, layer)
        _check(override, now)
        before = await overrides.in_force(conn, now)
        await overrides.add(conn, override, person.user, now)
        await home_tab.refresh_all(conn, now)
        covered = await _covered(conn, context.policy, override, person, before)
        await enqueue.put(conn, _relieved(context.policy, covered, now))
    await shift_change.schedules_changed(context, {schedule}, before)
    context.wakeups.notify()
    return covered


def _relieved(policy: Policy, covered: Covered, now: datetime) -> list[Notice]:
    """Tell those whom the cover relieves: they may know nothing of it."""
    override = covered.override
    key = f"{override.schedule}:{override.member}:{now.timestamp()}"
    return [
        routing.relieved(
            key,
            RelievedPayload(
                on_call.address_of(policy, member) or member,
                place_of(override.schedule, override.layer),
                override.member,
                override.starts_at,
                override.ends_at,
            ),
        )
        for member in covered.instead_of[:MOST_TOLD]
    ]


def _back_on_call(policy: Policy, member: str, result: GivenUp, now: datetime) -> list[Notice]:
    """Tell whoever is on call again now that a cover was given up."""
    if result.at > now:
        return []
    ended = result.ended[0]
    addresses = {on_call.address_of(policy, shift.member) or shift.member: shift for shift in result.shifts}
    key = f"{ended.schedule}:{member}:{now.timestamp()}"
    return [
        routing.relieved(key, RelievedPayload(address, ended.schedule, member, now, shift.ends_at, ended=True))
        for address, shift in [*addresses.items()][:MOST_TOLD]
        if address != member and shift.member not in result.before
    ]


def _check(override: Override, now: datetime) -> None:
    if override.ends_at <= override.starts_at:
        raise Refused("That time is over. Cover from now on, or later.", f"cover {override.schedule} for 2h")
    if max(override.starts_at - now, override.ends_at - override.starts_at) > LONGEST:
        raise Refused(
            f"That is more than {LONGEST.days} days.", f"cover {override.schedule} from tomorrow 18:00 for 12h"
        )


async def _covered(
    conn: AsyncConnection, policy: Policy, override: Override, person: Identity, before: Sequence[Override]
) -> Covered:
    """The result of a cover. Of a long one only the beginning is searched, which takes long enough."""
    schedule = policy.schedules[override.schedule]
    start, until = override.starts_at, min(override.ends_at, override.starts_at + oncall.LOOKAHEAD)
    without = _on_duty(oncall.shifts(schedule, start, until, before))
    with_it = _on_duty(oncall.shifts(schedule, start, until, (*before, override)))
    members = [member for member, time in without.items() if with_it.get(member, timedelta()) < time]
    others = [
        member
        for member in members
        if not person.is_among([on_call.address_of(policy, member) or member])
        and await on_call.user_of(conn, policy, member) != person.user
    ]
    return Covered(override, tuple(others), tuple(oncall.gaps(schedule, start, until, before)))


def _on_duty(shifts: Sequence[oncall.Shift]) -> dict[str, timedelta]:
    """How long each person is on call, in the order of their shifts."""
    times: dict[str, timedelta] = {}
    for shift in shifts:
        times[shift.member] = times.get(shift.member, timedelta()) + (shift.ends_at - shift.starts_at)
    return times


async def give_up(context: Context, place: str, member: str, delivery: str | None = None) -> GivenUp:
    """End every present and future cover of the member, or else those of people whom Slack does not reach any more.

    A place such as `support/night` means the covers of this layer alone.

    Raises `Refused` where there is none, and where the member may not cover.
    """
    schedule, _, layer = place.partition("/")
    if layer:
        schedule, layer = parse_place(place, context.policy.schedules)
    async with context.database.transaction() as conn:
        now = context.clock.now()
        await claim_delivery(conn, delivery, now)
        before = await overrides.in_force(conn, now)
        ended = await overrides.end_early(conn, schedule, member, now, layer)
        if not ended:
            ended = await _end_dead_covers(context, conn, schedule, member, before)
        if not ended:
            raise Refused(f"You do not cover {schedule} now, nor later.", f"cover {schedule} for 2h")
        after = await overrides.in_force(conn, now)
        await home_tab.refresh_all(conn, now)
        at = max(now, ended[0].starts_at)
        rotation = context.policy.schedules.get(schedule)
        shifts = oncall.current_shifts(rotation, at, after) if rotation else ()
        were_on_call = oncall.on_call(rotation, at, before) if rotation else ()
        result = GivenUp(ended, at, shifts, after, were_on_call)
        await enqueue.put(conn, _back_on_call(context.policy, member, result, now))
    await shift_change.schedules_changed(context, {schedule}, before)
    context.wakeups.notify()
    return result


async def _end_dead_covers(
    context: Context, conn: AsyncConnection, schedule: str, actor: str, before: Sequence[Override]
) -> tuple[Override, ...]:
    """End the covers of people whom Slack does not reach: whoever may cover the schedule may do so."""
    directory = await on_call.current_directory(conn, context.policy)
    dead = dict.fromkeys(each.member for each in before if each.schedule == schedule and directory.problem(each.member))
    if not dead:
        return ()
    authorize.require(context, "cover", actor)
    ended = [await overrides.end_early(conn, schedule, member, context.clock.now()) for member in dead]
    return tuple(sorted((cover for covers in ended for cover in covers), key=lambda cover: cover.starts_at))
