"""Pages people at a person's request: the next rung, one person, a schedule or a trigger.

A rung is a step of the escalation ladder; a trigger is a reason to page beside it. A person who was paged may decline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.domain.deadlines import mention_or_name
from bot.domain.errors import NotFound, Refused
from bot.domain.incident import Change, Incident
from bot.domain.outcome import Outcome, PageCause, of_paging
from bot.domain.paging import ladder, triggers
from bot.domain.paging.direct_page import DirectPage, page_directly
from bot.domain.paging.ladder import PagingOutcome
from bot.domain.paging.recipients import Recipients
from bot.domain.policy.policy import Rung, Trigger, Until
from bot.domain.timeline.entry import BOT, Entry, entry
from bot.domain.values.slack_ids import user_mention
from bot.domain.values.target import Target, TargetKind
from bot.usecases import authorize, shadow
from bot.usecases.context import Context
from bot.usecases.incidents.page_answers import PageRef, people_asked_instead
from bot.usecases.unit_of_work import UnitOfWork, locked_incident

ASK_WITHIN = timedelta(seconds=15)  # a further escalation within this time has to be confirmed


class AlreadyEscalated(Refused):
    """Another escalation has just paged somebody, or this one's rung, so the person has to confirm.

    `next_page` holds whom the escalation would page now; nobody was paged.
    """

    def __init__(self, next_page: EscalationResult) -> None:
        super().__init__(f"{next_page.incident.id} has been escalated meanwhile.", "escalate")
        self.next_page = next_page


@dataclass(frozen=True, slots=True)
class EscalationResult:
    """The incident as saved, and whom the escalation reached."""

    incident: Incident
    paging: PagingOutcome
    withheld_for: str = ""  # the service that pages in shadow mode, so that nobody is paged here


async def escalate(
    context: Context, number: int, actor: str, reason: str = "", *, rung: int | None = None, delivery: str | None = None
) -> EscalationResult:
    """Page the next unspent rung now; with `rung`, only if that is the next one.

    Raises `AlreadyEscalated` if it is not, and without `rung` right after another escalation, since two people who
    escalate at the same moment mean one rung.
    """
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "escalate", actor, work.incident)
        ladder.check_escalatable(work.incident)
        upcoming, last_at = await _next_page(work, actor), work.incident.ladder.escalated_at
        recent = last_at is not None and work.now - last_at < ASK_WITHIN
        overtaken = recent if rung is None else upcoming.paging.rung != rung
        if overtaken and upcoming.paging.reached:
            raise AlreadyEscalated(upcoming)
        return await escalate_locked(work, actor, reason)


async def next_page(context: Context, number: int, actor: str) -> EscalationResult:
    """The page that an escalation would send now. Nothing changes. Raises `Refused` as `escalate` does."""
    async with locked_incident(context, number) as work:
        authorize.require(context, "escalate", actor, work.incident)
        ladder.check_escalatable(work.incident)
        return await _next_page(work, actor)


async def _next_page(work: UnitOfWork, actor: str) -> EscalationResult:
    paging = ladder.page_next_rung(work.incident, await work.paging_context(), "", actor)
    return await _result(work, paging)


async def escalate_locked(work: UnitOfWork, actor: str, reason: str) -> EscalationResult:
    """Do what `escalate` does, with the incident locked and the permission checked. Raises `Refused`."""
    ladder.check_escalatable(work.incident)
    why = f"{user_mention(actor)} escalated" + (f": {reason}" if reason else "")
    escalated = entry(work.now, "escalated", actor, reason or "asked for the next rung", by_hand=True)
    incident = triggers.fire(work.incident, work.policy, "manual", work.now) if work.policy.triggers else work.incident
    incident = replace(incident, ladder=replace(incident.ladder, escalated_at=work.now, escalated_by=actor))
    cause = PageCause(why, f"manual:{incident.number}:{work.now.timestamp()}", (escalated,))
    return await _page_next_rung(work, incident, cause, actor)


async def fire_trigger(
    context: Context, number: int, trigger: Trigger, actor: str, reason: str = "", delivery: str | None = None
) -> Incident:
    """Record a trigger that a person reports. It pages after its own delay."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "escalate", actor, work.incident)
        fired = triggers.fire_one(work.incident, trigger, work.now)
        text = f"{trigger.name}: {reason}" if reason else trigger.name
        escalated = entry(work.now, "escalated", actor, text, by_hand=True, trigger=trigger.key, told=True)
        return await work.commit(Change(fired, (escalated,)))


async def decline_page(
    context: Context, number: int, page: PageRef, actor: str, channel: str | None = None, delivery: str | None = None
) -> EscalationResult | None:
    """Record that a person who was paged can't come, and page the next rung. None if the page needs no answer any more.

    No rung follows a page by name or by a trigger: the channel is told instead. Raises `Refused` for a person who was
    not paged by it.
    """
    async with locked_incident(context, number, delivery) as work:
        incident, rung = work.incident, page.rung
        if actor in incident.removed:  # since the press was looked at
            raise NotFound(f"There is no incident {incident.id}.", "list all")
        if recipients := await people_asked_instead(work.conn, incident, page, actor, channel):
            people = ", ".join(mention_or_name(person) for person in recipients)
            raise Refused(f"That page is for {people}, who can say so. To page more people:", "escalate We need help")
        if incident.open and rung == 0:
            declined = entry(work.now, "escalated", actor, "can't respond", declined=True, told=True)
            return await _tell_only(work, declined, label="told")
        if not incident.open or incident.ladder.acknowledged_at is not None:
            return None
        declined = entry(work.now, "escalated", actor, f"can't respond (rung {rung})", rung=rung, declined=True)
        if any(page.rung > rung for page in incident.ladder.pages):
            return await _tell_only(work, declined)
        cause = PageCause(f"{user_mention(actor)} can't", f"declined:{number}:{work.now.timestamp()}", (declined,))
        return await _page_next_rung(work, incident, cause, BOT)


async def page(
    context: Context,
    number: int,
    actor: str,
    *,
    users: Sequence[str] = (),
    schedule: str | None = None,
    reason: str = "",
    delivery: str | None = None,
) -> EscalationResult:  # either users or a schedule
    """Page people by name, or those on call on a schedule. Raises `Refused` if that reaches nobody."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "page", actor, work.incident)
        ladder.check_escalatable(work.incident)
        user_targets = tuple(Target(TargetKind.USER, user) for user in users)
        targets = user_targets or (Target(TargetKind.SCHEDULE, schedule or ""),)
        rung = Rung(timedelta(), targets, ("slack",), Until.RESOLVED)
        paging_context = await work.paging_context(work.policy if users else context.policy)
        cause = PageCause(
            f"{user_mention(actor)} asks for you" + (f": {reason}" if reason else ""),
            f"hand:{delivery or work.now.timestamp()}",
            rung=rung,
        )
        called = f"On call on {schedule}" if schedule else "By hand"
        by_hand = DirectPage(rung, cause.key, called, cause.why, actor=actor, responders_too=True, named=bool(users))
        paging = page_directly(work.incident, paging_context, by_hand)
        if not paging.reached:
            raise Refused(f"{'; '.join(paging.recipients.gaps)}. Nobody was paged; name somebody.", "page @user")
        await work.write(of_paging(work.incident, paging, cause, paging_context))
        return await _result(work, paging)


async def _result(work: UnitOfWork, paging: PagingOutcome) -> EscalationResult:
    return EscalationResult(work.incident, paging, await shadow.pages_instead(work.context, work.conn))


async def _page_next_rung(work: UnitOfWork, incident: Incident, cause: PageCause, actor: str) -> EscalationResult:
    """Page the next rung. `incident` is the locked one, with what the request itself changes."""
    paging_context = await work.paging_context()
    paging = ladder.page_next_rung(incident, paging_context, cause.why, actor)
    await work.write(of_paging(incident, paging, cause, paging_context))
    return await _result(work, paging)


async def _tell_only(work: UnitOfWork, declined: Entry, label: str = "") -> EscalationResult:
    """Record that a page was declined, without paging anybody."""
    await work.write(Outcome(Change(work.incident, (declined,))))
    return EscalationResult(work.incident, PagingOutcome(Change(work.incident), None, Recipients(), (), label=label))
