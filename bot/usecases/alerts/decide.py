"""Decides groups of alerts that have gathered: declares an incident, attaches to an open one, or asks people."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.alerts import decision, entries
from bot.domain.alerts import group as groups_of_alerts
from bot.domain.alerts.alert import AlertStatus, harmless
from bot.domain.alerts.decision import Verdict
from bot.domain.alerts.group import AlertGroup, Decision
from bot.domain.alerts.inhibition import ActiveInhibition
from bot.domain.alerts.related import Situation, related_services
from bot.domain.incident import Change, Incident
from bot.domain.policy.alert_rules import AlertRules
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import BOT
from bot.usecases.alerts.due import claim_due
from bot.usecases.alerts.escalate import arm_rungs, settle_pages
from bot.usecases.alerts.inhibit import inhibit, inhibition_of, lift
from bot.usecases.alerts.silence import silenced_group
from bot.usecases.context import Context
from bot.usecases.incidents.declare import Declaration, declare_within
from bot.usecases.restored import look_since, looked_for
from bot.usecases.unit_of_work import begin
from storage import incidents, ingest
from storage.alerts import deadlines, groups, related, silences
from storage.lease import LEASE
from storage.outbox import enqueue

CLAIMED = 50
DESCRIPTION_LENGTH = 2000
MOST_COMPARED = 3  # silences that a reason names
MOST_FIRING = 1000  # newest groups that the one to decide is compared with
MOST_OLDER = 10_000  # older groups among which those of related services are looked for


async def claim_gathered(context: Context) -> list[int]:
    """Claim groups whose gathering interval is over. Returns their numbers, the earliest first."""
    return await claim_due(context, lambda conn, now: deadlines.claim(conn, now, CLAIMED, LEASE))


async def decide_group(context: Context, number: int) -> AlertGroup | None:
    """Decide one group in one transaction. None if it has been decided already; twice is safe."""
    async with context.database.serialized() as conn:
        await groups.lock_all(conn)
        now = context.clock.now()
        group = await groups.get(conn, number)
        if group is None or not await deadlines.is_armed(conn, number, deadlines.DECIDE):
            return None
        if group.decision is Decision.ASKED:
            decided = await _join_reopened(context, conn, group, now)
            await groups.save_many(conn, [decided])
            context.wakeups.notify()
            return decided
        if group.state is AlertStatus.FIRING and (quiet := await silenced_group(conn, group, now)) is not None:
            await groups.save_many(conn, [quiet])
            return quiet
        if group.state is AlertStatus.FIRING and (by := await inhibition_of(conn, group, context.policy.alerts)):
            await deadlines.settle(conn, number, deadlines.DECIDE)
            quiet = inhibit(group, by, now)
            await groups.save_many(conn, [quiet])
            return quiet
        group = await _with_checked_steps(conn, group, context.policy.alerts, now)
        verdict = decision.decide(group, await _situation(context, conn, group, now), context.policy, now)
        decided = await _apply(context, conn, group, verdict, now)
        await groups.save_many(conn, [decided])
    context.wakeups.notify()
    return decided


async def _with_checked_steps(conn: AsyncConnection, group: AlertGroup, rules: AlertRules, now: datetime) -> AlertGroup:
    """The group with steps that explain which silences and inhibitions were checked and do not apply."""
    if group.state is not AlertStatus.FIRING:
        return group
    if in_force := await silences.in_force(conn, now):
        silences_text = "; ".join(f"{silence.id} {silence.in_words}" for silence in in_force[:MOST_COMPARED])
        more = f" and {len(in_force) - MOST_COMPARED} more" if len(in_force) > MOST_COMPARED else ""
        group = group.with_step(
            now, "silence", f"not silenced: at least one alert of it matches no silence ({silences_text}{more})"
        )
    if rules.inhibit:
        count = len(rules.inhibit)
        names = "the policy's inhibition" if count == 1 else f"none of the policy's {count} inhibitions"
        detail = f"not inhibited: {names} {'does not keep' if count == 1 else 'keeps'} all of its alerts quiet now"
        group = group.with_step(now, "inhibit", detail)
    return group


async def _join_reopened(context: Context, conn: AsyncConnection, group: AlertGroup, now: datetime) -> AlertGroup:
    """Attach a group that people are asked about to the incident that it offered to reopen, once that is open again."""
    await deadlines.settle(conn, group.number, deadlines.DECIDE)
    for number in (group.incident, group.previous):
        incident = await incidents.lock(conn, number) if number is not None else None
        if incident is not None and incident.open:
            joined = groups_of_alerts.decide(group, Decision.ATTACHED, f"{incident.id} was reopened", now, "flap")
            joined = replace(joined, incident=incident.number)
            await attach(context, conn, joined, incident, BOT, now)
            await enqueue.put(conn, [routing.alert_card_edit(group.number)])
            (settled,) = await settle_pages(conn, [joined])
            await lift(conn, [group.number], now)
            return settled
    return group


async def attach(
    context: Context,
    conn: AsyncConnection,
    group: AlertGroup,
    incident: Incident,
    actor: str,
    now: datetime,
    *,
    tell_channel: bool = False,
) -> None:
    """Make a decided group part of an open incident, in the caller's transaction: entry and alerts message.

    The channel is told once if `tell_channel` (in a storm, unrelated alerts join), and once if the alerts are worse
    than the incident, since attaching them changes no severity and pages nobody.
    """
    policy = context.policy
    ranks = {level.key: rank for rank, level in enumerate(policy.severities)}
    is_worse = ranks.get(group.severity, len(ranks)) < ranks.get(incident.severity, -1)
    is_told = tell_channel and await ingest.claim_delivery(conn, f"alert_storm:{incident.number}", now)
    if is_worse and actor == BOT:
        is_told |= await ingest.claim_delivery(conn, f"alert_worse:{incident.number}:{group.severity}", now)
    work = await begin(context, conn, incident)
    notices = [routing.alerts_posted(incident.number), routing.alerts_edit(incident.number)]
    joined = entries.of_attachment(group, actor, now, severity=incident.severity if is_worse else None, told=is_told)
    await work.commit(Change(incident, (joined,)), notices)


async def _attach_dependencies(
    context: Context, conn: AsyncConnection, numbers: Sequence[int], leaf: AlertGroup, now: datetime
) -> None:
    """Attach groups to the incident of a group that depends on their services, so that one cause has one incident."""
    for number, group in (await groups.get_many(conn, numbers)).items():
        incident = await incidents.lock(conn, leaf.incident or 0)
        if incident is None or group.decision is not Decision.ASKED:
            continue
        reason = f"{leaf.services[0]}, whose alerts ({leaf.id}) declared, depends on {group.services[0]}"
        joined = groups_of_alerts.decide(group, Decision.ATTACHED, reason, now, "depends_on")
        joined = replace(joined, incident=incident.number)
        await attach(context, conn, joined, incident, BOT, now)
        await enqueue.put(conn, [routing.alert_card_edit(number)])
        await groups.save_many(conn, await settle_pages(conn, [joined]))
        await lift(conn, [number], now)


async def declare_for(context: Context, conn: AsyncConnection, group: AlertGroup, actor: str) -> Incident:
    """Declare an incident for a group, in the caller's transaction. It was detected when the first alert began."""
    return await declare_within(
        context,
        conn,
        Declaration(
            title=group.title,
            severity=severity_of_group(group, context.policy),
            actor=actor,
            description=description_of_group(group),
            category=category_of_group(group, context.policy),
            services=tuple(key for key in group.services if key in context.policy.services),
            detected_at=group.started_at,
        ),
    )


def description_of_group(group: AlertGroup) -> str:
    """The description of an incident that is declared for the group. Labels mention nobody."""
    labels = ", ".join(f"{label}={value}" for label, value in group.labels if value)
    return f"{group.id}: {harmless(labels, DESCRIPTION_LENGTH)}"


def category_of_group(group: AlertGroup, policy: Policy) -> str | None:
    """The group's category; None if it has none, or if the policy no longer has it."""
    return group.category if group.category in policy.categories else None


def severity_of_group(group: AlertGroup, policy: Policy) -> str:
    """The group's severity; the middle one if the policy no longer has it."""
    return group.severity if policy.has_severity(group.severity) else policy.severities[len(policy.severities) // 2].key


async def _situation(context: Context, conn: AsyncConnection, group: AlertGroup, now: datetime) -> Situation:
    firing, compared = await _firing_groups(conn, group, context.policy)
    since = decision.storm_starts_at(context.policy, now)
    declared = [
        candidate for candidate in await groups.declared_since(conn, since, MOST_FIRING) if candidate.decided_by is None
    ]
    open_now = await incidents.newest(conn, open_only=True, limit=MOST_FIRING)
    open_incidents = {incident.number: incident for incident in open_now if not incident.drill}
    return Situation(firing, open_incidents, declared, compared)


async def _firing_groups(
    conn: AsyncConnection, group: AlertGroup, policy: Policy
) -> tuple[list[AlertGroup], int | None]:
    """The other groups that fire: the newest, and older ones of related services.

    With them, if more fire than were looked at, how many were.
    """
    firing = await groups.firing(conn, MOST_FIRING)
    compared = None
    if len(firing) == MOST_FIRING:
        last = firing[-1].number
        firing += await related.firing_of_services(conn, related_services(group, policy), last, MOST_OLDER)
        if await related.fire_before(conn, last, MOST_OLDER):
            compared = MOST_FIRING + MOST_OLDER
    return [candidate for candidate in firing if candidate.number != group.number], compared


async def _apply(
    context: Context, conn: AsyncConnection, group: AlertGroup, verdict: Verdict, now: datetime
) -> AlertGroup:
    """Write the consequences of a verdict: the incident, its entry, the card. Returns the decided group."""
    if verdict.behind is not None:
        first = await deadlines.due_at(conn, verdict.behind, deadlines.DECIDE) or now
        await deadlines.arm(conn, [group.number], deadlines.DECIDE, max(first, now) + decision.AFTER_DEPENDENCY)
        return replace(group.with_step(now, verdict.step, verdict.reason), deferred=True)
    due_at = await deadlines.due_at(conn, group.number, deadlines.DECIDE) or now
    await deadlines.settle(conn, group.number, deadlines.DECIDE)
    if verdict.decision is Decision.INHIBITED and verdict.inhibited_by is not None:
        return inhibit(group, ActiveInhibition(verdict.inhibited_by, verdict.reason), now)
    if verdict.decision is Decision.WAITING:
        return replace(group.with_step(now, verdict.step, verdict.reason), held=True, reason=verdict.reason)
    await lift(conn, [group.number], now)
    group = replace(group, silenced_until=None, inhibited_by=None)
    for step, reason in verdict.compared:
        group = group.with_step(now, step, reason)
    decided = groups_of_alerts.decide(group, verdict.decision, verdict.reason, now, verdict.step)
    if verdict.decision is Decision.ATTACHED and verdict.incident is not None:
        incident = await incidents.lock(conn, verdict.incident)
        if incident is not None and incident.open:
            decided = replace(decided, incident=incident.number)
            await attach(context, conn, decided, incident, BOT, now, tell_channel=verdict.step == "storm")
            return decided
        decided = groups_of_alerts.decide(group, Decision.DECLARED, f"INC-{verdict.incident} has ended", now)
    if decided.decision is Decision.DECLARED:
        incident = await declare_for(context, conn, decided, BOT)
        decided = replace(decided, incident=incident.number)
        await attach(context, conn, decided, incident, BOT, now)
        await _attach_dependencies(context, conn, verdict.brings, decided, now)
    elif decided.decision is Decision.ASKED:
        decided = replace(decided, carded=True)
        await enqueue.put(conn, looked_for([routing.alert_card(group.number)], look_since(context, due_at)))
        await arm_rungs(conn, decided, context)
    if group.carded:
        await enqueue.put(conn, [routing.alert_card_edit(group.number)])
    return decided
