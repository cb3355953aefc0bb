"""Change an incident: status, severity, updates, notes, impact, reminders, roles, and its end."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain import incident as verbs
from bot.domain.incident import Answer, Change, Incident, custom_fields
from bot.domain.incident import impact as impacts
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import Entry
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.unit_of_work import UnitOfWork, locked_incident

ENDS = {Status.RESOLVED: "resolve", Status.CLOSED: "close", Status.CANCELLED: "cancel"}


async def _change(
    context: Context,
    number: int,
    action: str | None,
    actor: str,
    verb: Callable[[UnitOfWork], Change],
    delivery: str | None,
) -> Incident:
    """`action` is the permission that the actor needs; None: everyone has it."""
    async with locked_incident(context, number, delivery) as work:
        if action is not None:
            authorize.require(context, action, actor, work.incident)
        return await work.commit(verb(work))


def _permission_for(status: Status) -> str | None:
    """The permission that a change to this status needs. Everyone may acknowledge."""
    return None if status is Status.ACKNOWLEDGED else ENDS.get(status, "status")


async def move(
    context: Context, number: int, status: Status, actor: str, note: str = "", delivery: str | None = None
) -> Incident:
    """Change the status, with a note."""

    def verb(work: UnitOfWork) -> Change:
        return verbs.move(work.incident, status, actor, work.policy, work.now, note)

    return await _change(context, number, _permission_for(status), actor, verb, delivery)


async def change_severity(
    context: Context, number: int, severity: str, actor: str, reason: str = "", delivery: str | None = None
) -> Incident:
    """Change the severity; the ladder and the update cadence follow it."""

    def verb(work: UnitOfWork) -> Change:
        return verbs.change_severity(work.incident, severity, actor, work.policy, work.now, reason)

    return await _change(context, number, "severity", actor, verb, delivery)


async def update(
    context: Context,
    number: int,
    text: str,
    actor: str,
    *,
    status: Status | None = None,
    severity: str | None = None,
    next_in: timedelta | None = None,
    delivery: str | None = None,
) -> Incident:
    """Post a numbered update, and change the status and the severity with it where they differ."""

    def verb(work: UnitOfWork) -> Change:
        incident: Incident = work.incident
        entries: list[Entry] = []
        if severity and severity != incident.severity:
            authorize.require(context, "severity", actor, incident)
            change = verbs.change_severity(incident, severity, actor, work.policy, work.now)
            incident, entries = change.incident, [*change.entries]
        if status and status is not incident.status and (action := _permission_for(status)):
            authorize.require(context, action, actor, work.incident)
        if status and status is not incident.status and status is not Status.RESOLVED:
            change = verbs.move(incident, status, actor, work.policy, work.now)
            incident, entries = change.incident, [*entries, *change.entries]
        change = verbs.update(incident, text, actor, work.policy, work.now, next_in=next_in)
        incident, entries = change.incident, [*entries, *change.entries]
        if status is Status.RESOLVED:
            change = verbs.resolve(incident, actor, work.now, summary=text)
            incident, entries = change.incident, [*entries, *change.entries]
        return Change(incident, tuple(entries))

    return await _change(context, number, "update", actor, verb, delivery)


async def answer(
    context: Context, number: int, answers: dict[str, Answer | None], actor: str, delivery: str | None = None
) -> Incident:
    """Answer the organisation's own questions; None takes an answer back."""
    return await _change(
        context,
        number,
        "note",
        actor,
        lambda w: custom_fields.answer(w.incident, answers, actor, w.policy, w.now),
        delivery,
    )


async def note(
    context: Context, number: int, text: str, actor: str, link: str | None = None, delivery: str | None = None
) -> Incident:
    """Add a note to the timeline."""
    return await _change(
        context, number, "note", actor, lambda w: verbs.note(w.incident, text, actor, w.now, link), delivery
    )


async def impact(
    context: Context, number: int, form: impacts.ImpactInput, actor: str, delivery: str | None = None
) -> Incident:
    """Record the impact on users and the business."""

    def verb(work: UnitOfWork) -> Change:
        return impacts.record(work.incident, form, actor, work.now)

    return await _change(context, number, "impact", actor, verb, delivery)


async def snooze(context: Context, number: int, span: timedelta, actor: str, delivery: str | None = None) -> Incident:
    """Put reminders off for a while. Pages are not put off."""
    return await _change(
        context, number, "snooze", actor, lambda w: verbs.snooze(w.incident, span, actor, w.now), delivery
    )


async def promise(context: Context, number: int, span: timedelta, actor: str, delivery: str | None = None) -> Incident:
    """Promise the next update within `span`, instead of at the severity's cadence."""
    return await _change(
        context, number, "next", actor, lambda w: verbs.promise(w.incident, span, actor, w.now), delivery
    )


async def resolve(
    context: Context,
    number: int,
    actor: str,
    *,
    summary: str = "",
    root_cause: str = "",
    impact_ended_at: datetime | None = None,
    delivery: str | None = None,
) -> Incident:
    """End the incident, with its reminders and pages. What is left empty keeps its earlier value."""
    return await _change(
        context,
        number,
        "resolve",
        actor,
        lambda w: verbs.resolve(
            w.incident, actor, w.now, summary=summary, root_cause=root_cause, impact_ended_at=impact_ended_at
        ),
        delivery,
    )


async def close(context: Context, number: int, actor: str, delivery: str | None = None) -> Incident:
    """Nothing is left to do. Closing an open incident resolves it first."""
    return await _change(context, number, "close", actor, lambda w: verbs.close(w.incident, actor, w.now), delivery)


async def cancel(context: Context, number: int, actor: str, reason: str, delivery: str | None = None) -> Incident:
    """End the incident because it was none, with the reason."""
    return await _change(
        context, number, "cancel", actor, lambda w: verbs.cancel(w.incident, actor, w.now, reason), delivery
    )


async def reopen(context: Context, number: int, actor: str, reason: str, delivery: str | None = None) -> Incident:
    """Begin a new episode, under the policy that the incident was declared with."""

    def verb(work: UnitOfWork) -> Change:
        change = verbs.reopen(work.incident, actor, work.policy, work.now, reason)
        return replace(change, incident=replace(change.incident, live_nudge=None, live_pages=()))

    return await _change(context, number, "reopen", actor, verb, delivery)


async def assign(
    context: Context, number: int, holders: dict[str, str | None], actor: str, delivery: str | None = None
) -> Incident:
    """Give roles to people; None clears a role. A role that stays the same gets no entry."""

    def verb(work: UnitOfWork) -> Change:
        incident: Incident = work.incident
        entries: list[Entry] = []
        for role, user in holders.items():
            change = (
                verbs.assign(incident, role, user, actor, work.policy, work.now)
                if user
                else verbs.clear_role(incident, role, actor, work.policy, work.now)
            )
            incident, entries = change.incident, [*entries, *change.entries]
        return Change(incident, tuple(entries))

    return await _change(context, number, "role", actor, verb, delivery)
