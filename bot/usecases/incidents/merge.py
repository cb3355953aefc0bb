"""Merges an incident into another one in one transaction: notes in both, people, groups of alerts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.alerts.entries import of_attachment
from bot.domain.alerts.group import AlertGroup
from bot.domain.errors import NotFound
from bot.domain.incident import Change, Incident
from bot.domain.incident.merge import absorb, check_merge
from bot.domain.incident.merge import merge as merged
from bot.domain.outcome import Outcome
from bot.domain.routing.notice import Notice
from bot.domain.values.slack_ids import is_user_id
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.unit_of_work import PendingChange, claim_delivery, commit_many
from bot.usecases.visibility import insiders, visible_other
from storage import incidents
from storage.alerts import groups

MOST_GROUPS = 1000  # groups of alerts that move


@dataclass(frozen=True, slots=True)
class MergeResult:
    """The result of a merge."""

    incident: Incident
    target: Incident
    invited: tuple[str, ...] = ()  # people who are invited to the target's channel
    outside: tuple[str, ...] = ()  # people of the incident who are not in the private target, and are not invited
    groups: int = 0  # number of groups of alerts that moved


async def merge(
    context: Context, number: int, into: int, actor: str, delivery: str | None = None, *, sees_all: bool = False
) -> MergeResult:
    """End an incident as merged into another one. `sees_all`: the actor may see every private incident.

    1. Lock the groups of alerts, then both incidents. 2. Check what the person may do and see. 3. Move the
    groups. 4. Commit both incidents with their notes and invitations. Nobody is invited to a private channel: its
    members decide who sees it.
    """
    async with context.database.serialized() as conn:
        await groups.lock_all(conn)
        await incidents.lock_many_without_reading(conn, sorted({number, into}))
        now = context.clock.now()
        incident = await _read(conn, number)
        await claim_delivery(conn, delivery, now)
        context.precondition(incident)
        authorize.require(context, "merge", actor, incident)
        target = await visible_other(conn, into, actor, sees_all=sees_all)
        authorize.require(context, "merge", actor, target)
        check_merge(incident, target)
        people = await insiders(conn, incident)
        target_insiders = await insiders(conn, target) if target.private else None
        moved = await _move_groups(conn, incident, target, now)
        policies = [await context.policies.of(conn, changed) for changed in (incident, target)]
        ending = merged(incident, target, actor, now)
        joining = absorb(target, incident, actor, policies[1], now, target_insiders)
        invited = _people_to_invite(people, joining.incident) if target_insiders is None else ()
        alert_entries = tuple(of_attachment(group, actor, now) for group in moved)
        joining = Change(joining.incident, (*joining.entries, *alert_entries))
        invitations = [_invitation(target, user, actor) for user in invited]
        pending = [
            PendingChange(incident, Outcome(ending, _alert_edits(incident, moved)), policies[0], source=context.source),
            PendingChange(
                target,
                Outcome(joining, (*invitations, *_alert_posts(target, moved))),
                policies[1],
                source=context.source,
            ),
        ]
        context.names.request(people)
        saved = {changed.number: changed for changed in await commit_many(conn, _by_number(pending), now)}
    context.wakeups.notify()
    outside = () if target_insiders is None else tuple(sorted(people - target_insiders))
    return MergeResult(saved[number], saved[into], invited, outside, len(moved))


def _by_number(pending: Sequence[PendingChange]) -> list[PendingChange]:
    return sorted(pending, key=lambda change: change.outcome.incident.number)


async def _read(conn: AsyncConnection, number: int) -> Incident:
    incident = await incidents.get(conn, number)
    if incident is None:
        raise NotFound(f"There is no incident INC-{number}.", "list all")
    return incident


async def _move_groups(conn: AsyncConnection, incident: Incident, target: Incident, now: datetime) -> list[AlertGroup]:
    """Move the incident's groups of alerts to the target, and return them."""
    source_groups = await groups.of_incident(conn, incident.number, MOST_GROUPS)
    reason = f"{incident.id} was merged into {target.id}"
    moved = [
        replace(group, incident=target.number, reason=reason).with_step(now, "merge", reason) for group in source_groups
    ]
    await groups.save_many(conn, moved)
    return moved


def _people_to_invite(people: frozenset[str], target: Incident) -> tuple[str, ...]:
    target_people = {target.declared_by, *target.responders, *target.roles.values()}
    return tuple(sorted(user for user in people if is_user_id(user) and user not in target_people))


def _invitation(target: Incident, user: str, actor: str) -> Notice:
    return replace(routing.invitation(target.number, user, actor), resend=True)


def _alert_edits(incident: Incident, moved: Sequence[AlertGroup]) -> tuple[Notice, ...]:
    return (routing.alerts_edit(incident.number),) if moved else ()


def _alert_posts(target: Incident, moved: Sequence[AlertGroup]) -> tuple[Notice, ...]:
    if not moved:
        return ()
    cards = [routing.alert_card_edit(group.number) for group in moved if group.carded]
    return (routing.alerts_posted(target.number), routing.alerts_edit(target.number), *cards)
