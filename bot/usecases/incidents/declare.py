"""Declares an incident: commits it with its deadlines and messages before anyone is told."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import incident as verbs
from bot.domain import routing
from bot.domain.errors import Refused
from bot.domain.incident import Answer, Incident, custom_fields
from bot.domain.outcome import Outcome
from bot.domain.policy.policy import Fact, Policy
from bot.domain.routing.notice import Notice
from bot.domain.values.past_play import PastPlay
from bot.domain.values.slack_ids import user_mention
from bot.usecases import authorize
from bot.usecases.actions.tickets import ticket_of_incident
from bot.usecases.context import Context
from bot.usecases.unit_of_work import PendingChange, claim_delivery, commit_many
from bot.usecases.visibility import visible_other
from storage import api_requests, incidents, policies

SPEED = 10  # factor by which a drill replays an incident faster, by default


@dataclass(frozen=True, slots=True)
class Declaration:
    """The values with which a person declares an incident."""

    title: str  # empty in a drill that replays a past incident: then that one's
    severity: str  # a key of the policy; empty as above
    actor: str  # Slack ID of the person who declares
    description: str = ""
    category: str | None = None
    services: tuple[str, ...] = ()  # keys of the policy
    private: bool = False
    drill: bool = False
    plays: int | None = None  # of a drill: the number of the past incident that it plays
    speed: int = SPEED  # factor by which it is faster
    slack_down: timedelta | None = None  # of a drill: for how long nothing about it goes to Slack
    facts: dict[str, Fact] = field(default_factory=dict)  # that the category asks for
    custom: dict[str, Answer] = field(default_factory=dict)  # answers to the organisation's own questions
    detected_at: datetime | None = None  # None: now
    answer: dict[str, Any] | None = None  # where to say that the channel is there: "user", "response_url"?, "channel"?
    source: dict[str, Any] | None = None  # the message it came from: "channel", "ts", "author", "link"
    request_key: str | None = None  # of the stored request of the API, which learns the incident's number


async def declare(context: Context, declaration: Declaration, delivery: str | None = None) -> Incident:
    """Open an incident in one transaction. Raises `Refused`, and `DuplicateDelivery` for a redelivery."""
    authorize.require(context, "drill" if declaration.drill else "declare", declaration.actor)
    if declaration.plays is None:
        context.policy.severity(declaration.severity)
    async with context.database.serialized() as conn:
        past = await _past_incident(conn, declaration)
        plays = None if past is None else PastPlay(past.number, past.declared_at, declaration.speed)
        declaration = declaration if past is None else _with_past_defaults(declaration, past, context.policy)
        await claim_delivery(conn, delivery, context.clock.now())
        incident = await declare_within(context, conn, declaration, plays)
        if declaration.request_key is not None:
            await api_requests.note_incident(conn, declaration.request_key, incident.number)
    context.wakeups.notify()
    return incident


async def declare_within(
    context: Context, conn: AsyncConnection, declaration: Declaration, plays: PastPlay | None = None
) -> Incident:
    """Open an incident in the caller's transaction. The caller checks the permission and wakes the workers."""
    # Read together, since they may change while others are awaited.
    policy, document, now = context.policies.current, context.policies.document, context.clock.now()
    await policies.remember(conn, policy.digest, document, now)
    number = await incidents.next_number(conn)  # from here to the commit other declares wait
    change = verbs.declare(number, replace(_new_incident(declaration), plays=plays), policy, now)
    incident, entries = change.incident, list(change.entries)
    if declaration.custom:
        incident = replace(incident, custom=dict(declaration.custom))
        entries.append(custom_fields.fields_entry({}, incident.custom, declaration.actor, policy, now))
    if declaration.source:
        link = declaration.source.get("link")
        incident = replace(incident, source_link=link)
        text = f"Declared from a message by {user_mention(declaration.source['author'])}"
        entries += verbs.note(incident, text, declaration.actor, now, link).entries
    notices = (*_answer(number, declaration), *ticket_of_incident(context, incident, policy))
    outcome = Outcome(verbs.Change(incident, tuple(entries)), notices)
    (incident,) = await commit_many(conn, [PendingChange(None, outcome, policy, source=context.source)], now)
    return incident


async def _past_incident(conn: AsyncConnection, declaration: Declaration) -> Incident | None:
    """The past incident that a drill plays. Raises `Refused` for one that is open, private or missing."""
    if declaration.plays is None:
        return None
    past = await visible_other(conn, declaration.plays, declaration.actor, sees_all=False)
    if past.open or past.private or past.drill:
        raise Refused(f"{past.id} cannot be played: only an incident that has ended, is public and was no drill can.")
    return past


def _with_past_defaults(declaration: Declaration, past: Incident, policy: Policy) -> Declaration:
    """The declaration of a drill, with the title and severity of the past incident where they are empty."""
    has_severity = past.severity in {level.key for level in policy.severities}
    severity = declaration.severity or (past.severity if has_severity else policy.severities[0].key)
    policy.severity(severity)
    return replace(declaration, title=declaration.title or f"Replay of {past.id}: {past.title}", severity=severity)


def _new_incident(declaration: Declaration) -> verbs.NewIncident:
    return verbs.NewIncident(
        title=declaration.title,
        severity=declaration.severity,
        declared_by=declaration.actor,
        description=declaration.description,
        category=declaration.category,
        services=declaration.services,
        private=declaration.private,
        drill=declaration.drill,
        slack_down=declaration.slack_down,
        detected_at=declaration.detected_at,
        facts=declaration.facts,
    )


def _answer(number: int, declaration: Declaration) -> tuple[Notice, ...]:
    return () if declaration.answer is None else (routing.declaration(number, declaration.answer),)
