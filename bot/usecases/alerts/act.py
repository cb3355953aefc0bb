"""Carries out what a person chooses on the card of a group of alerts: declare, attach, or dismiss."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.alerts import group as groups_of_alerts
from bot.domain.alerts.group import AlertGroup, Decision
from bot.domain.errors import NotFound, Refused
from bot.domain.incident import Incident
from bot.domain.values.slack_ids import user_mention
from bot.usecases import authorize
from bot.usecases.alerts.decide import attach
from bot.usecases.alerts.escalate import settle_pages
from bot.usecases.alerts.inhibit import lift
from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration, declare_within
from bot.usecases.unit_of_work import claim_delivery
from storage import incidents
from storage.alerts import groups
from storage.outbox import enqueue

DISMISSALS = {"false_alarm": "False alarm", "known": "Known", "not_actionable": "Not actionable"}


@dataclass(slots=True)
class _LockedGroup:
    """A group that is locked in a transaction. The final value of `group` is saved at the end."""

    conn: AsyncConnection
    group: AlertGroup
    now: datetime


async def require_undecided(context: Context, number: int) -> AlertGroup:
    """The group, before a form is opened for it. Raises `Refused` if somebody has acted on it."""
    async with context.database.reading() as conn:
        group = await groups.get(conn, number)
        if group is None:
            raise NotFound(f"There is no group of alerts AG-{number}.", "alerts")
        if group.decision is not Decision.ASKED:
            raise Refused(await _overtaken(conn, group), "alerts")
    return group


async def declare_from_card(
    context: Context, number: int, declaration: Declaration, delivery: str | None = None
) -> Incident:
    """Declare an incident for a group as a person filled in the form. Raises `Refused` if somebody was faster.

    The incident was detected when the first alert began.
    """
    actor = declaration.actor
    authorize.require(context, "declare", actor)
    context.policy.severity(declaration.severity)
    async with _locked_undecided(context, number, delivery) as locked:
        decided = groups_of_alerts.decide(locked.group, Decision.DECLARED, "a person declared it", locked.now, by=actor)
        since = replace(declaration, detected_at=locked.group.started_at)
        incident = await declare_within(context, locked.conn, since)
        locked.group = replace(decided, incident=incident.number)
        await attach(context, locked.conn, locked.group, incident, actor, locked.now)
    return incident


def require_attach(context: Context, actor: str, incident: Incident | None = None) -> None:
    """Raise `Refused` unless the person may attach alerts: a member who may write notes in the incident."""
    authorize.require_member(context, "silence", actor, incident, "attach alerts")
    if incident is not None:
        authorize.require(context, "note", actor, incident)


async def attach_to_incident(
    context: Context, number: int, incident_number: int, actor: str, delivery: str | None = None
) -> Incident:
    """Make a group part of an open incident. Raises `Refused` if somebody was faster, or if the incident has ended."""
    async with _locked_undecided(context, number, delivery) as locked:
        incident = await incidents.lock(locked.conn, incident_number)
        if incident is None:
            raise NotFound(f"There is no incident INC-{incident_number}.", "list all")
        if not incident.open:
            raise Refused(f"{incident.id} is {incident.status}. Choose one that is open, or declare one.", "list")
        require_attach(context, actor, incident)
        decided = groups_of_alerts.decide(locked.group, Decision.ATTACHED, "a person attached it", locked.now, by=actor)
        locked.group = replace(decided, incident=incident.number)
        await attach(context, locked.conn, locked.group, incident, actor, locked.now)
    return incident


async def dismiss(
    context: Context, number: int, why: str, note: str, actor: str, delivery: str | None = None
) -> AlertGroup:
    """Dismiss a group, which needs the permission to cancel. `why` is a key of `DISMISSALS`.

    Raises `Refused` if somebody was faster.
    """
    authorize.require(context, "cancel", actor)
    reason = DISMISSALS[why] + (f": {note}" if note else "")
    async with _locked_undecided(context, number, delivery) as locked:
        dismissed = groups_of_alerts.decide(locked.group, Decision.DISMISSED, reason, locked.now, by=actor)
        locked.group = replace(dismissed, dismissed_as=why)
    return locked.group


@asynccontextmanager
async def _locked_undecided(context: Context, number: int, delivery: str | None) -> AsyncIterator[_LockedGroup]:
    """Lock a group that people are asked about. At the end of the block it is saved, and its card edited."""
    async with context.database.serialized() as conn:
        await groups.lock_all(conn)
        now = context.clock.now()
        await claim_delivery(conn, delivery, now)
        group = await groups.get(conn, number)
        if group is None:
            raise NotFound(f"There is no group of alerts AG-{number}.", "alerts")
        if group.decision is not Decision.ASKED:
            raise Refused(await _overtaken(conn, group), "alerts")
        locked = _LockedGroup(conn, group, now)
        yield locked
        await groups.save_many(conn, await settle_pages(conn, [locked.group]))
        await enqueue.put(conn, [routing.alert_card_edit(number)])
        await lift(conn, [number], now)
    context.wakeups.notify()
    context.wakeups.alerts.set()


async def _overtaken(conn: AsyncConnection, group: AlertGroup) -> str:
    """The refusal that says how the group was decided. It is public, so a private incident is not named."""
    actor_text = f" by {user_mention(group.decided_by)}" if group.decided_by else ""
    incident = await incidents.get(conn, group.incident) if group.incident is not None else None
    incident_text = "" if incident is None else f" as {'a private incident' if incident.private else incident.id}"
    return f"{group.id} is {group.decision}{incident_text}{actor_text} already."
