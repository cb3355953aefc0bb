"""Records a role holder's answer when their on-call shift has ended: hand the role over, or keep it.

It also moves the ends of tracked shifts when covers change the schedules.
"""

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

MAX_INCIDENTS = 500


async def hand_over(
    context: Context, number: int, role: str, to: str, actor: str, delivery: str | None = None
) -> Incident:
    """Offer the role to the next person on call. The actor keeps it until they accept."""
    async with locked_incident(context, number, delivery) as work:
        shift = shift_change.require_offer(work.incident, role, actor)
        authorize.require(context, "handover", actor, work.incident)
        change = handover.offer(work.incident, role, to, actor, work.policy, work.now)
        handed = shift_change.with_state(change.incident, shift, ShiftState.HANDED)
        return await work.commit(
            Change(handed, change.entries), routing.handover_offered(handed, change.incident.handovers[-1])
        )


async def stay(context: Context, number: int, role: str, actor: str, delivery: str | None = None) -> Incident:
    """Record that the actor keeps the role after the end of their shift."""
    async with locked_incident(context, number, delivery) as work:
        return await work.commit(shift_change.stay(work.incident, role, actor, work.policy, work.now))


async def schedules_changed(context: Context, names: set[str], before: Sequence[Override]) -> None:
    """Update the tracked shifts on these schedules, which may end earlier or later after a change of covers.

    `before` are the overrides before the change. Call it after the change is committed.
    """
    async with context.database.reading() as conn:
        now = context.clock.now()
        after = await overrides.in_force(conn, now)
        people = await _on_call(conn, context.policy, names, now, [before, after])
        people |= {override.member for override in (*before, *after) if override.schedule in names}
        # A role holder's shift names its schedule.
        incident_filter = incidents.IncidentFilter(open_only=True, naming=frozenset(people | names))
        concerned = await incidents.find(conn, incident_filter, (), MAX_INCIDENTS)
    for incident in concerned:
        holders = people.intersection(incident.roles.values())
        if holders or any(shift.schedule in names for shift in shift_change.pending(incident)):
            async with locked_incident(context, incident.number) as work:
                await _update_shifts(work, names, before)


async def _on_call(
    conn: AsyncConnection, policy: Policy, names: set[str], now: datetime, overrides_seen: Sequence[Sequence[Override]]
) -> set[str]:
    """Slack IDs of the people on call on these schedules, by any of these sets of overrides."""
    members = {
        member
        for name in names & set(policy.schedules)
        for override_set in overrides_seen
        for member in oncall.on_call(policy.schedules[name], now, override_set)
    }
    return {user for member in members if (user := await on_call.user_of(conn, policy, member))}


async def _update_shifts(work: UnitOfWork, names: set[str], before: Sequence[Override]) -> None:
    """1. Read the shifts as planned now. 2. End the shift of a person who was on call a moment ago and is no longer.
    3. Leave a shift that has ended already to its deadline, which offers the handover.
    """
    fresh = await role_shifts.with_current_shifts(work.conn, work.incident, work.policy, work.now)
    after = await overrides.in_force(work.conn, work.now)
    settled = {_key(shift) for shift in shift_change.current_shifts(work.incident) if shift.state}
    ended: dict[tuple[str, str, str], RoleShift] = {}
    for name in names:
        on_call_before = await _on_call(work.conn, work.policy, {name}, work.now, [before])
        relieved = on_call_before - await _on_call(work.conn, work.policy, {name}, work.now, [after])
        shifts = [
            RoleShift(role, user, name, work.now) for role, user in work.incident.roles.items() if user in relieved
        ]
        ended |= {_key(shift): shift for shift in shifts if _key(shift) not in settled}
    ended |= {_key(shift): shift for shift in shift_change.pending(work.incident) if shift.ends_at <= work.now}
    unchanged = tuple(shift for shift in fresh.turns if _key(shift) not in ended)
    await work.commit(Change(replace(fresh, turns=(*unchanged, *ended.values()))))


def _key(shift: RoleShift) -> tuple[str, str, str]:
    return (shift.role, shift.user, shift.schedule)
