"""Handles `/incident playbook` and the buttons that find and open playbooks."""

from __future__ import annotations

from bot.domain.errors import Refused
from bot.domain.playbook.run import StepAlreadySettled
from bot.slack.blocks import playbooks
from bot.slack.blocks.elements import Message
from bot.slack.blocks.modals.run.fill_in import fill_in_modal
from bot.slack.listeners.calls import Press, PressHandler, VerbCall, VerbHandler
from bot.slack.listeners.handlers.forms import press_of_verb
from bot.slack.listeners.handlers.run_buttons import open_run_form
from bot.usecases.playbooks import runs
from storage import playbook_runs


async def _playbook(call: VerbCall) -> Message:
    """Open the playbook with this exact ID; else list those that match the words, or without words the incident."""
    text = call.request.text.strip()
    library = await call.context.playbook_library.library()
    if text.lower() in library.by_id:
        return await _open(call, text.lower())
    hits = await runs.suggest(call.context, call.incident, call.policy, text)
    async with call.context.database.reading() as conn:
        existing = await playbook_runs.of_incident(conn, call.number)
    return playbooks.suggestions(call.incident, hits, existing, call.ctx.command, text)


async def _open(call: VerbCall | Press, playbook: str) -> Message:
    """Open the playbook and, if its commands have blanks, ask for them at once; the run waits in the channel."""
    try:
        run = await runs.open_run(call.context, call.number, playbook, call.user, call.delivery)
    except runs.AlreadyOpen as error:
        return playbooks.opened_already(error.run)
    definition = (await call.context.playbook_library.library()).get(playbook)
    if definition.unfilled_parameters(run.values):
        await open_run_form(call, fill_in_modal(run, definition))
    return playbooks.opened(run, call.incident, here=call.interaction.channel == call.incident.channel_id)


async def _press_open(call: Press) -> Message:
    return await _open(call, call.argument)


def overtaken_answer(error: Refused, user: str) -> Message | None:
    """The answer for a person who was a moment too late; None for every other refusal."""
    if isinstance(error, StepAlreadySettled):
        return playbooks.overtaken(error.outcome, error.step, user)
    return playbooks.opened_already(error.run) if isinstance(error, runs.AlreadyOpen) else None


VERBS: dict[str, VerbHandler] = {"playbook": _playbook}
PRESSES: dict[str, PressHandler] = {
    "playbooks": press_of_verb(_playbook, "playbook"),
    "playbook_open": _press_open,
}
