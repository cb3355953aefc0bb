"""Handover, two-sided: a role is offered, and stays where it is until the other accepts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, fields, replace
from datetime import datetime
from typing import Any

from bot.domain import incident as verbs
from bot.domain.errors import Refused
from bot.domain.incident import Change, Handover, Incident
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import Entry, entry
from bot.domain.values.durations import exact

DEFAULT_ROLE = "commander"


def open_offers(incident: Incident) -> tuple[Handover, ...]:
    """Offers that still wait for an answer: of this episode, of a role that has not moved on meanwhile."""
    if not incident.open:
        return ()
    return tuple(
        one
        for one in incident.handovers
        if one.episode == incident.episode and incident.roles.get(one.role) == one.holder
    )


def offer(incident: Incident, role: str, to: str, actor: str, policy: Policy, now: datetime) -> Change:
    """Ask somebody to take a role over; an earlier offer of the same role is withdrawn."""
    verbs.require_open(incident)
    part = policy.role(role)
    holder = incident.roles.get(part.key)
    if holder == to:
        raise Refused(f"<@{to}> is {part.title} already.", "roles")
    if to == actor:
        raise Refused(f"A handover goes to somebody else. To be {part.title} yourself:", f"role {part.key} me")
    number = incident.handovers_asked + 1
    asked = Handover(number, part.key, to, actor, holder, now, now + policy.nudges.handover_within, incident.episode)
    others = tuple(one for one in open_offers(incident) if one.role != part.key)
    changed = replace(incident, handovers=(*others, asked), handovers_asked=number)
    return Change(changed, (_said(now, actor, asked, policy, "asked", f"<@{to}> is asked to take over"),))


def accept(incident: Incident, number: int, actor: str, policy: Policy, now: datetime) -> Change:
    asked = require_offer(incident, number, actor)
    left = replace(incident, handovers=_without(incident, number))
    change = verbs.assign(left, asked.role, actor, actor, policy, now)
    said = _said(now, actor, asked, policy, "accepted", "accepted the handover")
    return Change(change.incident, (replace(said, data={**said.data, "told": False}), *change.entries))


def decline(incident: Incident, number: int, actor: str, policy: Policy, now: datetime) -> Change:
    asked = require_offer(incident, number, actor)
    left = replace(incident, handovers=_without(incident, number))
    return Change(left, (_said(now, actor, asked, policy, "declined", "declined to take over"),))


def ask_again(incident: Incident, asked: Handover, policy: Policy, now: datetime) -> Incident:
    """Asked once more: there is as much time again."""
    again = replace(asked, nudged=True, due_at=now + policy.nudges.handover_within)
    return replace(incident, handovers=(*_without(incident, asked.number), again))


def expire(incident: Incident, asked: Handover, actor: str, policy: Policy, now: datetime) -> Change:
    """No answer to the second asking either: the offer ends, and the role stays where it is."""
    left = replace(incident, handovers=_without(incident, asked.number))
    text = f"<@{asked.to}> did not answer within {exact(now - asked.asked_at)}"
    return Change(left, (_said(now, actor, asked, policy, "unanswered", text),))


def to_payload(asked: Handover) -> dict[str, Any]:
    """For the outbox: enough to know the offer by, once it is over."""
    instants = {"asked_at": asked.asked_at.isoformat(), "due_at": asked.due_at.isoformat()}
    return {**asdict(asked), **instants}


def from_payload(payload: Mapping[str, Any]) -> Handover:
    known = {field.name: payload[field.name] for field in fields(Handover)}
    instants = {name: datetime.fromisoformat(known[name]) for name in ("asked_at", "due_at")}
    return Handover(**{**known, **instants})


def require_offer(incident: Incident, number: int, actor: str) -> Handover:
    """The offer somebody answers. Raises `Refused` where it is over, or was made to another."""
    asked = next((one for one in open_offers(incident) if one.number == number), None)
    if asked is None:
        raise Refused("That handover is over: it was answered, or the role moved on.", "roles")
    if asked.to != actor:
        raise Refused(f"That was asked of <@{asked.to}>.", f"role {asked.role} me")
    return asked


def _without(incident: Incident, number: int) -> tuple[Handover, ...]:
    return tuple(one for one in incident.handovers if one.number != number)


def _said(now: datetime, actor: str, asked: Handover, policy: Policy, state: str, text: str) -> Entry:
    title = policy.role(asked.role).title
    return entry(
        now, "handover", actor, f"{title}: {text}",
        role=asked.role, title=title, to=asked.to, holder=asked.holder, by=asked.by, state=state, told=True,
    )  # fmt: skip
