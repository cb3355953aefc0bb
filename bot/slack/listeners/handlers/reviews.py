"""Handles `/incident review`, and the buttons and forms of a review."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from bot.domain.incident import Review, review_agenda
from bot.domain.incident.state import ReviewAgenda
from bot.domain.review.document import questions_for
from bot.domain.review.lint import lint
from bot.domain.review.meeting import suggest
from bot.domain.review.view import ReviewView
from bot.domain.values.slack_ids import user_mention
from bot.slack.blocks import elements, replies
from bot.slack.blocks import review as blocks
from bot.slack.blocks.elements import Block, Message
from bot.slack.blocks.inputs import InputErrors, refusal_at
from bot.slack.blocks.modals.review import EDIT, SECTION, edit_modal, values_of_edit
from bot.slack.blocks.modals.review_answers import ANSWER, answer_modal, thanked, values_of_answers
from bot.slack.blocks.modals.review_schedule import SCHEDULE, schedule_modal, values_of_schedule
from bot.slack.directory.time_zones import time_zone_of
from bot.slack.listeners.calls import (
    IncidentCall,
    Press,
    PressHandler,
    Submission,
    SubmissionHandler,
    VerbCall,
    VerbHandler,
)
from bot.slack.text import mention
from bot.usecases.reviews.ask import PER_PERSON, answer, ask_participants
from bot.usecases.reviews.canvas import mirror_review
from bot.usecases.reviews.changes import complete_review, edit_sections, open_review, schedule_review
from bot.usecases.reviews.publish import publish_review
from bot.usecases.reviews.read import read_review
from storage import reviews

VERSIONS = 40
MOST_ZONES = 12  # people whose working hours a suggested time considers


async def _review(call: VerbCall) -> Message:
    """Show where the review stands and what can be done; the first call opens it."""
    if call.incident.review is None:
        await open_review(call.context, call.number, call.user, call.delivery)
    return blocks.menu(await _read(call), call.ctx.command)


async def _press_read(call: Press) -> Message | None:
    view = await _read(call)
    return await call.open_form(blocks.whole_text(view, call.policy), "review")


async def _press_history(call: Press) -> Message | None:
    async with call.context.database.reading() as conn:
        stored = await reviews.versions(conn, call.number, VERSIONS)
    versions = [
        blocks.Version(version.section, version.version, version.text, version.author, version.at) for version in stored
    ]
    return await call.open_form(blocks.history(call.incident, versions), "review")


async def _press_edit(call: Press) -> Message | None:
    call.require("review", call.incident)
    return await call.open_form(edit_modal(await _read(call)), "review")


async def _press_complete(call: Press) -> Message:
    """Complete the review, and show the hints of the lint, which refuse nothing."""
    view = await _read(call)
    completed = await complete_review(call.context, call.number, call.user, call.delivery)
    if hints := lint(view.sections, view.actions):
        return blocks.hints(completed, hints)
    return replies.confirmation(
        f"The review of {call.incident.id} is completed. Publish it when everybody may read it."
    )


async def _press_publish(call: Press) -> Message:
    await publish_review(call.context, call.number, call.user, call.delivery)
    where = "and stays in this channel" if call.incident.private else "and announced"
    return replies.confirmation(f"The review of {call.incident.id} is published {where}.")


async def _press_ask(call: Press) -> Message:
    people = await ask_participants(call.context, call.number, call.user, call.delivery)
    if not people:
        return replies.confirmation("Nothing is open that somebody could be asked.")
    return replies.confirmation(
        f"Asked {', '.join(user_mention(person) for person in people)}. Answers flow into the review."
    )


async def _press_canvas(call: Press) -> Message:
    canvas_id = await mirror_review(call.context, call.number, call.user, call.delivery)
    if canvas_id is not None:
        me = call.ctx.bot
        link = elements.link(f"{me.url.rstrip('/')}/docs/{me.team_id}/{canvas_id}", "canvas")
        return elements.line(f"The {link} is brought up to date. What people wrote in it stays.")
    return replies.confirmation("The review goes into a canvas of this channel; the link follows here.")


async def _press_answer(call: Press) -> Message | None:
    view = await _read(call)
    questions = questions_for(view.sections, call.user)[:PER_PERSON]
    if not questions:
        return replies.confirmation("Everything that was asked is answered. Thank you.")
    return await call.open_form(answer_modal(call.incident, view.sections, questions), "review")


async def _press_schedule(call: Press) -> Message | None:
    call.require("review", call.incident)
    view = await _read(call)
    review = call.incident.review
    people = list(filter(None, dict.fromkeys([view.facilitator, *view.participants])))[:MOST_ZONES]
    zones = await asyncio.gather(*(time_zone_of(call.ctx.api, person) for person in people))
    zone_names = [zone or call.policy.zone for zone in zones] or [call.policy.zone]
    length = review_agenda.length(replace(review or Review(call.context.clock.now()), meeting=_meeting(call)))
    suggestion = suggest(call.context.clock.now(), review.due_at if review else None, length, zone_names)
    return await call.open_form(schedule_modal(call.incident, suggestion, len(zone_names), view.facilitator), "review")


def _meeting(call: IncidentCall) -> ReviewAgenda:
    return ReviewAgenda(call.policy.review_agenda)


async def _submit_answers(call: Submission) -> Block:
    values = values_of_answers(call.view)
    incident = await answer(
        call.context, values.incident, values.answers, call.user, call.delivery, anonymous=values.anonymous
    )  # fmt: skip
    async with call.context.database.reading() as conn:
        view = await read_review(conn, call.context.policy, values.incident)
    return thanked(incident, len(questions_for(view.sections, call.user)), anonymous=values.anonymous)


async def _submit_schedule(call: Submission) -> None:
    values = values_of_schedule(call.view)
    with refusal_at("at"):
        await schedule_review(
            call.context, values.incident, values.at, values.facilitator, call.user, call.delivery
        )  # fmt: skip


async def _press_start(call: Press) -> Message:
    return await _review(call.as_verb("review"))


async def _read(call: IncidentCall) -> ReviewView:
    async with call.context.database.reading() as conn:
        return await read_review(conn, call.policy, call.number)


async def _submit_edit(call: Submission) -> None:
    values = values_of_edit(call.view)
    overtaken = await edit_sections(call.context, values.incident, values.texts, call.user, call.delivery)
    if overtaken:
        raise InputErrors(
            {
                f"{SECTION}{key}": f"{mention(text.author)} changed this while you wrote. Copy your text, close this "
                "form and open it again."
                for key, text in overtaken.items()
            }
        )


VERBS: dict[str, VerbHandler] = {"review": _review}
PRESSES: dict[str, PressHandler] = {
    "review": _press_start,
    "review_read": _press_read,
    "review_edit": _press_edit,
    "review_history": _press_history,
    "review_complete": _press_complete,
    "review_publish": _press_publish,
    "review_ask": _press_ask,
    "review_answer": _press_answer,
    "review_canvas": _press_canvas,
    "review_schedule": _press_schedule,
}
SUBMISSIONS: dict[str, SubmissionHandler] = {
    EDIT: _submit_edit,
    ANSWER: _submit_answers,
    SCHEDULE: _submit_schedule,
}
