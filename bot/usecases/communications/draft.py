"""Prepares a message to an audience: its text from the template, its exact recipients, and what to look at first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.communications import stages
from bot.domain.communications.communication import Communication, Group, LeftOut, Reach, Recipient
from bot.domain.communications.leaks import Finding
from bot.domain.communications.recipients import reach
from bot.domain.communications.tell import Message, findings_of
from bot.domain.communications.variables import Record, confidential, variables
from bot.domain.errors import Refused
from bot.domain.incident import Incident, Told
from bot.domain.policy.policy import Audience, Policy
from bot.domain.statuspage.subscriber import SubscriberKind
from bot.domain.timeline.entry import ids_named_in
from bot.templates.library import shipped
from bot.templates.render import render
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_paging_context
from bot.usecases.status_page.publish import proposed_components
from bot.usecases.visibility import insiders
from storage import communications, names
from storage.statuspage import subscribers
from storage.timeline import entries as timeline

ENTRIES = 200  # key entries that a template sees
SHOWN = 5  # earlier messages
MOST_SUBSCRIBERS = 10_000
_GROUPS = {SubscriberKind.EMAIL: Group.EMAIL, SubscriberKind.SLACK: Group.CHANNEL}
_EXECUTIVES = Audience("executives", "Executives", stages={stages.BRIEFING: "executive_briefing"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to an audience, ready to be looked at."""

    audience: Audience
    message: Message
    reach: Reach
    findings: tuple[Finding, ...] = ()
    told: Told | None = None  # the latest message to this audience
    changes: tuple[str, ...] = ()  # since then
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The audiences of an incident: those proposed by its severity, all others, and the messages so far."""

    proposed: tuple[Audience, ...]
    others: tuple[Audience, ...]
    sent: tuple[Communication, ...]  # the newest first


async def overview(conn: AsyncConnection, incident: Incident, policy: Policy) -> Overview:
    """What to choose from in the modal."""
    proposed = stages.proposed(incident, policy)
    others = [audience for audience in policy.audiences.values() if audience not in proposed]
    return Overview(tuple(proposed), tuple(others), tuple(await communications.newest(conn, incident.number, SHOWN)))


async def record_of(context: Context, conn: AsyncConnection, incident: Incident, policy: Policy) -> Record:
    """Everything that the variables of templates are derived from."""
    entries = await timeline.read(conn, incident.number, key_only=True, limit=ENTRIES, newest=True)
    people = {*incident.roles.values(), *incident.responders, incident.declared_by}
    people |= {user for each in entries for user in ids_named_in(each.entry)}
    known = await names.get_many(conn, people)
    return Record(incident, policy, context.clock.now(), entries, known, _page_url(context, policy))


def _page_url(context: Context, policy: Policy) -> str | None:
    """The address of the status page; None where the policy has no page."""
    if policy.status_page.url:
        return policy.status_page.url
    return f"{context.url.rstrip('/')}/status" if policy.status_page.components and context.url else None


async def draft(
    context: Context, conn: AsyncConnection, record: Record, audience: Audience, stage: str | None = None
) -> Draft:
    """The message that is due to an audience. Raises `Refused` if its template is missing or broken."""
    incident, policy = record.incident, record.policy
    stage = stage or stages.stage_of(incident, audience)
    rendered = context.templates.render(policy, stages.template_of(audience, stage), variables(record, audience))
    message = Message(audience.key, stage, rendered.subject, rendered.text)
    told = incident.told.get(audience.key)
    return Draft(
        audience,
        message,
        await reach_of(context, conn, incident, policy, audience),
        tuple(findings_of(message, audience, confidential(record))),
        told,
        tuple(stages.changed_since(incident, told)),
        stages.due_at(incident, audience, policy),
    )


async def drafts(context: Context, conn: AsyncConnection, record: Record, audiences: Sequence[Audience]) -> list[Draft]:
    """The drafts for several audiences."""
    return [await draft(context, conn, record, audience) for audience in audiences]


async def reach_of(
    context: Context, conn: AsyncConnection, incident: Incident, policy: Policy, audience: Audience
) -> Reach:
    """The exact recipients of a message to an audience now. A drill reaches nobody."""
    paging = await current_paging_context(conn, policy, context.methods, context.clock.now())
    inside = await insiders(conn, incident) if incident.private else None
    found = reach(audience, incident, paging, inside)
    if audience.subscribers:
        found = await _with_subscribers(context, conn, incident, policy, (audience, found))
    if not incident.drill:
        return found
    drill = tuple(LeftOut(each.name or each.address, "it is a drill") for each in found.recipients)
    return replace(found, recipients=(), left_out=(*drill, *found.left_out))


async def _with_subscribers(
    context: Context, conn: AsyncConnection, incident: Incident, policy: Policy, reached: tuple[Audience, Reach]
) -> Reach:
    """Also whoever subscribed to a component that the incident affects. They are the public: the lint looks first."""
    audience, found = reached
    if not audience.public:
        return replace(found, left_out=(*found.left_out, LeftOut("subscribers", "the audience is not public")))
    affected = proposed_components(policy, incident)
    if not affected:
        reason = "no component of the status page is affected"
        return replace(found, left_out=(*found.left_out, LeftOut("subscribers", reason)))
    listed = [each for each in await subscribers.active_after(conn, "", MOST_SUBSCRIBERS) if each.wants(affected)]
    if "email" not in context.methods:
        listed = [each for each in listed if each.kind is not SubscriberKind.EMAIL]
    known = {(each.group, each.address.lower()) for each in found.recipients}
    more = [Recipient(_GROUPS[each.kind], each.address) for each in listed if each.kind in _GROUPS]
    fresh = [each for each in more if (each.group, each.address.lower()) not in known]
    return replace(found, recipients=(*found.recipients, *fresh))


async def briefing_text(context: Context, conn: AsyncConnection, incident: Incident, policy: Policy) -> str:
    """The text of the briefing that executives get by themselves. A broken template gives way to the one that ships."""
    record = await record_of(context, conn, incident, policy)
    audience = next((each for each in policy.audiences.values() if stages.is_briefed(each)), _EXECUTIVES)
    values = variables(record, audience)
    try:
        return context.templates.render(policy, stages.template_of(audience, stages.BRIEFING), values).text
    except Refused:
        return render(shipped("", _EXECUTIVES.stages[stages.BRIEFING]) or "", values).text
