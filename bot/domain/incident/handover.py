"""Computes how an incident changes when a role is offered to a person, and when they accept or decline.

The holder keeps the role until the offer is accepted.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incident.roles import assign
from bot.domain.incident.state import Change, Handover, Incident, RoleGrant, require_open
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import Entry, entry
from bot.domain.values.durations import exact
from bot.domain.values.slack_ids import user_mention


def open_offers(incident: Incident) -> tuple[Handover, ...]:
    """The offers of this episode that wait for an answer. An offer also ends when the role gets another holder."""
    if not incident.open:
        return ()
    return tuple(
        offered
        for offered in incident.handovers
        if offered.episode == incident.episode and incident.roles.get(offered.role) == offered.holder
    )


def require_offer(incident: Incident, number: int, actor: str) -> Handover:
    """The open offer that the actor answers. Raises `Refused` when it has ended or went to another person."""
    offered = next((handover for handover in open_offers(incident) if handover.number == number), None)
    if offered is None:
        raise Refused("That handover is over: it was answered, or the role has a new holder.", "roles")
    if offered.to != actor:
        raise Refused(f"That was asked of {user_mention(offered.to)}.", f"role {offered.role} me")
    return offered


def offer(incident: Incident, role: str, to: str, actor: str, policy: Policy, now: datetime) -> Change:
    """Ask a person to take a role over; an earlier offer of the same role is withdrawn.

    Raises `Refused` when they hold it already or offer it to themselves.
    """
    require_open(incident)
    duty = policy.role(role)
    holder = incident.roles.get(duty.key)
    if holder == to:
        raise Refused(f"{user_mention(to)} is {duty.title} already.", "roles")
    if to == actor:
        raise Refused(f"A handover goes to somebody else. To be {duty.title} yourself:", f"role {duty.key} me")
    number = incident.handovers_asked + 1
    offered = Handover(number, duty.key, to, actor, holder, now, now + policy.nudges.handover_within, incident.episode)
    other_offers = tuple(handover for handover in open_offers(incident) if handover.role != duty.key)
    changed = replace(incident, handovers=(*other_offers, offered), handovers_asked=number)
    return Change(changed, (_entry(now, actor, offered, policy, "asked", f"{user_mention(to)} is asked to take over"),))


def accept(incident: Incident, number: int, actor: str, policy: Policy, now: datetime) -> Change:
    """The actor takes the role. Raises `Refused` unless the offer is open and theirs."""
    offered = require_offer(incident, number, actor)
    assigned = assign(_without(incident, number), offered.role, actor, actor, policy, now)
    grants = {**assigned.incident.role_grants, offered.role: RoleGrant(offered.by, now)}
    accepted = replace(assigned.incident, role_grants=grants)
    record = _entry(now, actor, offered, policy, "accepted", "accepted the handover")
    untold = replace(record, data={**record.data, "told": False})  # the channel hears of the role instead
    return Change(accepted, (untold, *assigned.entries))


def decline(incident: Incident, number: int, actor: str, policy: Policy, now: datetime) -> Change:
    """The role stays with its holder. Raises `Refused` unless the offer is open and the actor's."""
    offered = require_offer(incident, number, actor)
    record = _entry(now, actor, offered, policy, "declined", "declined to take over")
    return Change(_without(incident, number), (record,))


def ask_again(incident: Incident, offered: Handover, policy: Policy, now: datetime) -> Incident:
    """Ask a second time; the person gets the same time again to answer."""
    repeated = replace(offered, nudged=True, due_at=now + policy.nudges.handover_within)
    other_offers = _without(incident, offered.number).handovers
    return replace(incident, handovers=(*other_offers, repeated))


def expire(incident: Incident, offered: Handover, actor: str, policy: Policy, now: datetime) -> Change:
    """The second request went unanswered as well: the offer ends, and the role stays with its holder."""
    text = f"{user_mention(offered.to)} did not answer within {exact(now - offered.asked_at)}"
    record = _entry(now, actor, offered, policy, "unanswered", text)
    return Change(_without(incident, offered.number), (record,))


def outcome(number: int, before: Incident, after: Incident) -> str:
    """The outcome in words of an offer that was open in `before` and is closed in `after`."""
    offered = next((handover for handover in before.handovers if handover.number == number), None)
    if not after.open:
        return f"the incident is {after.status}"
    if offered is None:
        return "the roles changed"
    if after.roles.get(offered.role) == offered.to:
        return f"accepted by {user_mention(offered.to)}"
    if after.roles.get(offered.role) != offered.holder:
        return "the role went to somebody else"
    if after.handovers_asked > before.handovers_asked:
        return "somebody else was asked instead"
    return "declined"


def to_payload(offered: Handover) -> dict[str, Any]:
    """The offer as JSON for a notice, so that it can be shown after it has ended."""
    instants = {"asked_at": offered.asked_at.isoformat(), "due_at": offered.due_at.isoformat()}
    return {**asdict(offered), **instants}


def from_payload(payload: Mapping[str, Any]) -> Handover:
    """The offer in a notice's payload; other keys are ignored."""
    values = {field.name: payload[field.name] for field in fields(Handover)}
    instants = {name: datetime.fromisoformat(values[name]) for name in ("asked_at", "due_at")}
    return Handover(**{**values, **instants})


def _without(incident: Incident, number: int) -> Incident:
    return replace(incident, handovers=tuple(handover for handover in incident.handovers if handover.number != number))


def _entry(now: datetime, actor: str, offered: Handover, policy: Policy, state: str, text: str) -> Entry:
    title = policy.role(offered.role).title
    return entry(
        now, "handover", actor, f"{title}: {text}",
        role=offered.role, title=title, to=offered.to, holder=offered.holder, by=offered.by, state=state, told=True,
    )  # fmt: skip
