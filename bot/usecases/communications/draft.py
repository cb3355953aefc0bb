"""Drafts a message to an audience: its text from the template, its exact recipients, and the findings of the lint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.communications import stages
from bot.domain.communications.communication import Communication, ExcludedRecipient, Group, Reach, Recipient
from bot.domain.communications.leaks import Finding
from bot.domain.communications.recipients import NOT_SET_UP, reach
from bot.domain.communications.tell import Message, findings_of
from bot.domain.communications.variables import VariableInputs, confidential, variables
from bot.domain.errors import Refused
from bot.domain.incident import AudienceMessage, Incident
from bot.domain.policy.policy import Audience, Policy
from bot.domain.statuspage.subscriber import SubscriberKind
from bot.domain.timeline.entry import ids_named_in
from bot.templates.library import shipped_template
from bot.templates.render import render
from bot.usecases.context import Context
from bot.usecases.effects.on_call import current_paging_context
from bot.usecases.status_page.publish import proposed_components
from bot.usecases.visibility import insiders
from storage import communications, names
from storage.statuspage import subscribers
from storage.timeline import entries as timeline

ENTRIES = 200  # key entries that a template sees
SHOWN = 5  # earlier messages that the modal shows
MOST_SUBSCRIBERS = 10_000
_GROUPS = {SubscriberKind.EMAIL: Group.EMAIL, SubscriberKind.SLACK: Group.CHANNEL}
_TOO_MANY = (
    "further subscribers",
    f"one message reaches at most {MOST_SUBSCRIBERS:,}; what is published on the status page reaches all of them",
)
_WEBHOOKS = ("subscribed webhooks", "they are told of what is published on the status page")
_EXECUTIVES = Audience("executives", "Executives", stages={stages.BRIEFING: "executive_briefing"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A message to an audience, ready to be checked."""

    audience: Audience
    message: Message
    reach: Reach
    findings: tuple[Finding, ...] = ()
    told: AudienceMessage | None = None  # the latest message to this audience
    changes: tuple[str, ...] = ()  # since then
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Overview:
    """The audiences of an incident: those proposed by its severity, all others, and the messages so far."""

    proposed: tuple[Audience, ...]
    others: tuple[Audience, ...]
    sent: tuple[Communication, ...]  # the newest first


async def overview(conn: AsyncConnection, incident: Incident, policy: Policy) -> Overview:
    """The choices of the modal."""
    proposed = stages.proposed_audiences(incident, policy)
    other_audiences = [audience for audience in policy.audiences.values() if audience not in proposed]
    return Overview(
        tuple(proposed), tuple(other_audiences), tuple(await communications.newest(conn, incident.number, SHOWN))
    )


async def record_of(context: Context, conn: AsyncConnection, incident: Incident, policy: Policy) -> VariableInputs:
    """Everything that the variables of templates are derived from."""
    entries = await timeline.read(conn, incident.number, key_only=True, limit=ENTRIES, newest=True)
    people = {*incident.roles.values(), *incident.responders, incident.declared_by}
    people |= {user for record in entries for user in ids_named_in(record.entry)}
    names_by_id = await names.get_many(conn, people)
    return VariableInputs(incident, policy, context.clock.now(), entries, names_by_id, _page_url(context, policy))


def _page_url(context: Context, policy: Policy) -> str | None:
    """The address of the status page; None where the policy has no page."""
    if policy.status_page.url:
        return policy.status_page.url
    return f"{context.url.rstrip('/')}/status" if policy.status_page.components and context.url else None


async def draft(
    context: Context, conn: AsyncConnection, record: VariableInputs, audience: Audience, stage: str | None = None
) -> Draft:
    """The message that is due to an audience. Raises `Refused` if its template is missing or broken."""
    incident, policy = record.incident, record.policy
    stage = stage or stages.stage_of(incident, audience)
    rendered = context.templates.render(policy, stages.template_of(audience, stage), variables(record, audience))
    message = Message(audience.key, stage, rendered.subject, rendered.text)
    last_told = incident.told.get(audience.key)
    return Draft(
        audience,
        message,
        await reach_of(context, conn, incident, policy, audience),
        tuple(findings_of(message, audience, confidential(record))),
        last_told,
        tuple(stages.changed_since(incident, last_told)),
        stages.due_at(incident, audience, policy),
    )


async def drafts(
    context: Context, conn: AsyncConnection, record: VariableInputs, audiences: Sequence[Audience]
) -> list[Draft]:
    """The drafts for several audiences."""
    return [await draft(context, conn, record, audience) for audience in audiences]


async def reach_of(
    context: Context, conn: AsyncConnection, incident: Incident, policy: Policy, audience: Audience
) -> Reach:
    """The exact recipients of a message to an audience now. A drill reaches nobody."""
    paging = await current_paging_context(conn, policy, context.methods, context.clock.now())
    insider_ids = await insiders(conn, incident) if incident.private else None
    current_reach = reach(audience, incident, paging, insider_ids)
    if audience.subscribers:
        current_reach = await _with_subscribers(context, conn, incident, policy, audience, current_reach)
    if not incident.drill:
        return current_reach
    drill = tuple(
        ExcludedRecipient(recipient.name or recipient.address, "it is a drill")
        for recipient in current_reach.recipients
    )
    return replace(current_reach, recipients=(), left_out=(*drill, *current_reach.left_out))


async def _with_subscribers(
    context: Context, conn: AsyncConnection, incident: Incident, policy: Policy, audience: Audience, base: Reach
) -> Reach:
    """Add the subscribers of affected components, if the audience is public: only then is its text linted."""
    if not audience.public:
        return replace(base, left_out=(*base.left_out, ExcludedRecipient("subscribers", "the audience is not public")))
    affected = proposed_components(policy, incident)
    if not affected:
        reason = "no component of the status page is affected"
        return replace(base, left_out=(*base.left_out, ExcludedRecipient("subscribers", reason)))
    addresses = await subscribers.active_after(conn, "", MOST_SUBSCRIBERS + 1)
    rows = [row for row in addresses[:MOST_SUBSCRIBERS] if row.wants(affected)]
    left_out = base.left_out
    if len(addresses) > MOST_SUBSCRIBERS:
        left_out = (*left_out, ExcludedRecipient(*_TOO_MANY))
    if any(row.kind is SubscriberKind.WEBHOOK for row in rows):
        left_out = (*left_out, ExcludedRecipient(*_WEBHOOKS))
    if "email" not in context.methods and any(row.kind is SubscriberKind.EMAIL for row in rows):
        rows = [row for row in rows if row.kind is not SubscriberKind.EMAIL]
        left_out = (*left_out, ExcludedRecipient("subscribers by e-mail", NOT_SET_UP["email"]))
    known_addresses = {(recipient.group, recipient.address.lower()) for recipient in base.recipients}
    more = [Recipient(_GROUPS[row.kind], row.address) for row in rows if row.kind in _GROUPS]
    added = [recipient for recipient in more if (recipient.group, recipient.address.lower()) not in known_addresses]
    return replace(base, recipients=(*base.recipients, *added), left_out=left_out)


async def briefing_text(context: Context, conn: AsyncConnection, incident: Incident, policy: Policy) -> str:
    """The text of the briefing that executives get automatically. The shipped template replaces a broken one."""
    record = await record_of(context, conn, incident, policy)
    audience = next((candidate for candidate in policy.audiences.values() if stages.is_briefed(candidate)), _EXECUTIVES)
    values = variables(record, audience)
    try:
        return context.templates.render(policy, stages.template_of(audience, stages.BRIEFING), values).text
    except Refused:
        return render(shipped_template("", _EXECUTIVES.stages[stages.BRIEFING]) or "", values).text
