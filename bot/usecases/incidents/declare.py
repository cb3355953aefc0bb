"""Declare: the incident is in the database, with all that must follow, before anybody is told that it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.domain import incident as verbs
from bot.domain import routing
from bot.domain.incident import Answer, Incident, custom_fields
from bot.domain.outcome import Outcome
from bot.domain.policy.policy import Fact
from bot.domain.routing.notice import Notice
from bot.domain.values.slack_ids import user_mention
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.unit_of_work import PendingChange, claim_delivery, commit_many
from storage import incidents, policies


@dataclass(frozen=True, slots=True)
class Declaration:
    """What a person said when declaring. `answer` is where to tell them, privately, that the channel is there."""

    title: str
    severity: str
    actor: str
    description: str = ""
    category: str | None = None
    services: tuple[str, ...] = ()
    private: bool = False
    drill: bool = False
    facts: dict[str, Fact] = field(default_factory=dict)
    custom: dict[str, Answer] = field(default_factory=dict)
    detected_at: datetime | None = None
    answer: dict[str, Any] | None = None  # {"user", "response_url"?, "channel"?}
    source: dict[str, Any] | None = None  # {"channel", "ts", "author", "link"}: the message it came from


async def declare(context: Context, said: Declaration, delivery: str | None = None) -> Incident:
    """Open an incident in one transaction. Raises `Refused` for an unknown severity, `Repeated` for a redelivery."""
    policy, document = context.policies.current, context.policies.document  # both now: they may change while we wait
    policy.severity(said.severity)
    authorize.require(context, "drill" if said.drill else "declare", said.actor)
    async with context.database.serialized() as conn:
        now = context.clock.now()
        await claim_delivery(conn, delivery, now)
        await policies.remember(conn, policy.digest, document, now)
        number = await incidents.next_number(conn)  # from here to the commit other declares wait
        change = verbs.declare(number, _new_incident(said), policy, now)
        incident, entries = change.incident, list(change.entries)
        if said.custom:
            incident = replace(incident, custom=dict(said.custom))
            entries.append(custom_fields.fields_entry({}, incident.custom, said.actor, policy, now))
        if said.source:
            link = said.source.get("link")
            text = f"Declared from a message by {user_mention(said.source['author'])}"
            entries += verbs.note(incident, text, said.actor, now, link).entries
        declared = PendingChange(None, Outcome(verbs.Change(incident, tuple(entries)), _answer(number, said)), policy)
        (incident,) = await commit_many(conn, [declared], now)
    context.wakeups.notify()
    return incident


def _new_incident(said: Declaration) -> verbs.NewIncident:
    return verbs.NewIncident(
        title=said.title,
        severity=said.severity,
        declared_by=said.actor,
        description=said.description,
        category=said.category,
        services=said.services,
        private=said.private,
        drill=said.drill,
        detected_at=said.detected_at,
        facts=said.facts,
    )


def _answer(number: int, said: Declaration) -> tuple[Notice, ...]:
    return () if said.answer is None else (routing.declared(number, said.answer),)
