"""Takes the alerts of one request: stores them, and opens or changes their groups, in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts import group as groups_of_alerts
from bot.domain.alerts.alert import Alert, AlertBatch, AlertStatus
from bot.domain.alerts.group import AlertGroup, Decision, GroupChange
from bot.domain.alerts.reception import ReceivedAlert, Reception, States, receive
from bot.domain.alerts.routing import Placement, in_catalog, place_all
from bot.domain.policy.policy import Policy
from bot.usecases.alerts import escalate, inhibit
from bot.usecases.alerts.tell import tell
from bot.usecases.context import Context
from storage import incidents
from storage.alerts import changes as service_changes
from storage.alerts import deadlines, groups, inhibitors, members, occurrences


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a batch."""

    received: int
    new: int
    repeated: int
    resolved: int
    stale: int
    rejected: int
    groups: tuple[str, ...]  # IDs of the groups that it opened or changed


@dataclass(slots=True)
class _Batch:
    """One batch within its transaction."""

    conn: AsyncConnection
    policy: Policy
    now: datetime
    changes: dict[int, GroupChange] = field(default_factory=dict)  # by the group's number
    fired: list[tuple[int, Alert]] = field(default_factory=list)
    resolved: list[tuple[int, Alert]] = field(default_factory=list)


async def receive_alerts(context: Context, batch: AlertBatch) -> Receipt:
    """Store a batch and return what was new in it. Returns after the commit; the same batch again changes nothing.

    1. Find the routes, in a thread. 2. Compare with what is known. 3. Put alerts that fire into groups, 4. and take
    those that are over out. 5. Save, and tell the incidents and cards of the groups.
    """
    policy = context.policy
    placements = await asyncio.to_thread(_placed, batch.alerts, policy)
    async with context.database.serialized() as conn:
        highest = await groups.lock_all(conn)
        now = context.clock.now()
        received = await _received(conn, batch.alerts, now)
        new_changes = await service_changes.save(conn, in_catalog(batch.changes, policy))
        work = _Batch(conn, policy, now)
        await _fire(work, [each for alert in _firing(received) for each in placements[alert.occurrence]], highest)
        await _resolve(work, _over(received))
        changes = await _saved(work, batch.truncated)
        for change in changes:
            if change.fired_again:
                await escalate.arm_rungs(conn, change.group, context)
        await tell(context, conn, changes, now)
    context.wakeups.notify()
    context.wakeups.alerts.set()
    count = {kind: sum(each.reception is kind for each in received) for kind in Reception}
    return Receipt(
        received=batch.received,
        new=count[Reception.NEW] + new_changes,
        repeated=count[Reception.REPEATED] + len(batch.changes) - new_changes,
        resolved=count[Reception.RESOLVED],
        stale=count[Reception.STALE],
        rejected=len(batch.rejected),
        groups=tuple(change.group.id for change in changes),
    )


async def _received(conn: AsyncConnection, alerts: Sequence[Alert], now: datetime) -> list[ReceivedAlert]:
    """Compare alerts with what is stored of their occurrences, and store what is new."""
    known = await occurrences.known(conn, list({alert.occurrence for alert in alerts}))
    by_state = list({alert.identity for alert in alerts if alert.by_state})
    firing = await members.current_occurrences(conn, by_state)
    states = States(firing, await occurrences.ends(conn, by_state))
    received = receive(alerts, known, states)
    await occurrences.save(conn, received, now)
    await occurrences.save_ends(conn, {identity: states.ended[identity] for identity in states.changed}, now)
    return received


def _placed(alerts: Sequence[Alert], policy: Policy) -> dict[str, list[Placement]]:
    """The groups of each alert that fires, by its occurrence."""
    placements: dict[str, list[Placement]] = {}
    firing = {alert.occurrence: alert for alert in alerts if alert.status is AlertStatus.FIRING}
    for placement in place_all(firing.values(), policy):
        placements.setdefault(placement.alert.occurrence, []).append(placement)
    return placements


def _firing(received: Sequence[ReceivedAlert]) -> list[Alert]:
    """Alerts that began to fire, and are not over within the same batch."""
    last = {each.alert.occurrence: each.alert.status for each in received if each.reception is not Reception.STALE}
    new = {each.alert.occurrence: each.alert for each in received if each.reception is Reception.NEW}
    return [
        alert
        for occurrence, alert in new.items()
        if alert.status is AlertStatus.FIRING and last[occurrence] is AlertStatus.FIRING
    ]


def _over(received: Sequence[ReceivedAlert]) -> list[Alert]:
    return [each.alert for each in received if each.reception in (Reception.RESOLVED, Reception.REPLACED)]


async def _fire(work: _Batch, placements: Sequence[Placement], highest: int) -> None:
    """Put alerts into the groups that take them, and open groups for the others."""
    by_key: dict[str, list[Placement]] = {}
    for placement in placements:
        by_key.setdefault(placement.group_key, []).append(placement)
    newest = await groups.newest_by_key(work.conn, by_key.keys())
    numbers = {group.incident for group in newest.values() if group.incident is not None}
    with_incident = await incidents.get_many(work.conn, numbers)
    next_number = highest
    for key, placed in by_key.items():
        group = newest.get(key)
        fits, reason, ended = False, "", False
        if group is not None:
            incident = with_incident.get(group.incident or 0)
            ended = incident is not None and not incident.open
            fits, reason = groups_of_alerts.takes(group, ended, work.policy.alerts, work.now)
        if group is not None and fits:
            change = groups_of_alerts.join(group, placed, reason, work.policy, work.now)
            change = groups_of_alerts.offer_reopening(change, ended, work.now)
        else:
            next_number += 1
            opened = groups_of_alerts.open_group(next_number, placed, work.policy, work.now)
            opened = opened.with_step(work.now, "group", reason) if reason else opened
            if group is not None and ended:
                opened = replace(opened, previous=group.incident)
            change = GroupChange(opened, fired=len(placed), opened=True)
        work.changes[change.group.number] = change
        work.fired += [(change.group.number, placement.alert) for placement in placed]
    if next_number > highest:
        await groups.set_highest_number(work.conn, next_number)


async def _resolve(work: _Batch, over: Sequence[Alert]) -> None:
    """Take alerts that are over out of every group in which this occurrence fires."""
    firing = await members.firing_occurrences(work.conn, list({alert.identity for alert in over}))
    fired = {(group, alert.identity) for group, alert in work.fired}
    for alert in over:
        work.resolved += [
            (group, alert)
            for group, known in firing.get(alert.identity, [])
            if known == alert.occurrence and (group, alert.identity) not in fired
        ]
    missing = {group for group, _ in work.resolved} - work.changes.keys()
    for number, group in (await groups.get_many(work.conn, missing)).items():
        work.changes[number] = GroupChange(group)


async def _saved(work: _Batch, truncated: int) -> list[GroupChange]:
    """Write the groups with their alerts and deadlines. Returns the changes as saved, by number."""
    resolved = {number: 0 for number in work.changes}
    for number, _ in work.resolved:
        resolved[number] += 1
    await groups.save_many(work.conn, [change.group for change in work.changes.values() if change.opened])
    await members.fire(work.conn, work.fired)
    await members.resolve(work.conn, work.resolved)
    await inhibit.remember(work.conn, work.fired, work.policy.alerts)
    lifted = await inhibitors.remove(work.conn, work.resolved)
    counts = await members.counts(work.conn, work.changes.keys())
    changes = []
    for number, change in sorted(work.changes.items()):
        counted = replace(change, group=replace(change.group, truncated=truncated))
        changes.append(groups_of_alerts.settle(counted, resolved[number], counts[number].firing, work.now))
    settled = await escalate.settle_pages(work.conn, [change.group for change in changes if change.over])
    by_number = {group.number: group for group in settled}
    changes = [replace(change, group=by_number.get(change.group.number, change.group)) for change in changes]
    await groups.save_many(work.conn, [change.group for change in changes])
    await inhibit.lift(work.conn, lifted | {change.group.number for change in changes if change.over}, work.now)
    waiting = [change for change in changes if _waits_anew(change)]
    numbers = [change.group.number for change in waiting]
    await deadlines.arm(work.conn, numbers, deadlines.DECIDE, work.now + work.policy.alerts.wait)
    return changes


def _waits_anew(change: GroupChange) -> bool:
    group: AlertGroup = change.group
    anew = change.opened or change.fired_again or change.waits_anew
    return group.decision is Decision.WAITING and not group.held and anew
