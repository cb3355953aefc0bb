"""A turn has ended while its holder has a role: offer to hand it over to whoever is on call now, or to stay on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.incident import Change, Incident, RoleShift, ShiftState, handover
from bot.domain.oncall import schedule as oncall
from bot.domain.oncall import shift_change
from bot.domain.oncall.schedule import Override
from bot.domain.policy.policy import Policy
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.effects import on_call, role_shifts
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import incidents, overrides

AT_MOST = 500


async def hand_over(
    context: Context, number: int, role: str, to: str, actor: str, delivery: str | None = None
) -> Incident:
    """The offer is taken: the next person gets the brief, and the actor keeps the role until they accept."""
    async with locked_incident(context, number, delivery) as work:
        turn = shift_change.require_offer(work.incident, role, actor)
        authorize.require(context, "handover", actor, work.incident)
        change = handover.offer(work.incident, role, to, actor, work.policy, work.now)
        handed = shift_change.with_state(change.incident, turn, ShiftState.HANDED)
        return await work.commit(
            Change(handed, change.entries), routing.handover_asked(handed, change.incident.handovers[-1])
        )


async def stay(context: Context, number: int, role: str, actor: str, delivery: str | None = None) -> Incident:
    async with locked_incident(context, number, delivery) as work:
        return await work.commit(shift_change.stay(work.incident, role, actor, work.policy, work.now))


async def schedules_changed(context: Context, names: set[str], before: Sequence[Override]) -> None:
    """Somebody covers, or covers no longer: turns on these schedules may end earlier or later than was planned.

    `before` are the overrides as they stood.
    """
    async with context.database.reading() as conn:
        running = await incidents.newest(conn, open_only=True, limit=AT_MOST)
        now = context.clock.now()
        standing = await overrides.in_force(conn, now)
        people = await _people(conn, context.policy, names, now, [before, standing])
        people |= {one.member for one in (*before, *standing) if one.schedule in names}
    for incident in running:
        concerned = people.intersection(incident.roles.values())
        if concerned or any(one.schedule in names for one in shift_change.pending(incident)):
            async with locked_incident(context, incident.number) as work:
                await _look_again(work, names, before)


async def _people(
    conn: AsyncConnection, policy: Policy, names: set[str], now: datetime, views: Sequence[Sequence[Override]]
) -> set[str]:
    """Slack IDs of whoever is on call on these schedules, by any of the views."""
    members = {
        member
        for name in names & set(policy.schedules)
        for view in views
        for member in oncall.on_call(policy.schedules[name], now, view)
    }
    return {user for member in members if (user := await on_call.user_of(conn, policy, member))}


async def _look_again(work: UnitOfWork, names: set[str], before: Sequence[Override]) -> None:
    """1. Turns as they are planned now. 2. Whoever was on call a moment ago and is no longer: their turn ends now.
    3. One that is over already is left to its deadline, which says so.
    """
    fresh = await role_shifts.with_current_shifts(work.conn, work.incident, work.policy, work.now)
    standing = await overrides.in_force(work.conn, work.now)
    settled = {_key(one) for one in shift_change.current_shifts(work.incident) if one.state}
    over: dict[tuple[str, str, str], RoleShift] = {}
    for name in names:
        was = await _people(work.conn, work.policy, {name}, work.now, [before])
        is_now = await _people(work.conn, work.policy, {name}, work.now, [standing])
        left = [
            RoleShift(role, user, name, work.now) for role, user in work.incident.roles.items() if user in was - is_now
        ]
        over |= {_key(one): one for one in left if _key(one) not in settled}
    over |= {_key(one): one for one in shift_change.pending(work.incident) if one.ends_at <= work.now}
    kept = tuple(one for one in fresh.turns if _key(one) not in over)
    await work.commit(Change(replace(fresh, turns=(*kept, *over.values()))))


def _key(turn: RoleShift) -> tuple[str, str, str]:
    return (turn.role, turn.user, turn.schedule)
