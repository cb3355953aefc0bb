"""Handles `/incident times` and the form **Correct times**."""

from __future__ import annotations

from bot.domain.incident.times import ImpossibleTime, require_counted
from bot.slack.blocks import replies
from bot.slack.blocks.elements import Message
from bot.slack.blocks.inputs import InputErrors
from bot.slack.blocks.modals.times import TIMES, times_modal, values_of_times
from bot.slack.listeners.calls import PressHandler, Submission, SubmissionHandler, VerbCall, VerbHandler
from bot.slack.listeners.handlers.forms import press_of_verb
from bot.usecases.incidents.correct_times import correct_times


async def _times(call: VerbCall) -> Message | None:
    call.require("times", call.incident)
    require_counted(call.incident)
    return await call.open_form(times_modal(call.incident), "times")


async def _submit(call: Submission) -> None:
    values = values_of_times(call.view)
    try:
        saved = await correct_times(
            call.context, values.incident, values.corrections, values.reason, call.user, call.delivery
        )
    except ImpossibleTime as impossible:
        raise InputErrors({impossible.field: impossible.message}) from None
    await call.reply_later(
        replies.confirmation(f"The times of {saved.id} are corrected. All figures follow."), channel=saved.channel_id
    )


VERBS: dict[str, VerbHandler] = {"times": _times}
PRESSES: dict[str, PressHandler] = {"times": press_of_verb(_times, "times")}
SUBMISSIONS: dict[str, SubmissionHandler] = {TIMES: _submit}
