"""Queues the creation or update of the canvas that shows the review of an incident."""

from __future__ import annotations

from bot.domain import routing
from bot.domain.incident import Change
from bot.domain.review import lifecycle
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.unit_of_work import locked_incident
from storage.key_value import review_canvas


async def mirror_review(context: Context, number: int, actor: str, delivery: str | None = None) -> str | None:
    """Queue the update, and return the canvas ID if there is one. Raises `Refused` before the review is opened."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "review", actor, work.incident)
        lifecycle.require_review(work.incident)
        canvas = await review_canvas(number).get(work.conn)
        await work.commit(Change(work.incident), [routing.review_canvas(number)])
        return None if canvas is None else str(canvas["id"])
