"""Shift change: somebody who holds a role is on call no longer. They are offered to hand the role over, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident, RoleShift
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import entry


def deadline_key(incident: Incident, turn: RoleShift) -> str:
    """Of the deadline at its end; unique for the incident and the shift change."""
    ends = int(turn.ends_at.timestamp())
    return f"shift:{incident.number}:{incident.episode}:{turn.role}:{turn.user}:{turn.schedule}:{ends}"


def current_shifts(incident: Incident) -> tuple[RoleShift, ...]:
    """Turns whose end still matters: the incident runs, and the role is where it was."""
    if not incident.open:
        return ()
    return tuple(one for one in incident.turns if incident.roles.get(one.role) == one.user)


def pending(incident: Incident) -> tuple[RoleShift, ...]:
    return tuple(one for one in current_shifts(incident) if one.state == "")


def open_offers(incident: Incident) -> tuple[RoleShift, ...]:
    """Offers that wait for an answer."""
    return tuple(one for one in current_shifts(incident) if one.state == "offered")


def with_shifts(incident: Incident, shifts: Sequence[RoleShift]) -> Incident:
    """With the ends of these turns to be looked at; a turn that was offered, or answered, stays so."""
    kept = tuple(one for one in current_shifts(incident) if one.state)
    settled = {(one.role, one.user, one.schedule) for one in kept}
    fresh = tuple(one for one in shifts if (one.role, one.user, one.schedule) not in settled)
    return incident if incident.turns == (*kept, *fresh) else replace(incident, turns=(*kept, *fresh))


def with_state(incident: Incident, turn: RoleShift, state: str) -> Incident:
    turns = tuple(replace(one, state=state) if one == turn else one for one in incident.turns)
    return replace(incident, turns=turns)


def require_offer(incident: Incident, role: str, actor: str) -> RoleShift:
    """The offer somebody answers. Raises `Refused` where it is over, or was made to another."""
    turn = next((one for one in open_offers(incident) if one.role == role), None)
    if turn is None:
        raise Refused("That offer is over: it was answered, or the role moved on.", "roles")
    if turn.user != actor:
        raise Refused(f"That was asked of <@{turn.user}>.", f"role {role} me")
    return turn


def stay(incident: Incident, role: str, actor: str, policy: Policy, now: datetime) -> Change:
    """Whoever was offered to hand over goes on."""
    turn = require_offer(incident, role, actor)
    title = policy.role(role).title
    said = entry(
        now, "handover", actor, f"{title}: <@{actor}> stays on after their turn on {turn.schedule}",
        role=role, title=title, holder=actor, by=actor, schedule=turn.schedule, state="stays", told=True,
    )  # fmt: skip
    return Change(with_state(incident, turn, "stays"), (said,))


def outcome(turn: RoleShift, after: Incident) -> str:
    """What became of an offer that stood before and does not now, in words."""
    if not after.open:
        return f"the incident is {after.status}"
    if after.roles.get(turn.role) != turn.user:
        return "the role went to somebody else"
    now = next((one for one in after.turns if (one.role, one.schedule) == (turn.role, turn.schedule)), None)
    if now is not None and now.state == "handed":
        return "you asked for it to be taken over"
    return "you stay on" if now is not None and now.state == "stays" else "it is over"
