"""Records that a person covers a schedule for a while, and ends such covers."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.access.identity import Identity
from bot.domain.errors import Refused
from bot.domain.oncall import schedule as oncall
from bot.domain.oncall.cover import CoverEnd, CoverResult
from bot.domain.oncall.layer_path import layer_path, parse_layer_path
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
    path: str,
    starts_at: datetime,
    ends_at: datetime,
    person: Identity,
    delivery: str | None = None,
) -> CoverResult:
    """Put the person on call instead of the rotation and of earlier covers. A start in the past becomes now.

    The place is a schedule, or a layer of it, as in `support/night`. Raises `Refused` for an unknown one, and for
    a time that is over, too far away or too long.
    """
    schedule, layer = parse_layer_path(path, context.policy.schedules)
    authorize.require(context, "cover", person.user)
    async with context.database.transaction() as conn:
        now = context.clock.now()
        await claim_delivery(conn, delivery, now)
        override = Override(schedule, person.user, max(starts_at, now), ends_at, layer)
        _check(override, now)
        before = await overrides.in_force(conn, now)
        await overrides.add(conn, override, person.user, now)
        await home_tab.refresh_all(conn, now)
        covered = await _cover_result(conn, context.policy, override, person, before)
        await enqueue.put(conn, _relief_notices(context.policy, covered, now))
    await shift_change.schedules_changed(context, {schedule}, before)
    context.wakeups.notify()
    return covered


def _relief_notices(policy: Policy, covered: CoverResult, now: datetime) -> list[Notice]:
    """The notices to the people whom the cover relieves, who may not know of it."""
    override = covered.override
    key = f"{override.schedule}:{override.member}:{now.timestamp()}"
    return [
        routing.relieved(
            key,
            RelievedPayload(
                on_call.address_of(policy, member) or member,
                layer_path(override.schedule, override.layer),
                override.member,
                override.starts_at,
                override.ends_at,
            ),
        )
        for member in covered.instead_of[:MOST_TOLD]
    ]


def _back_on_call(policy: Policy, member: str, result: CoverEnd, now: datetime) -> list[Notice]:
    """The notices to the people who are on call again after a cover was given up."""
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


async def _cover_result(
    conn: AsyncConnection, policy: Policy, override: Override, person: Identity, before: Sequence[Override]
) -> CoverResult:
    """The result of a cover. Only the beginning of a long one is searched, to bound the cost."""
    schedule = policy.schedules[override.schedule]
    start, until = override.starts_at, min(override.ends_at, override.starts_at + oncall.LOOKAHEAD)
    times_before = _on_duty(oncall.shifts(schedule, start, until, before))
    times_after = _on_duty(oncall.shifts(schedule, start, until, (*before, override)))
    members = [member for member, time in times_before.items() if times_after.get(member, timedelta()) < time]
    other_members = [
        member
        for member in members
        if not person.is_among([on_call.address_of(policy, member) or member])
        and await on_call.user_of(conn, policy, member) != person.user
    ]
    return CoverResult(override, tuple(other_members), tuple(oncall.gaps(schedule, start, until, before)))


def _on_duty(shifts: Sequence[oncall.Shift]) -> dict[str, timedelta]:
    """The time for which each person is on call, in the order of their shifts."""
    times: dict[str, timedelta] = {}
    for shift in shifts:
        times[shift.member] = times.get(shift.member, timedelta()) + (shift.ends_at - shift.starts_at)
    return times


async def give_up(context: Context, path: str, member: str, delivery: str | None = None) -> CoverEnd:
    """End every current and future cover of the member, or else those of people whom Slack no longer reaches.

    A place such as `support/night` means the covers of this layer alone.

    Raises `Refused` if there is none, and if the member may not cover.
    """
    schedule, _, layer = path.partition("/")
    if layer:
        schedule, layer = parse_layer_path(path, context.policy.schedules)
    async with context.database.transaction() as conn:
        now = context.clock.now()
        await claim_delivery(conn, delivery, now)
        before = await overrides.in_force(conn, now)
        ended = await overrides.end_early(conn, schedule, member, now, layer)
        if not ended:
            ended = await _end_unreachable_covers(context, conn, schedule, member, before)
        if not ended:
            raise Refused(f"You do not cover {schedule} now, nor later.", f"cover {schedule} for 2h")
        after = await overrides.in_force(conn, now)
        await home_tab.refresh_all(conn, now)
        at = max(now, ended[0].starts_at)
        rotation = context.policy.schedules.get(schedule)
        shifts = oncall.current_shifts(rotation, at, after) if rotation else ()
        were_on_call = oncall.on_call(rotation, at, before) if rotation else ()
        result = CoverEnd(ended, at, shifts, after, were_on_call)
        await enqueue.put(conn, _back_on_call(context.policy, member, result, now))
    await shift_change.schedules_changed(context, {schedule}, before)
    context.wakeups.notify()
    return result


async def _end_unreachable_covers(
    context: Context, conn: AsyncConnection, schedule: str, actor: str, before: Sequence[Override]
) -> tuple[Override, ...]:
    """End the covers of people whom Slack does not reach. Everybody who may cover the schedule may do so."""
    directory = await on_call.current_directory(conn, context.policy)
    unreachable = dict.fromkeys(
        override.member for override in before if override.schedule == schedule and directory.problem(override.member)
    )
    if not unreachable:
        return ()
    authorize.require(context, "cover", actor)
    ended = [await overrides.end_early(conn, schedule, member, context.clock.now()) for member in unreachable]
    return tuple(sorted((cover for covers in ended for cover in covers), key=lambda cover: cover.starts_at))
