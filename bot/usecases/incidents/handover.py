"""Handover: offer a role, accept or decline it, and what happens when nobody answers."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.deadlines import DeadlineState
from bot.domain.incident import Change, Incident
from bot.domain.incident import handover as verbs
from bot.domain.timeline.entry import BOT, entry
from bot.domain.values import durations
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.incidents.escalate import commit_climb, next_rung
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import deadlines
from storage.deadlines import LedgerRow


async def offer(context: Context, number: int, role: str, to: str, actor: str, delivery: str | None = None) -> Incident:
    """The other gets a brief with two buttons; until they accept the first keeps the role."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "handover", actor, work.incident)
        change = verbs.offer(work.incident, role, to, actor, work.policy, work.now)
        asked = change.incident.handovers[-1]
        return await work.commit(change, routing.handover_asked(change.incident, asked))


async def accept(context: Context, number: int, offered: int, actor: str, delivery: str | None = None) -> Incident:
    async with locked_incident(context, number, delivery) as work:
        return await work.commit(verbs.accept(work.incident, offered, actor, work.policy, work.now))


async def decline(context: Context, number: int, offered: int, actor: str, delivery: str | None = None) -> Incident:
    async with locked_incident(context, number, delivery) as work:
        return await work.commit(verbs.decline(work.incident, offered, actor, work.policy, work.now))


async def lapse(work: UnitOfWork, row: LedgerRow) -> None:
    """No answer in time: ask again once; then the next rung of the ladder."""
    offered = int(row.dedup_key.split(":")[3])
    asked = next(one for one in verbs.open_offers(work.incident) if one.number == offered)
    if not asked.nudged:
        why = f"<@{asked.to}> has not answered the handover"
        said = entry(work.now, "reminder", BOT, why, of="role", deadline=row.dedup_key)
        again = verbs.ask_again(work.incident, asked, work.policy, work.now)
        await deadlines.decide(work.conn, row.dedup_key, DeadlineState.DUE, why, work.now)
        await work.commit(Change(again, (said,)), [routing.handover_nudge(work.incident, asked, row.dedup_key)])
        return
    why = f"<@{asked.to}> did not answer the handover within {durations.exact(work.now - asked.asked_at)}"
    await deadlines.decide(work.conn, row.dedup_key, DeadlineState.DUE, why, work.now)
    await work.commit(verbs.expire(work.incident, asked, BOT, work.policy, work.now))
    climb = await next_rung(work, why)
    if climb.rung is None:
        await deadlines.decide(work.conn, row.dedup_key, DeadlineState.DUE, f"{why}: nobody left to page", work.now)
    await commit_climb(work, climb, why, row.dedup_key)
