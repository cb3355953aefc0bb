"""Tracks in an incident the on-call shifts of role holders, who are offered to hand over when a shift ends.

The holder is asked once in a shift.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident, RoleShift, ShiftState
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import entry
from bot.domain.values.slack_ids import user_mention


def current_shifts(incident: Incident) -> tuple[RoleShift, ...]:
    """The shifts whose end still matters: the incident is open, and the person still holds the role."""
    if not incident.open:
        return ()
    return tuple(shift for shift in incident.turns if incident.roles.get(shift.role) == shift.user)


def pending(incident: Incident) -> tuple[RoleShift, ...]:
    """The shifts whose end is planned as a deadline."""
    return tuple(shift for shift in current_shifts(incident) if shift.state is ShiftState.RUNNING)


def open_offers(incident: Incident) -> tuple[RoleShift, ...]:
    """The shifts whose holders have not answered the offer to hand the role over."""
    return tuple(shift for shift in current_shifts(incident) if shift.state is ShiftState.OFFERED)


def with_shifts(incident: Incident, shifts: Sequence[RoleShift]) -> Incident:
    """The incident with these as its running shifts. Shifts that were offered or answered keep their state."""
    answered_shifts = tuple(shift for shift in current_shifts(incident) if shift.state is not ShiftState.RUNNING)
    settled = {(shift.role, shift.user, shift.schedule) for shift in answered_shifts}
    running = tuple(shift for shift in shifts if (shift.role, shift.user, shift.schedule) not in settled)
    return (
        incident
        if incident.turns == (*answered_shifts, *running)
        else replace(incident, turns=(*answered_shifts, *running))
    )


def with_state(incident: Incident, shift: RoleShift, state: ShiftState) -> Incident:
    """The incident with this shift in another state."""
    shifts = tuple(replace(turn, state=state) if turn == shift else turn for turn in incident.turns)
    return replace(incident, turns=shifts)


def require_offer(incident: Incident, role: str, actor: str) -> RoleShift:
    """The open offer that the actor answers. Raises `Refused` when it has ended or went to another person."""
    shift = next((offered_shift for offered_shift in open_offers(incident) if offered_shift.role == role), None)
    if shift is None:
        raise Refused("That offer is over: it was answered, or the role has a new holder.", "roles")
    if shift.user != actor:
        raise Refused(f"That was asked of {user_mention(shift.user)}.", f"role {role} me")
    return shift


def stay(incident: Incident, role: str, actor: str, policy: Policy, now: datetime) -> Change:
    """The actor keeps the role after their shift. Raises `Refused` unless the offer is open and theirs."""
    shift = require_offer(incident, role, actor)
    title = policy.role(role).title
    record = entry(
        now, "handover", actor, f"{title}: {user_mention(actor)} stays on after their shift on {shift.schedule}",
        role=role, title=title, holder=actor, by=actor, schedule=shift.schedule,
        state=str(ShiftState.STAYS), told=True,
    )  # fmt: skip
    return Change(with_state(incident, shift, ShiftState.STAYS), (record,))


def outcome(shift: RoleShift, after: Incident) -> str:
    """The sentence that tells a person how their offer ended, which was open before and is not open in `after`."""
    if not after.open:
        return f"the incident is {after.status}"
    if after.roles.get(shift.role) != shift.user:
        return "the role went to somebody else"
    role_turns = (turn for turn in after.turns if (turn.role, turn.schedule) == (shift.role, shift.schedule))
    match next((turn.state for turn in role_turns), None):
        case ShiftState.HANDED:
            return "you asked for it to be taken over"
        case ShiftState.STAYS:
            return "you stay on"
        case _:
            return "it is over"
