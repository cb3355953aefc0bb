"""Opens, schedules, completes and edits the review of an incident, each in one transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain import routing
from bot.domain.incident import Change, Incident
from bot.domain.review import lifecycle
from bot.domain.review.document import TITLES
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import entry
from bot.domain.values.slack_ids import is_user_id
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.incidents.change import change_incident
from bot.usecases.reviews.read import read_review
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from bot.usecases.visibility import insiders
from storage import reviews
from storage.key_value import review_canvas
from storage.reviews import SectionText

PERMISSION = "review"
MOST_INVITED = 50


async def open_review(context: Context, number: int, actor: str, delivery: str | None = None) -> Incident:
    """Open the review of an incident that has ended. Nothing changes if it is open already."""
    return await change_incident(
        context, number, PERMISSION, actor,
        lambda w: lifecycle.open_review(w.incident, actor, w.policy, w.now), delivery,
    )  # fmt: skip


async def complete_review(context: Context, number: int, actor: str, delivery: str | None = None) -> Incident:
    """Mark the review as held, with its final text."""
    return await change_incident(
        context, number, PERMISSION, actor, lambda w: lifecycle.complete(w.incident, actor, w.now), delivery
    )


async def edit_sections(
    context: Context,
    number: int,
    texts: Mapping[str, tuple[int, str]],
    actor: str,
    delivery: str | None = None,
) -> dict[str, SectionText]:
    """Store the texts that a person wrote for sections, each with the version that the person saw.

    Returns the sections that somebody else has changed since; then nothing is stored.
    """
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, PERMISSION, actor, work.incident)
        lifecycle.require_review(work.incident)
        stored = await reviews.current(work.conn, number)
        overtaken = {
            key: stored[key] for key, (version, _) in texts.items() if key in stored and stored[key].version > version
        }
        if overtaken or not texts:
            return overtaken
        for key, (_, text) in texts.items():
            version = stored[key].version + 1 if key in stored else 1
            await reviews.add(work.conn, number, SectionText(key, version, text, actor, work.now))
        names = ", ".join(TITLES[key] for key in texts)
        record = entry(work.now, "review", actor, f"edited the review: {names}", sections=list(texts))
        mirrored = await review_canvas(number).get(work.conn) is not None
        canvas = [routing.review_canvas(number)] if mirrored else []
        await work.commit(Change(work.incident, (record,)), [routing.review_edit(number), *canvas])
        return {}


async def schedule_review(
    context: Context, number: int, at: datetime, facilitator: str | None, actor: str, delivery: str | None = None
) -> Incident:
    """Set the time and the facilitator of the review meeting."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, PERMISSION, actor, work.incident)
        change = lifecycle.schedule(work.incident, at, facilitator, actor, work.policy, work.now)
        return await work.commit(change, await _invitations(work, change) if change.entries else [])


async def _invitations(work: UnitOfWork, change: Change) -> list[Notice]:
    """The invitations by mail to each participant, if e-mail is set up; for a private incident, to its members only."""
    review = change.incident.review
    if "email" not in work.context.methods or review is None:
        return []
    view = await read_review(work.conn, work.policy, change.incident.number)
    people = list(dict.fromkeys([*filter(None, [review.facilitator]), *view.participants]))[:MOST_INVITED]
    if change.incident.private:
        inside = await insiders(work.conn, change.incident)
        people = [person for person in people if person in inside]
    number = change.incident.number
    return [routing.review_invite(number, review.scheduled, person) for person in people if is_user_id(person)]
