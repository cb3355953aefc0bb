"""Receives the alerts of one request: stores them, and opens or changes their groups, in one transaction."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.alerts import group as groups_of_alerts
from bot.domain.alerts.alert import Alert, AlertBatch, AlertStatus
from bot.domain.alerts.group import AlertGroup, Decision, GroupChange
from bot.domain.alerts.heartbeat import REPEATING, beats_in, recovery
from bot.domain.alerts.reception import AlertStates, ReceivedAlert, Reception, receive
from bot.domain.alerts.routing import Placement, in_catalog, place_all
from bot.domain.policy.alert_rules import AlertAction
from bot.domain.policy.policy import Policy
from bot.usecases import shadow
from bot.usecases.alerts import escalate, inhibit
from bot.usecases.alerts.tell import tell
from bot.usecases.context import Context
from storage import incidents, ingest
from storage.alerts import changes as service_changes
from storage.alerts import deadlines, groups, heartbeats, inhibitors, members, occurrences
from storage.outbox import enqueue

PORTION = 500  # alerts in one transaction, so that other writers wait briefly
EVENT = "alert_event:"  # before the ID of an event, in the key of its delivery


@dataclass(frozen=True, slots=True)
class Receipt:
    """The changes that a batch made."""

    received: int = 0
    new: int = 0
    repeated: int = 0
    resolved: int = 0
    stale: int = 0
    rejected: int = 0
    groups: tuple[str, ...] = ()  # IDs of the groups that it opened or changed

    def __add__(self, other: Receipt) -> Receipt:
        """The changes of two batches together."""
        return Receipt(
            self.received + other.received,
            self.new + other.new,
            self.repeated + other.repeated,
            self.resolved + other.resolved,
            self.stale + other.stale,
            self.rejected + other.rejected,
            tuple(dict.fromkeys([*self.groups, *other.groups])),
        )


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
    """Store a batch and return what was new in it. Returns after the last commit; the same batch again changes nothing.

    A large batch is stored in portions, so that others can write in between.
    """
    return await receive_by(context, batch, context.policy)


async def receive_by(context: Context, batch: AlertBatch, policy: Policy) -> Receipt:
    """Do what `receive_alerts` does, by the routes of this policy."""
    receipt = Receipt(received=len(batch.rejected), rejected=len(batch.rejected))
    for portion in portions(batch):
        receipt += await _receive_portion(context, portion, policy)
    context.wakeups.notify()
    context.wakeups.alerts.set()
    return receipt


def portions(batch: AlertBatch) -> list[AlertBatch]:
    """The batch in parts of at most `PORTION` alerts. In a large one, firing alerts come before those that are over.

    Otherwise a group could be over for a moment between two portions. Alerts that fire and are over in the same batch
    keep their order.
    """
    alerts = batch.alerts
    if len(alerts) > PORTION:
        over = {alert.occurrence for alert in alerts if alert.status is not AlertStatus.FIRING}
        alerts = tuple(sorted(alerts, key=lambda alert: alert.by_state or alert.occurrence in over))
    parts = [
        AlertBatch(alerts[start : start + PORTION], (), batch.truncated) for start in range(0, len(alerts), PORTION)
    ]
    if not batch.changes:
        return [replace(parts[0], pages=batch.pages), *parts[1:]] if parts else [AlertBatch((), pages=batch.pages)]
    return [*parts, AlertBatch((), changes=batch.changes)]


async def _receive_portion(context: Context, batch: AlertBatch, policy: Policy) -> Receipt:
    """Store a portion in one transaction.

    1. Find the routes, in a thread. 2. Compare with the stored occurrences. 3. Add firing alerts to groups. 4. Remove
    those that are over. 5. Save, and update the incidents and cards of the groups.
    """
    placements_by_occurrence = await asyncio.to_thread(_place, batch.alerts, policy)
    async with context.database.serialized() as conn:
        highest = await groups.lock_all(conn)
        now = context.clock.now()
        beats = beats_in([placement for several in placements_by_occurrence.values() for placement in several], now)
        missed = await heartbeats.hear(conn, list(beats.values()), now)
        recoveries = [recovery(beat, now) for beat in missed]
        received = await _record_alerts(conn, [*batch.alerts, *recoveries], now)
        new_changes = await service_changes.save(conn, in_catalog(batch.changes, policy))
        work = _Batch(conn, policy, now)
        placements = [
            placement for alert in _newly_firing(received) for placement in placements_by_occurrence[alert.occurrence]
        ]
        await _fire(
            work, [placement for placement in placements if placement.route.do is not AlertAction.HEARTBEAT], highest
        )
        await _resolve(work, _ended_alerts(received))
        changes = await _save(work, batch.truncated)
        await shadow.hear(context, conn, batch.pages)
        for change in changes:
            if change.fired_again:
                await escalate.arm_rungs(conn, change.group, context)
        await _hear_repeated(work, received, changes)
        await tell(context, conn, changes, now)
    heartbeat_identities = {alert.identity for alert in recoveries}
    receptions = [
        received_alert.reception
        for received_alert in received
        if received_alert.alert.identity not in heartbeat_identities
    ]
    count = {kind: receptions.count(kind) for kind in Reception}
    return Receipt(
        received=batch.received,
        new=count[Reception.NEW] + new_changes,
        repeated=count[Reception.REPEATED] + len(batch.changes) - new_changes,
        resolved=count[Reception.RESOLVED],
        stale=count[Reception.STALE],
        groups=tuple(change.group.id for change in changes),
    )


async def _hear_repeated(work: _Batch, received: Sequence[ReceivedAlert], changes: Sequence[GroupChange]) -> None:
    """Move the stale deadlines of groups whose sources repeat alerts, and mark stale groups as reporting again."""
    repeated = [
        received_alert.alert
        for received_alert in received
        if received_alert.reception is Reception.REPEATED and _repeats(received_alert.alert)
    ]
    firing = await members.firing_occurrences(work.conn, list({alert.identity for alert in repeated}))
    heard_numbers = {number for memberships in firing.values() for number, _ in memberships}
    changed = {change.group.number: change.group for change in changes}
    stale = [
        group
        for group in (await groups.get_many(work.conn, heard_numbers - changed.keys())).values()
        if group.stale_since is not None
    ]
    await groups.save_many(work.conn, [groups_of_alerts.hear(group, work.now) for group in stale])
    await enqueue.put(work.conn, [routing.alert_card_edit(group.number) for group in stale if group.carded])
    await enqueue.put(work.conn, [routing.alerts_edit(group.incident) for group in stale if group.incident is not None])
    firing_numbers = {
        number for number, group in changed.items() if group.state is AlertStatus.FIRING and group.source in REPEATING
    }
    due_at = work.now + work.policy.alerts.stale_after
    await deadlines.arm(work.conn, sorted(firing_numbers | (heard_numbers - changed.keys())), deadlines.STALE, due_at)


def _repeats(alert: Alert) -> bool:
    return alert.source in REPEATING and alert.status is AlertStatus.FIRING


async def _record_alerts(conn: AsyncConnection, alerts: Sequence[Alert], now: datetime) -> list[ReceivedAlert]:
    """Compare alerts with their stored occurrences, and store new ones."""
    known_occurrences = await occurrences.known_statuses(conn, list({alert.occurrence for alert in alerts}))
    by_state = list({alert.identity for alert in alerts if alert.by_state})
    unknown_ends = {
        alert.identity
        for alert in alerts
        if alert.status is AlertStatus.RESOLVED and alert.occurrence not in known_occurrences
    }
    firing = await members.current_occurrences(conn, list(unknown_ends.union(by_state)))
    events = {EVENT + alert.event_id for alert in alerts if alert.by_state and alert.event_id is not None}
    received_events = {key.removeprefix(EVENT) for key in await ingest.claim_deliveries(conn, events, now)}
    states = AlertStates(firing, await occurrences.ends(conn, by_state), event_ids=received_events)
    received = receive(alerts, known_occurrences, states)
    await occurrences.save(conn, received, now)
    await occurrences.save_ends(conn, {identity: states.ended[identity] for identity in states.changed}, now)
    return received


def _place(alerts: Sequence[Alert], policy: Policy) -> dict[str, list[Placement]]:
    """The groups of each alert that fires, by its occurrence."""
    placements: dict[str, list[Placement]] = {}
    firing = {alert.occurrence: alert for alert in alerts if alert.status is AlertStatus.FIRING}
    for placement in place_all(firing.values(), policy):
        placements.setdefault(placement.alert.occurrence, []).append(placement)
    return placements


def _newly_firing(received: Sequence[ReceivedAlert]) -> list[Alert]:
    """Alerts that began to fire, and are not over within the same batch."""
    last = {
        received_alert.alert.occurrence: received_alert.alert.status
        for received_alert in received
        if received_alert.reception is not Reception.STALE
    }
    new = {
        received_alert.alert.occurrence: received_alert.alert
        for received_alert in received
        if received_alert.reception is Reception.NEW
    }
    return [
        alert
        for occurrence, alert in new.items()
        if alert.status is AlertStatus.FIRING and last[occurrence] is AlertStatus.FIRING
    ]


def _ended_alerts(received: Sequence[ReceivedAlert]) -> list[Alert]:
    return [
        received_alert.alert
        for received_alert in received
        if received_alert.reception in (Reception.RESOLVED, Reception.REPLACED)
    ]


async def _fire(work: _Batch, placements: Sequence[Placement], highest: int) -> None:
    """Add alerts to the groups that accept them, and open groups for the others."""
    by_key: dict[str, list[Placement]] = {}
    for placement in placements:
        by_key.setdefault(placement.group_key, []).append(placement)
    newest = await groups.newest_by_key(work.conn, by_key.keys())
    numbers = {group.incident for group in newest.values() if group.incident is not None}
    with_incident = await incidents.get_many(work.conn, numbers)
    next_number = highest
    for key, placed in by_key.items():
        group = newest.get(key)
        fits, reason, has_ended = False, "", False
        if group is not None:
            incident = with_incident.get(group.incident or 0)
            has_ended = incident is not None and not incident.open
            fits, reason = groups_of_alerts.takes(group, has_ended, work.policy.alerts, work.now)
        if group is not None and fits:
            change = groups_of_alerts.join(group, placed, reason, work.policy, work.now)
            change = groups_of_alerts.offer_reopening(change, has_ended, work.now)
        else:
            next_number += 1
            new_group = groups_of_alerts.open_group(next_number, placed, work.policy, work.now)
            new_group = new_group.with_step(work.now, "group", reason) if reason else new_group
            if group is not None and has_ended:
                new_group = replace(new_group, previous=group.incident)
            change = GroupChange(new_group, fired=len(placed), opened=True)
        work.changes[change.group.number] = change
        work.fired += [(change.group.number, placement.alert) for placement in placed]
    if next_number > highest:
        await groups.set_highest_number(work.conn, next_number)


async def _resolve(work: _Batch, over: Sequence[Alert]) -> None:
    """Resolve alerts that are over in every group in which their occurrence fires."""
    firing = await members.firing_occurrences(work.conn, list({alert.identity for alert in over}))
    fired = {(group, alert.identity) for group, alert in work.fired}
    for alert in over:
        work.resolved += [
            (group, alert)
            for group, occurrence in firing.get(alert.identity, [])
            if occurrence == alert.occurrence and (group, alert.identity) not in fired
        ]
    missing = {group for group, _ in work.resolved} - work.changes.keys()
    for number, group in (await groups.get_many(work.conn, missing)).items():
        work.changes[number] = GroupChange(group)


async def _save(work: _Batch, truncated: int) -> list[GroupChange]:
    """Write the groups with their alerts and deadlines. Returns the changes as saved, by number."""
    changes = [_with_truncated(change, truncated) for _, change in sorted(work.changes.items())]
    opened_changes = [change for change in changes if change.opened]
    await groups.open_many(work.conn, [change.group for change in opened_changes])
    await members.fire(work.conn, work.fired)
    await members.resolve(work.conn, work.resolved)
    await inhibit.remember(work.conn, work.fired, work.policy.alerts)
    lifted = await inhibitors.remove(work.conn, work.resolved)
    changed = await _settle(work, [change for change in changes if not change.opened])
    await groups.save_many(work.conn, [change.group for change in changed])
    await inhibit.lift(work.conn, lifted | {change.group.number for change in changed if change.over}, work.now)
    changes = [*changed, *opened_changes]
    waiting = [change for change in changes if _waits_anew(change)]
    numbers = [change.group.number for change in waiting]
    await deadlines.arm(work.conn, numbers, deadlines.DECIDE, work.now + work.policy.alerts.wait)
    return changes


def _with_truncated(change: GroupChange, truncated: int) -> GroupChange:
    if change.group.truncated == truncated:
        return change
    return replace(change, group=replace(change.group, truncated=truncated))


async def _settle(work: _Batch, changes: Sequence[GroupChange]) -> list[GroupChange]:
    """The changes of existing groups, with the counts of their alerts, and their pages settled."""
    resolved = Counter(number for number, _ in work.resolved)
    counts = await members.counts(work.conn, [change.group.number for change in changes])
    settled = []
    for change in changes:
        number = change.group.number
        settled.append(groups_of_alerts.settle(change, resolved[number], counts[number].firing, work.now))
    over = await escalate.settle_pages(work.conn, [change.group for change in settled if change.over])
    by_number = {group.number: group for group in over}
    return [replace(change, group=by_number[change.group.number]) if change.over else change for change in settled]


def _waits_anew(change: GroupChange) -> bool:
    group: AlertGroup = change.group
    anew = change.opened or change.fired_again or change.waits_anew
    return group.decision is Decision.WAITING and not group.held and anew
