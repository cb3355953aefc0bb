"""Page people: the next rung by hand, by a lapsed target or by its own time; and what a page is answered with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain import routing
from bot.domain.deadlines import DeadlineState
from bot.domain.errors import Refused
from bot.domain.incident import Change, Incident
from bot.domain.paging import calls as paging
from bot.domain.paging import ladder, triggers
from bot.domain.paging.calls import PagePlan
from bot.domain.paging.ladder import PagingOutcome
from bot.domain.policy.policy import Rung, Trigger
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import BOT, Entry, entry
from bot.domain.values.target import Target, TargetKind
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_calendar
from bot.usecases.effects.visibility import was_paged
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import deadlines


@dataclass(frozen=True, slots=True)
class Escalated:
    incident: Incident
    climb: PagingOutcome


async def escalate(
    context: Context, number: int, actor: str, reason: str = "", delivery: str | None = None
) -> Escalated:
    """The next unspent rung, now, because a person asks for it."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "escalate", actor, work.incident)
        return await escalate_in(work, actor, reason)


async def escalate_in(work: UnitOfWork, actor: str, reason: str) -> Escalated:
    """The same within a transaction that has more to write."""
    ladder.check_escalatable(work.incident)
    why = f"<@{actor}> escalated" + (f": {reason}" if reason else "")
    said = entry(work.now, "escalated", actor, reason or "asked for the next rung", by_hand=True)
    if work.policy.triggers:
        await work.commit(Change(triggers.fire(work.incident, work.policy, "manual", work.now)))
    climb = await next_rung(work, why, actor)
    await commit_climb(work, climb, why, f"manual:{work.incident.number}:{work.now.timestamp()}", first=(said,))
    return Escalated(work.incident, climb)


async def trip(
    context: Context, number: int, trigger: Trigger, actor: str, reason: str = "", delivery: str | None = None
) -> Incident:
    """A person says that what a trigger looks at has happened: it pages by its own delay, as if we had noticed."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "escalate", actor, work.incident)
        changed = triggers.fire_one(work.incident, trigger, work.now)
        words = f"{trigger.name}: {reason}" if reason else trigger.name
        said = entry(work.now, "escalated", actor, words, by_hand=True, trigger=trigger.key, told=True)
        return await work.commit(Change(changed, (said,)))


async def cannot(context: Context, number: int, rung: int, actor: str, delivery: str | None = None) -> Escalated | None:
    """Somebody paged says they can't come: the next rung is paged at once. None when it is settled already."""
    async with locked_incident(context, number, delivery) as work:
        incident = work.incident
        if not await was_paged(work.conn, incident, actor):  # who was not asked calls somebody: that is escalating
            authorize.require(context, "escalate", actor, incident)
        if incident.open and rung == 0:  # asked for by name or by a trigger: there is no next one but to be told
            said = entry(work.now, "escalated", actor, "can't respond", declined=True, told=True)
            await work.commit(Change(incident, (said,)))
            return Escalated(
                work.incident, PagingOutcome(Change(work.incident), None, ladder.Recipients(), (), label="told")
            )
        if not incident.open or incident.ladder.acknowledged_at is not None:
            return None
        said = entry(work.now, "escalated", actor, f"can't respond (rung {rung})", rung=rung, declined=True)
        why = f"<@{actor}> can't"
        if any(page.rung > rung for page in incident.ladder.pages):
            await work.commit(Change(incident, (said,)))
            return Escalated(work.incident, PagingOutcome(Change(work.incident), None, ladder.Recipients(), ()))
        climb = await next_rung(work, why)
        await commit_climb(work, climb, why, f"declined:{number}:{work.now.timestamp()}", first=(said,))
        return Escalated(work.incident, climb)


async def page(
    context: Context,
    number: int,
    actor: str,
    *,
    user: str | None = None,
    schedule: str | None = None,
    reason: str = "",
    delivery: str | None = None,
) -> Escalated:
    """One person, or whoever is on call now, because somebody asks for them. Once for each request."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "page", actor, work.incident)
        ladder.check_escalatable(work.incident)
        target = Target(TargetKind.USER, user) if user else Target(TargetKind.SCHEDULE, schedule or "")
        rung = Rung(timedelta(), (target,), ("slack",), "resolved")
        who = await current_calendar(work.conn, work.policy if user else context.policy, work.now)
        why = f"<@{actor}> asks for you" + (f": {reason}" if reason else "")
        name = f"hand:{delivery or work.now.timestamp()}"
        called = f"On call on {schedule}" if schedule else "By hand"
        by_hand = ladder.DirectPage(rung, name, called, why, actor=actor, responders_too=True)
        climb = ladder.page_directly(work.incident, work.policy, who, work.now, by_hand)
        if not climb.reached:
            raise Refused(f"{'; '.join(climb.recipients.gaps)}. Nobody was paged; name somebody.", "page @user")
        await commit_climb(work, climb, why, name, rung=rung)
        return Escalated(work.incident, climb)


async def next_rung(work: UnitOfWork, why: str, actor: str = BOT, rung: int | None = None) -> PagingOutcome:
    who = await current_calendar(work.conn, work.policy, work.now)
    return ladder.page_next_rung(work.incident, work.policy, who, work.now, why, actor=actor, rung=rung)


async def commit_climb(
    work: UnitOfWork,
    climb: PagingOutcome,
    why: str,
    cause: str,
    *,
    first: Sequence[Entry] = (),
    more: Sequence[Notice] = (),
    rung: Rung | None = None,
) -> None:
    """Write down a climb with its pages, and mark the ledger rows of the rungs it used up.

    `cause` is the `dedup_key` of the deadline that asked for it, or an own name for a page by hand. `rung` is given for
    what pages beside the ladder.
    """
    before, level = work.incident, work.incident.severity
    prefix = f"rung:{before.number}:{before.paging_round}:{level}"
    used = [f"{prefix}:{climb.rung}"] if climb.rung and climb.times == 1 else []
    fell = {f"{prefix}:{number}" for number, _ in climb.fell_through}
    serves = [dedup_key for dedup_key in {cause, *used} if dedup_key not in fell]
    rung = work.policy.severity(level).ladder[climb.rung - 1] if climb.rung else rung
    calls = (
        paging.plan_pages(climb.recipients, rung.by, work.policy, work.context.methods)
        if rung and climb.reached
        else PagePlan()
    )
    if before.drill:
        await _would_have(work, climb, why, cause, used, calls, first)
        return
    notices = routing.pages(before, climb, why, cause, serves, rung, calls)
    for number, gap in climb.fell_through:
        await deadlines.decide(work.conn, f"{prefix}:{number}", DeadlineState.SKIPPED, f"fell through: {gap}", work.now)
    for dedup_key in used:
        if dedup_key != cause:
            await deadlines.decide(
                work.conn, dedup_key, DeadlineState.DUE, _ledger(f"paged early: {why}", calls), work.now
            )
    if calls.gaps:
        await deadlines.decide(work.conn, cause, DeadlineState.DUE, _ledger(f"paged: {why}", calls), work.now)
    entries = (*first, *(_with_ways(said, calls) for said in climb.change.entries))
    await work.commit(Change(_calling(before, climb, calls, notices), entries), [*notices, *more])


async def _would_have(
    work: UnitOfWork,
    climb: PagingOutcome,
    why: str,
    cause: str,
    used: Sequence[str],
    calls: PagePlan,
    first: Sequence[Entry],
) -> None:
    """A drill goes through its ladder, pages nobody, and says what would have been sent."""
    for dedup_key in {cause, *used}:
        await deadlines.decide(
            work.conn, dedup_key, DeadlineState.SKIPPED, f"a drill pages nobody; otherwise: {why}", work.now
        )
    entries = [
        replace(said, kind="drill", text=f"Would have paged: {said.text}", key=False) if said.kind == "page" else said
        for said in (*first, *climb.change.entries)
    ]
    notice = routing.would_have_paged(work.incident, climb, why, cause, calls)
    await work.commit(Change(climb.change.incident, tuple(entries)), [notice])


def _calling(before: Incident, climb: PagingOutcome, calls: PagePlan, notices: Sequence[Notice]) -> Incident:
    """The incident after a climb, knowing the messages to settle and the alerts to follow when it is answered."""
    dedup_keys = {call: routing.page_name(_base(notices), call) for call in calls.attempts}
    return replace(
        climb.change.incident,
        live_pages=(*before.live_pages, *routing.asking_pages(notices)),
        live_alerts=paging.opened_alerts(before, calls, dedup_keys),
    )


def _base(notices: Sequence[Notice]) -> str:
    return next((str(notice.payload["base"]) for notice in notices if "base" in notice.payload), "")


def _ledger(reason: str, calls: PagePlan) -> str:
    return "; ".join([reason, *calls.gaps])


def _with_ways(said: Entry, calls: PagePlan) -> Entry:
    """The timeline says by which methods people were called, where it was not Slack alone, and by which not."""
    if said.kind != "page":
        return said
    ways = [paging.label(method) for method in calls.methods]
    words = f" by {', '.join(ways)}" if ways and ways != ["Slack"] else ""
    gaps = f"; {'; '.join(calls.gaps)}" if calls.gaps else ""
    data = {**said.data, "by": list(calls.methods), "gaps": list(calls.gaps)}
    return replace(said, text=f"{said.text}{words}{gaps}", data=data)
