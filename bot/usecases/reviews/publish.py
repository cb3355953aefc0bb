"""Publishes the review of an incident in one transaction."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.incident import Incident
from bot.domain.review import lifecycle
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.reviews.export import exports
from bot.usecases.unit_of_work import locked_incident


async def publish_review(context: Context, number: int, actor: str, delivery: str | None = None) -> Incident:
    """Publish the review in the announcement channel; the review of a private incident stays in its channel.

    It is exported to every wiki that is set up.
    """
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "review", actor, work.incident)
        change = lifecycle.publish(work.incident, actor, work.now)
        public = bool(change.entries) and not work.incident.private and work.policy.announce is not None
        taken_up = work.incident.review.taken_up if work.incident.review else 0
        notices = [routing.review_published(number, taken_up)] if public else []
        return await work.commit(change, [*notices, *(exports(context, work.incident) if change.entries else [])])
