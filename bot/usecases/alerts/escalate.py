"""Pages the rungs of a route about a group that people are asked about, until somebody acts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.alerts import escalation
from bot.domain.alerts.group import AlertGroup, Decision
from bot.domain.paging.calls import label, reach
from bot.domain.paging.context import PagingContext
from bot.domain.paging.recipients import recipient_name, recipients_with_roles
from bot.domain.policy.alerting_rules import EscalationRung
from bot.domain.routing.notice import Notice
from bot.domain.routing.payloads import AlertPagePayload
from bot.domain.values import durations
from bot.usecases import shadow
from bot.usecases.alerts.due import claim_due
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_paging_context
from bot.usecases.restored import look_since, looked_for
from storage.alerts import deadlines, groups
from storage.alerts.deadlines import LapsedRung
from storage.lease import LEASE
from storage.outbox import enqueue

CLAIMED = 50
MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class _PagingResult:
    """The result of paging one rung."""

    group: AlertGroup
    notices: list[Notice]
    reached: bool


async def arm_rungs(conn: AsyncConnection, group: AlertGroup, context: Context) -> None:
    """Set the deadlines of the rungs that are still to page, if people are asked about the group."""
    if group.decision is not Decision.ASKED:
        return
    ladder = escalation.ladder_of(group, context.policy)
    for rung, due_at in escalation.rungs_due(group, ladder, context.clock.now()):
        await deadlines.arm(conn, [group.number], deadlines.rung_kind(rung), due_at)


async def settle_pages(conn: AsyncConnection, changed: Sequence[AlertGroup]) -> list[AlertGroup]:
    """Settle the pages of groups that somebody acted on or that are over. Returns the groups, to be saved.

    Pages in Slack are edited, and alerts opened at vendors are resolved. A group that somebody acted on pages
    nobody any more.
    """
    await deadlines.settle_rungs(conn, [group.number for group in changed if group.decision is not Decision.ASKED])
    paged = [group for group in changed if group.live_pages]
    for group in paged:
        await enqueue.put(conn, [*routing.alert_pages_edited(group), *routing.alert_pages_resolved(group)])
    return [_without_pages(group) if group.live_pages else group for group in changed]


def _without_pages(group: AlertGroup) -> AlertGroup:
    open_pages = group.live_pages if group.decision is Decision.ASKED else ()
    return replace(group, live_pages=tuple(page for page in open_pages if page.method == "slack"))


async def claim_rungs(context: Context) -> list[LapsedRung]:
    """Claim rungs that are due, the earliest first."""
    return await claim_due(context, lambda conn, now: deadlines.claim_rungs(conn, now, CLAIMED, LEASE))


async def page_rung(context: Context, lapsed: LapsedRung) -> AlertGroup | None:
    """Page one rung in one transaction. None if it is no longer due; calling it twice is safe.

    A rung that reaches nobody is followed by the next one at once.
    """
    async with context.database.serialized() as conn:
        await groups.lock_all(conn)
        now, kind = context.clock.now(), deadlines.rung_kind(lapsed.rung)
        group = await groups.get(conn, lapsed.group)
        due_at = await deadlines.due_at(conn, lapsed.group, kind)
        if group is None or due_at is None or due_at > now:
            return None
        await deadlines.settle(conn, group.number, kind)
        if (why := escalation.why_nobody(group)) is not None:
            group = group.with_step(now, "page", f"rung {lapsed.rung} pages nobody: {why}")
            await groups.save_many(conn, [group])
            return group
        paging = await current_paging_context(conn, context.policy, context.methods, now)
        ladder = escalation.ladder_of(group, context.policy)
        source = await shadow.pages_instead(context, conn)
        group, notices = await _page_from(conn, group, ladder, lapsed.rung, paging, source)
        await groups.save_many(conn, [group])
        notices = looked_for(notices, look_since(context, due_at))
        await enqueue.put(conn, [*notices, routing.alert_card_edit(group.number)])
    context.wakeups.notify()
    return group


async def _page_from(
    conn: AsyncConnection, group: AlertGroup, ladder: Sequence[EscalationRung], first: int, paging: PagingContext,
    withheld_for: str = "",
) -> tuple[AlertGroup, list[Notice]]:  # fmt: skip
    """Page this rung, and the following ones until somebody is reached.

    `withheld_for` is the service that pages while shadow mode is on.
    """
    if first > len(ladder):
        return group.with_step(paging.now, "page", f"the policy has no rung {first} any more"), []
    for number in range(first, len(ladder) + 1):
        if number > first and escalation.times_paged(group, number):
            break
        rung = ladder[number - 1]
        paged = _page(group, number, rung, paging, withheld_for)
        group = paged.group
        if rung.repeat is not None:
            await deadlines.arm(conn, [group.number], deadlines.rung_kind(number), paging.now + rung.repeat)
        elif number > first:
            await deadlines.settle(conn, group.number, deadlines.rung_kind(number))
        if paged.reached:
            return group, paged.notices
    return group, []


def _page(
    group: AlertGroup, number: int, rung: EscalationRung, paging: PagingContext, withheld_for: str
) -> _PagingResult:
    times = escalation.times_paged(group, number) + 1
    waiting_time = paging.now - (group.decided_at or paging.now)
    why = f"nobody has acted for {durations.approximate(waiting_time)}" if waiting_time else "people are asked"
    everybody = recipients_with_roles(rung.notify, {}, paging)
    recipients, plan = reach(everybody, rung.by, paging)
    card_channel = group.channel or paging.policy.announce
    channels = [channel for channel in recipients.channels if channel != card_channel or rung.after or times > 1]
    gaps = "; ".join([*recipients.gaps, *plan.gaps])
    shared = AlertPagePayload(
        group.number,
        rung=number,
        times=times,
        why=why,
        by=tuple(rung.by),
        repeat_s=rung.repeat.total_seconds() if rung.repeat else None,
        base=routing.alert_page_base(group, number, times),
    )
    notices = routing.alert_pages(shared, plan, channels)
    names = dict.fromkeys(
        f"{_name(attempt.person.slack or attempt.person.key, paging)} ({label(attempt.method)})"
        for attempt in plan.attempts
    )
    paged_names = [*names, *channels][:MOST_NAMED]
    if not notices:
        on_card = recipients.channels and not channels
        reason_text = "its card asks there" if on_card else f"it reaches nobody: {gaps or 'it names nobody'}"
        group = group.with_step(paging.now, "page", f"rung {number}: {reason_text}")
        return _PagingResult(escalation.record(group, number, (), paging.now), [], bool(on_card))
    repetition = f", time {times}" if times > 1 else ""
    verb = escalation.WOULD_PAGE if withheld_for else "paged"
    gaps = "; ".join(filter(None, (gaps, f"shadow mode is on: {withheld_for} pages" if withheld_for else "")))
    reason = f"rung {number}{repetition} {verb} {', '.join(paged_names)}: {why}" + (f" ({gaps})" if gaps else "")
    live = [routing.live_page(notice) for notice in notices]
    group = escalation.record(group.with_step(paging.now, "page", reason), number, live, paging.now)
    return _PagingResult(group, notices, reached=True)


def _name(person: str, paging: PagingContext) -> str:
    return recipient_name(person, paging.policy)
