"""Handles `/incident review`, and the buttons and forms of a review."""

from __future__ import annotations

from bot.domain.review.view import ReviewView
from bot.slack.blocks import replies
from bot.slack.blocks import review as blocks
from bot.slack.blocks.elements import Message
from bot.slack.blocks.inputs import InputErrors
from bot.slack.blocks.modals.review import EDIT, SECTION, edit_modal, values_of_edit
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
from bot.usecases.reviews.changes import complete_review, edit_sections, open_review
from bot.usecases.reviews.read import read_review


async def _review(call: VerbCall) -> Message:
    """Show where the review stands and what can be done; the first call opens it."""
    if call.incident.review is None:
        await open_review(call.context, call.number, call.user, call.delivery)
    return blocks.menu(await _read(call), call.ctx.command)


async def _press_read(call: Press) -> Message | None:
    view = await _read(call)
    return await call.open_form(blocks.whole(view, call.policy), "review")


async def _press_edit(call: Press) -> Message | None:
    call.require("review", call.incident)
    return await call.open_form(edit_modal(await _read(call)), "review")


async def _press_complete(call: Press) -> Message:
    await complete_review(call.context, call.number, call.user, call.delivery)
    return replies.done(f"The review of {call.incident.id} is completed. Publish it when everybody may read it.")


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
    "review_complete": _press_complete,
}
SUBMISSIONS: dict[str, SubmissionHandler] = {EDIT: _submit_edit}
