"""One function a verb: from a request to its use case, and to the private answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.domain.deadlines import DeadlineState
from bot.domain.errors import Refused
from bot.domain.incident import Incident, require_open
from bot.domain.paging import triggers
from bot.domain.policy.policy import Policy
from bot.slack.blocks import catchup as catchups
from bot.slack.blocks import custom_fields as details
from bot.slack.blocks import declare as declaring
from bot.slack.blocks import handover as handovers
from bot.slack.blocks import impact as impacts
from bot.slack.blocks import ledger, modals, replies, triage
from bot.slack.blocks import policy_change as policy_blocks
from bot.slack.blocks import triggers as triggering
from bot.slack.blocks.elements import Message
from bot.slack.commands.arguments import Request
from bot.slack.commands.parse import DeclareRequest
from bot.slack.listeners import oncall, playbooks
from bot.slack.listeners.context import Interaction, ListenerContext
from bot.usecases import authorize as permissions
from bot.usecases.effects import search_index
from bot.usecases.effects.visibility import can_see
from bot.usecases.incidents import acknowledge as acknowledging
from bot.usecases.incidents import change_policy as changing
from bot.usecases.incidents import escalate as escalating
from bot.usecases.incidents import handover as handing_over
from bot.usecases.incidents import update as run
from bot.usecases.incidents.declare import Declaration as Said
from bot.usecases.incidents.declare import declare as open_incident
from bot.usecases.queries import catchup as catching_up
from storage import deadlines, incidents
from storage.timeline import entries as timeline

Answer = Awaitable[Message | None]
WithIncident = Callable[[ListenerContext, Interaction, Request, Incident, Policy], Answer]
Without = Callable[[ListenerContext, Interaction, Request], Answer]


async def declare(ctx: ListenerContext, interaction: Interaction, said: DeclareRequest) -> Message | None:
    """At once where severity and title are known, else the form with what is known filled in."""
    if not said.is_complete:
        permissions.require(ctx.context, "declare", interaction.user)
        view = declaring.declare_modal(
            ctx.context.policy,
            title=said.title,
            severity=said.severity,
            private=said.private,
            channel=interaction.channel,
        )
        return await ctx.open_view(
            interaction, view, f"{ctx.command} declare {ctx.context.policy.severities[-1].key} What is wrong"
        )
    answer = {"user": interaction.user, "response_url": interaction.response_url, "channel": interaction.channel}
    declaration = Said(said.title, said.severity or "", interaction.user, private=said.private, answer=answer)
    incident = await open_incident(ctx.context, declaration, interaction.delivery)
    return replies.declaring(incident, ctx.context.policy)


async def menu(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    return replies.menu(incident, policy, ctx.command)


async def ack(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    done = await acknowledging.acknowledge(
        ctx.context, incident.number, interaction.user, delivery=interaction.delivery
    )
    return acknowledged(done, interaction.user)


def acknowledged(done: acknowledging.Acknowledged, user: str) -> Message:
    """For whoever said so: first, second, or to be asked whether they respond or watch."""
    if done.ask:
        return replies.responding_or_watching(done.incident)
    if done.first_by is not None and done.first_at is not None:
        return replies.already_acknowledged(done.incident, done.first_by, done.first_at, user)
    return replies.acknowledged(done.incident, offer_lead=done.offer_lead)


async def update(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message | None:
    if not request.text:
        require_open(incident)
        permissions.require(ctx.context, "update", interaction.user, incident)
        view = modals.update_modal(incident, policy)
        return await ctx.open_view(interaction, view, f"{ctx.command} update What changed")
    saved = await run.update(
        ctx.context, incident.number, request.text, interaction.user, delivery=interaction.delivery
    )
    return replies.updated(saved, policy)


async def status(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    assert request.status is not None  # noqa: S101 - the grammar saw to it
    saved = await run.move(
        ctx.context, incident.number, request.status, interaction.user, request.text, delivery=interaction.delivery
    )
    return replies.done(f"{saved.id} is now {saved.status}.")


async def severity(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    assert request.severity is not None  # noqa: S101 - the grammar saw to it
    saved = await run.change_severity(
        ctx.context, incident.number, request.severity, interaction.user, request.text, delivery=interaction.delivery
    )
    return replies.done(f"{saved.id} is now {saved.severity}.")


async def role(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    holder = None if request.clear else request.users[0]
    key = request.role or "commander"
    saved = await run.assign(
        ctx.context, incident.number, {key: holder}, interaction.user, delivery=interaction.delivery
    )
    title = policy.role(key).title
    return replies.done(f"{title} of {saved.id}: " + (f"<@{holder}>." if holder else "nobody now."))


async def roles(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    return replies.roles(incident, policy, ctx.command, interaction.user)


async def handover(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    saved = await handing_over.offer(
        ctx.context,
        incident.number,
        request.role or "commander",
        request.users[0],
        interaction.user,
        delivery=interaction.delivery,
    )
    return handovers.offered(saved, policy, saved.handovers[-1])


async def join(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    saved = await acknowledging.join(ctx.context, incident.number, interaction.user, delivery=interaction.delivery)
    return replies.joining(saved)


async def invite(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    await acknowledging.invite(ctx.context, incident.number, request.users, delivery=interaction.delivery)
    people = ", ".join(f"<@{user}>" for user in request.users)
    return replies.done(f"Inviting {people} to {incident.id}.")


async def escalate(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    done = await escalating.escalate(
        ctx.context, incident.number, interaction.user, request.text, delivery=interaction.delivery
    )
    return replies.escalated(done.incident, policy, done.climb)


async def page(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    done = await escalating.page(
        ctx.context,
        incident.number,
        interaction.user,
        user=request.users[0] if request.users else None,
        schedule=request.schedule,
        reason=request.text,
        delivery=interaction.delivery,
    )
    return replies.escalated(done.incident, policy, done.climb)


async def trigger(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    """A trigger by its name, with a reason; without one, all of them."""
    found = triggers.parse_trigger(policy, request.text)
    if found is None:
        return triggering.listed(incident, policy, ctx.command, request.text)
    meant, reason = found
    saved = await escalating.trip(
        ctx.context, incident.number, meant, interaction.user, reason, delivery=interaction.delivery
    )
    return triggering.tripped(saved, meant)


async def fields(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message | None:
    if not policy.fields:
        raise Refused("The policy asks no questions of its own: there is no `fields` in it.", "note What you know")
    view = details.modal(incident, policy)
    return await ctx.open_view(interaction, view, f"{ctx.command} note What you know")


async def note(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    await run.note(ctx.context, incident.number, request.text, interaction.user, delivery=interaction.delivery)
    return replies.done(f"Noted on the timeline of {incident.id}.")


async def impact(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message | None:
    permissions.require(ctx.context, "impact", interaction.user, incident)
    return await ctx.open_view(interaction, impacts.impact_modal(incident, policy), f"{ctx.command} impact")


async def timeline_(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    everything = request.scope == "all"
    async with ctx.context.database.reading() as conn:
        entries = await timeline.read(conn, incident.number, key_only=not everything, limit=200, newest=True)
    return replies.timeline(incident, entries, everything=everything, command=ctx.command)


async def catchup(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    missed = await catching_up.catch_up(ctx.context, incident, policy, interaction.user, interaction.delivery)
    return catchups.catchup(
        incident,
        policy,
        ctx.context.clock.now(),
        since=missed.since,
        entries=missed.entries,
        messages=missed.messages,
        upcoming=[(ledger.asks(row.kind, row.dedup_key), row.rung, row.due_at) for row in missed.upcoming],
        contacts=missed.contacts,
        links=missed.links,
    )


async def why(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    async with ctx.context.database.reading() as conn:
        rows = await deadlines.ledger(conn, incident.number)
    lines = [
        ledger.Reminder(
            ledger.asks(row.kind, row.dedup_key),
            row.rung,
            row.due_at,
            row.sent_at,
            DeadlineState(row.state),
            row.reason,
        )
        for row in rows
    ]
    return replies.why(incident, policy, lines, ctx.context.clock.now())


async def snooze(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    assert request.span is not None  # noqa: S101 - the grammar saw to it
    saved = await run.snooze(
        ctx.context, incident.number, request.span, interaction.user, delivery=interaction.delivery
    )
    return replies.snoozed(saved, request.span)


async def next_(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    assert request.span is not None  # noqa: S101 - the grammar saw to it
    saved = await run.promise(
        ctx.context, incident.number, request.span, interaction.user, delivery=interaction.delivery
    )
    return replies.promised(saved, request.span)


async def resolve(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    saved = await run.resolve(
        ctx.context, incident.number, interaction.user, summary=request.text, delivery=interaction.delivery
    )
    return replies.done(f"{saved.id} is resolved. Reminders and pages have stopped.")


async def close(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    saved = await run.close(ctx.context, incident.number, interaction.user, delivery=interaction.delivery)
    return replies.done(f"{saved.id} is closed.")


async def cancel(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    saved = await run.cancel(
        ctx.context, incident.number, interaction.user, request.text, delivery=interaction.delivery
    )
    return replies.done(f"{saved.id} is cancelled. Reminders and pages have stopped.")


async def reopen(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    saved = await run.reopen(
        ctx.context, incident.number, interaction.user, request.text, delivery=interaction.delivery
    )
    return replies.done(f"{saved.id} is open again. Reminders and the ladder start afresh.")


async def show(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    async with ctx.context.database.reading() as conn:
        entries = await timeline.read(conn, incident.number, key_only=True, limit=5, newest=True)
    return replies.show(incident, policy, entries, ctx.context.clock.now())


async def list_(ctx: ListenerContext, interaction: Interaction, request: Request) -> Message:
    async with ctx.context.database.reading() as conn:
        found = await incidents.newest(conn, open_only=request.scope == "open", limit=200)
        wanted = [
            incident
            for incident in found
            if (not request.severities or incident.severity in request.severities)
            and await can_see(conn, incident, interaction.user)
        ]
    now = ctx.context.clock.now()
    return replies.listing(wanted, ctx.context.policy, now, scope=request.scope, command=ctx.command)


async def search(ctx: ListenerContext, interaction: Interaction, request: Request) -> Message:
    async with ctx.context.database.reading() as conn:
        found = await search_index.search(conn, request.text, interaction.user, ctx.context.clock.now())
    return triage.searched(found, ctx.context.policy, request.text, ctx.command)


async def drill(ctx: ListenerContext, interaction: Interaction, request: Request) -> Message:
    answer = {"user": interaction.user, "response_url": interaction.response_url, "channel": interaction.channel}
    said = Said(request.text, request.severity or "", interaction.user, drill=True, answer=answer)
    return replies.declaring(await open_incident(ctx.context, said, interaction.delivery), ctx.context.policy)


async def help_(ctx: ListenerContext, interaction: Interaction, request: Request) -> Message:
    return replies.help(ctx.context.policy, ctx.command, request.text or None)


async def policy_(
    ctx: ListenerContext, interaction: Interaction, request: Request, incident: Incident, policy: Policy
) -> Message:
    if request.scope == "apply":
        permissions.require(ctx.context, "policy", interaction.user, incident)
    seen = changing.preview(ctx.context, incident, policy)
    if seen.digest is None:
        return policy_blocks.in_force(incident)
    return policy_blocks.preview(incident, seen.changes, seen.ahead, seen.digest)


WITHOUT_INCIDENT: dict[str, Without] = {
    "list": list_,
    "search": search,
    "oncall": oncall.on_call,
    "cover": oncall.cover,
    "drill": drill,
    "help": help_,
}
WITH_INCIDENT: dict[str, WithIncident] = {
    "menu": menu,
    "ack": ack,
    "update": update,
    "status": status,
    "severity": severity,
    "role": role,
    "roles": roles,
    "lead": role,
    "handover": handover,
    "join": join,
    "invite": invite,
    "escalate": escalate,
    "page": page,
    "trigger": trigger,
    "fields": fields,
    "note": note,
    "impact": impact,
    "timeline": timeline_,
    "catchup": catchup,
    "why": why,
    "snooze": snooze,
    "next": next_,
    "resolve": resolve,
    "close": close,
    "cancel": cancel,
    "reopen": reopen,
    "show": show,
    "policy": policy_,
    "playbook": playbooks.playbook,
}
