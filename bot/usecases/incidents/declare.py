"""Declare: the incident is in the database, with all that must follow, before anybody is told that it is."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.domain import incident as verbs
from bot.domain import routing
from bot.domain.deadlines import plan
from bot.domain.incident import Answer, Incident, custom_fields
from bot.domain.paging import triggers
from bot.domain.policy.policy import Fact
from bot.domain.routing.notice import Notice, OnDependencyFailure, Priority
from bot.usecases import authorize
from bot.usecases.context import Context, claim_delivery
from bot.usecases.effects import home_tab, search_index
from storage import deadlines, incidents, policies
from storage.outbox import enqueue
from storage.timeline import entries as timeline


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
        change = verbs.declare(
            number,
            said.title,
            said.severity,
            said.actor,
            policy,
            now,
            description=said.description,
            category=said.category,
            services=said.services,
            private=said.private,
            drill=said.drill,
            facts=said.facts,
            detected_at=said.detected_at,
        )
        incident, entries = triggers.stamped(change.incident, policy, now), list(change.entries)
        if said.custom:
            incident = replace(incident, custom=dict(said.custom))
            entries.append(custom_fields.said({}, incident.custom, said.actor, policy, now))
        if said.source:
            link = said.source.get("link")
            text = f"Declared from a message by <@{said.source['author']}>"
            entries += verbs.note(incident, text, said.actor, now, link).entries
        await incidents.insert(conn, incident)
        await timeline.append(conn, number, entries)
        await deadlines.sync(conn, number, plan(incident, policy), lambda once: "", now)
        await search_index.declared(conn, incident)
        await home_tab.refresh(conn, None, incident, now)
        await enqueue.put(conn, [*routing.on_declared(incident, policy), *_answer(number, said)])
    context.wakeups.notify()
    return incident


def _answer(number: int, said: Declaration) -> list[Notice]:
    if said.answer is None:
        return []
    return [
        Notice(
            f"declared:{number}",
            "declared",
            number,
            said.answer,
            depends_on=routing.channel_of(number),
            on_dependency_failure=OnDependencyFailure.SEND,
            priority=Priority.ANSWER,
        )
    ]
