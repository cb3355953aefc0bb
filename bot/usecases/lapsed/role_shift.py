"""Handles a lapsed deadline: a role holder's on-call shift has ended.

The holder is offered to hand the role over to the person who is on call now.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.deadlines import Deadline
from bot.domain.incident import Change, ShiftState
from bot.domain.oncall import schedule, shift_change
from bot.domain.outcome import Outcome, due, skip
from bot.domain.policy.policy import Policy
from bot.domain.routing import keys
from bot.domain.timeline.entry import BOT, entry
from bot.domain.values.slack_ids import user_mention
from bot.usecases.effects import on_call, role_shifts
from bot.usecases.unit_of_work import UnitOfWork
from storage import overrides


async def handle(work: UnitOfWork, deadline: Deadline) -> Outcome:
    """1. Find who is on call now. 2. Skip if it is nobody, or the holder again. 3. Offer it once, privately."""
    incident, policy = work.incident, work.policy
    shift = next(
        candidate
        for candidate in shift_change.pending(incident)
        if keys.shift_subject(incident, candidate) == deadline.subject
    )
    member = await _on_call_now(work, shift.schedule)
    if member is None:
        reason = f"nobody is on call on {shift.schedule} after {user_mention(shift.user)}"
        return skip(Change(shift_change.with_state(incident, shift, ShiftState.OVER)), deadline.dedup_key, reason)
    if await on_call.user_of(work.conn, policy, member) == shift.user:
        without_shift = replace(incident, turns=tuple(candidate for candidate in incident.turns if candidate != shift))
        with_current_shift = await role_shifts.with_current_shifts(work.conn, without_shift, policy, work.now)
        return skip(
            Change(with_current_shift),
            deadline.dedup_key,
            f"{user_mention(shift.user)} is on call on {shift.schedule} for longer",
        )
    address = on_call.address_of(policy, member) or member
    name = _name(policy, member, address)
    title = policy.role(shift.role).title
    why = f"{user_mention(shift.user)}'s shift on {shift.schedule} is over: offered to hand over {title} to {name}"
    reminder = entry(work.now, "reminder", BOT, why, of="role", deadline=deadline.dedup_key, schedule=shift.schedule)
    offered = due(
        Change(shift_change.with_state(incident, shift, ShiftState.OFFERED), (reminder,)), deadline.dedup_key, why
    )
    return replace(offered, notices=(routing.shift_offer(incident, shift, address, name, deadline.dedup_key),))


async def _on_call_now(work: UnitOfWork, name: str) -> str | None:
    rota = work.policy.schedules.get(name)
    if rota is None:
        return None
    return next(iter(schedule.on_call(rota, work.now, await overrides.in_force(work.conn, work.now))), None)


def _name(policy: Policy, member: str, address: str) -> str:
    contact = policy.contacts.get(member)
    if contact is not None and contact.name:
        return contact.name
    return address if "@" in address else user_mention(address)
