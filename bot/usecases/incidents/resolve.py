"""Resolves an incident, and on request its publications on the status page, in one transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain import incident as verbs
from bot.domain.incident import Incident
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.status_page.publish import resolve_page_of
from bot.usecases.unit_of_work import locked_incident


@dataclass(frozen=True, slots=True)
class Resolution:
    """A person's account of the end. An empty text keeps its earlier value."""

    summary: str = ""
    root_cause: str = ""
    impact_ended_at: datetime | None = None


async def resolve(
    context: Context,
    number: int,
    actor: str,
    *,
    summary: str = "",
    root_cause: str = "",
    impact_ended_at: datetime | None = None,
    delivery: str | None = None,
) -> Incident:
    """End the incident, with its reminders and pages. An empty text keeps its earlier value."""
    resolution = Resolution(summary, root_cause, impact_ended_at)
    return await resolve_and_publish(context, number, actor, resolution, "", delivery)


async def resolve_and_publish(
    context: Context, number: int, actor: str, resolution: Resolution, page_message: str, delivery: str | None = None
) -> Incident:
    """End the incident; with `page_message`, also resolve its publications with that message."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "resolve", actor, work.incident)
        change = verbs.resolve(
            work.incident,
            actor,
            work.now,
            summary=resolution.summary,
            root_cause=resolution.root_cause,
            impact_ended_at=resolution.impact_ended_at,
        )
        await work.commit(change)
        if page_message:
            authorize.require(context, "comms", actor, work.incident)
            await resolve_page_of(work, page_message, actor)
    if page_message:
        context.wakeups.status_page.set()
    return work.incident
