"""Relates incidents to each other, in one transaction, and changes an incident's tags."""

from __future__ import annotations

from bot.domain.errors import NotFound
from bot.domain.incident import Incident, relations
from bot.domain.incident.relations import TagChange
from bot.domain.outcome import Outcome
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident
from bot.usecases.unit_of_work import PendingChange, claim_delivery, commit_many
from bot.usecases.visibility import visible_other
from storage import incidents


async def relate(
    context: Context, number: int, other: int, actor: str, delivery: str | None = None, *, sees_all: bool = False
) -> Incident:
    """Note in both incidents that they are related; from a private incident, only in that one."""
    async with context.database.transaction() as conn:
        await incidents.lock_many_without_reading(conn, sorted({number, other}))
        now = context.clock.now()
        incident = await incidents.get(conn, number)
        if incident is None:
            raise NotFound(f"There is no incident INC-{number}.", "list all")
        await claim_delivery(conn, delivery, now)
        context.precondition(incident)
        authorize.require(context, "relate", actor, incident)
        second = await visible_other(conn, other, actor, sees_all=sees_all)
        changes = [(incident, relations.relate(incident, second, actor, now))]
        if relations.is_mutual(incident):
            changes.append((second, relations.relate(second, incident, actor, now)))
        pending = [
            PendingChange(before, Outcome(change), await context.policies.of(conn, before), source=context.source)
            for before, change in sorted(changes, key=lambda pair: pair[0].number)
            if change.entries
        ]
        saved = {pair.number: pair for pair in await commit_many(conn, pending, now)} if pending else {}
    context.wakeups.notify()
    return saved.get(number, incident)


async def tag(context: Context, number: int, change: TagChange, actor: str, delivery: str | None = None) -> Incident:
    """Add tags to an incident, and remove others."""
    return await change_incident(
        context, number, "tag", actor, lambda w: relations.tag(w.incident, change, actor, w.now), delivery
    )
