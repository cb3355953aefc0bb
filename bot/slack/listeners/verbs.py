"""One function a verb: from a request to its use case, and to the private answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bot.domain.deadlines import State
from bot.domain.errors import Refused
from bot.domain.incident import Incident, must_be_open
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
from bot.slack.commands.parse import Declaration
from bot.slack.listeners import oncall, playbooks
from bot.slack.listeners.context import Asking, Front
from bot.usecases import authorize as permissions
from bot.usecases.effects import search_index
from bot.usecases.effects.visibility import part_of
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
WithIncident = Callable[[Front, Asking, Request, Incident, Policy], Answer]
Without = Callable[[Front, Asking, Request], Answer]


async def declare(front: Front, asking: Asking, said: Declaration) -> Message | None:
    """At once where severity and title are known, else the form with what is known filled in."""
    if not said.at_once:
        permissions.require(front.desk, "declare", asking.user)
        view = declaring.declare_modal(
            front.desk.policy, title=said.title, severity=said.severity, private=said.private, channel=asking.channel
        )
        return await front.open_view(
            asking, view, f"{front.command} declare {front.desk.policy.severities[-1].key} What is wrong"
        )
    answer = {"user": asking.user, "response_url": asking.response_url, "channel": asking.channel}
    declaration = Said(said.title, said.severity or "", asking.user, private=said.private, answer=answer)
    incident = await open_incident(front.desk, declaration, asking.delivery)
    return replies.declaring(incident, front.desk.policy)


async def menu(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    return replies.menu(incident, policy, front.command)


async def ack(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    done = await acknowledging.acknowledge(front.desk, incident.number, asking.user, delivery=asking.delivery)
    return acknowledged(done, asking.user)


def acknowledged(done: acknowledging.Acknowledged, user: str) -> Message:
    """For whoever said so: first, second, or to be asked whether they respond or watch."""
    if done.ask:
        return replies.responding_or_watching(done.incident)
    if done.first_by is not None and done.first_at is not None:
        return replies.already_acknowledged(done.incident, done.first_by, done.first_at, user)
    return replies.acknowledged(done.incident, offer_lead=done.offer_lead)


async def update(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message | None:
    if not request.text:
        must_be_open(incident)
        permissions.require(front.desk, "update", asking.user, incident)
        view = modals.update_modal(incident, policy)
        return await front.open_view(asking, view, f"{front.command} update What changed")
    saved = await run.update(front.desk, incident.number, request.text, asking.user, delivery=asking.delivery)
    return replies.updated(saved, policy)


async def status(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    assert request.status is not None  # noqa: S101 - the grammar saw to it
    saved = await run.move(
        front.desk, incident.number, request.status, asking.user, request.text, delivery=asking.delivery
    )
    return replies.done(f"{saved.id} is now {saved.status}.")


async def severity(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    assert request.severity is not None  # noqa: S101 - the grammar saw to it
    saved = await run.change_severity(
        front.desk, incident.number, request.severity, asking.user, request.text, delivery=asking.delivery
    )
    return replies.done(f"{saved.id} is now {saved.severity}.")


async def role(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    holder = None if request.clear else request.users[0]
    key = request.role or "commander"
    saved = await run.assign(front.desk, incident.number, {key: holder}, asking.user, delivery=asking.delivery)
    title = policy.role(key).title
    return replies.done(f"{title} of {saved.id}: " + (f"<@{holder}>." if holder else "nobody now."))


async def roles(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    return replies.roles(incident, policy, front.command, asking.user)


async def handover(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    saved = await handing_over.offer(
        front.desk,
        incident.number,
        request.role or "commander",
        request.users[0],
        asking.user,
        delivery=asking.delivery,
    )
    return handovers.offered(saved, policy, saved.handovers[-1])


async def join(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    saved = await acknowledging.join(front.desk, incident.number, asking.user, delivery=asking.delivery)
    return replies.joining(saved)


async def invite(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    await acknowledging.invite(front.desk, incident.number, request.users, delivery=asking.delivery)
    people = ", ".join(f"<@{user}>" for user in request.users)
    return replies.done(f"Inviting {people} to {incident.id}.")


async def escalate(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    done = await escalating.escalate(front.desk, incident.number, asking.user, request.text, delivery=asking.delivery)
    return replies.escalated(done.incident, policy, done.climb)


async def page(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    done = await escalating.page(
        front.desk,
        incident.number,
        asking.user,
        user=request.users[0] if request.users else None,
        schedule=request.schedule,
        reason=request.text,
        delivery=asking.delivery,
    )
    return replies.escalated(done.incident, policy, done.climb)


async def trigger(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    """A trigger by its name, with a reason; without one, all of them."""
    found = triggers.named(policy, request.text)
    if found is None:
        return triggering.listed(incident, policy, front.command, request.text)
    meant, reason = found
    saved = await escalating.trip(front.desk, incident.number, meant, asking.user, reason, delivery=asking.delivery)
    return triggering.tripped(saved, meant)


async def fields(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message | None:
    if not policy.fields:
        raise Refused("The policy asks no questions of its own: there is no `fields` in it.", "note What you know")
    view = details.modal(incident, policy)
    return await front.open_view(asking, view, f"{front.command} note What you know")


async def note(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    await run.note(front.desk, incident.number, request.text, asking.user, delivery=asking.delivery)
    return replies.done(f"Noted on the timeline of {incident.id}.")


async def impact(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message | None:
    permissions.require(front.desk, "impact", asking.user, incident)
    return await front.open_view(asking, impacts.impact_modal(incident, policy), f"{front.command} impact")


async def timeline_(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    everything = request.scope == "all"
    async with front.desk.database.reading() as conn:
        entries = await timeline.read(conn, incident.number, key_only=not everything, limit=200, newest=True)
    return replies.timeline(incident, entries, everything=everything, command=front.command)


async def catchup(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    missed = await catching_up.catch_up(front.desk, incident, policy, asking.user, asking.delivery)
    return catchups.catchup(
        incident,
        policy,
        front.desk.clock.now(),
        since=missed.since,
        entries=missed.entries,
        messages=missed.messages,
        upcoming=[(ledger.asks(row.kind, row.once), row.rung, row.due_at) for row in missed.upcoming],
        contacts=missed.contacts,
        links=missed.links,
    )


async def why(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    async with front.desk.database.reading() as conn:
        rows = await deadlines.ledger(conn, incident.number)
    lines = [
        ledger.Reminder(
            ledger.asks(row.kind, row.once), row.rung, row.due_at, row.sent_at, State(row.state), row.reason
        )
        for row in rows
    ]
    return replies.why(incident, policy, lines, front.desk.clock.now())


async def snooze(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    assert request.span is not None  # noqa: S101 - the grammar saw to it
    saved = await run.snooze(front.desk, incident.number, request.span, asking.user, delivery=asking.delivery)
    return replies.snoozed(saved, request.span)


async def next_(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    assert request.span is not None  # noqa: S101 - the grammar saw to it
    saved = await run.promise(front.desk, incident.number, request.span, asking.user, delivery=asking.delivery)
    return replies.promised(saved, request.span)


async def resolve(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    saved = await run.resolve(front.desk, incident.number, asking.user, summary=request.text, delivery=asking.delivery)
    return replies.done(f"{saved.id} is resolved. Reminders and pages have stopped.")


async def close(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    saved = await run.close(front.desk, incident.number, asking.user, delivery=asking.delivery)
    return replies.done(f"{saved.id} is closed.")


async def cancel(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    saved = await run.cancel(front.desk, incident.number, asking.user, request.text, delivery=asking.delivery)
    return replies.done(f"{saved.id} is cancelled. Reminders and pages have stopped.")


async def reopen(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    saved = await run.reopen(front.desk, incident.number, asking.user, request.text, delivery=asking.delivery)
    return replies.done(f"{saved.id} is open again. Reminders and the ladder start afresh.")


async def show(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    async with front.desk.database.reading() as conn:
        entries = await timeline.read(conn, incident.number, key_only=True, limit=5, newest=True)
    return replies.show(incident, policy, entries, front.desk.clock.now())


async def list_(front: Front, asking: Asking, request: Request) -> Message:
    async with front.desk.database.reading() as conn:
        found = await incidents.listing(conn, open_only=request.scope == "open", limit=200)
        wanted = [
            incident
            for incident in found
            if (not request.severities or incident.severity in request.severities)
            and await part_of(conn, incident, asking.user)
        ]
    now = front.desk.clock.now()
    return replies.listing(wanted, front.desk.policy, now, scope=request.scope, command=front.command)


async def search(front: Front, asking: Asking, request: Request) -> Message:
    async with front.desk.database.reading() as conn:
        found = await search_index.search(conn, request.text, asking.user, front.desk.clock.now())
    return triage.searched(found, front.desk.policy, request.text, front.command)


async def drill(front: Front, asking: Asking, request: Request) -> Message:
    answer = {"user": asking.user, "response_url": asking.response_url, "channel": asking.channel}
    said = Said(request.text, request.severity or "", asking.user, drill=True, answer=answer)
    return replies.declaring(await open_incident(front.desk, said, asking.delivery), front.desk.policy)


async def help_(front: Front, asking: Asking, request: Request) -> Message:
    return replies.help(front.desk.policy, front.command, request.text or None)


async def policy_(front: Front, asking: Asking, request: Request, incident: Incident, policy: Policy) -> Message:
    if request.scope == "apply":
        permissions.require(front.desk, "policy", asking.user, incident)
    seen = changing.preview(front.desk, incident, policy)
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
