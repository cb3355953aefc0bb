"""Asks the participants of an incident the open questions of its review, and records their answers."""

from __future__ import annotations

from collections.abc import Mapping

from bot.domain import routing
from bot.domain.incident import Change, Incident
from bot.domain.review import lifecycle
from bot.domain.timeline.entry import BOT, entry
from bot.domain.values.slack_ids import is_user_id
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.reviews.read import read_review
from bot.usecases.unit_of_work import locked_incident

PER_PERSON = 3


async def ask_participants(context: Context, number: int, actor: str, delivery: str | None = None) -> list[str]:
    """Send each person their questions, once for each request. Returns the people who are asked."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, "review", actor, work.incident)
        lifecycle.require_review(work.incident)
        view = await read_review(work.conn, work.policy, number)
        people = list(dict.fromkeys(question.to for question in view.questions if question.to))
        recipients = [person for person in people if is_user_id(person)]
        if not recipients:
            return []
        names = ", ".join(f"<@{person}>" for person in recipients)
        record = entry(work.now, "review", actor, f"asked {names} what the record leaves open", asked=recipients)
        incident = await work.commit(Change(work.incident, (record,)))
        stamp = int(work.now.timestamp() * 1_000_000)
        notices = [routing.review_questions(incident.number, person, stamp) for person in recipients]
        await work.commit(Change(incident), notices)
        return recipients


async def answer(
    context: Context,
    number: int,
    answers: Mapping[str, tuple[str, str]],
    actor: str,
    delivery: str | None = None,
    *,
    anonymous: bool = False,
) -> Incident:
    """Record answers by the key of their question, each with the section it belongs to and the text.

    An anonymous answer carries no name anywhere in the record.
    """
    async with locked_incident(context, number, delivery) as work:
        lifecycle.require_review(work.incident)
        records = tuple(
            entry(
                work.now, "answer", BOT if anonymous else actor, text.strip(), question=question, section=section,
                anonymous=anonymous,
            )
            for question, (section, text) in answers.items()
            if text.strip()
        )  # fmt: skip
        return await work.commit(Change(work.incident, records), [routing.review_edit(number)] if records else [])
