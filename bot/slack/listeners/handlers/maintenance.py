"""Handles `/incident maintenance` and its form."""

from __future__ import annotations

from bot.domain.errors import Refused
from bot.domain.statuspage.publication import Publication
from bot.slack.blocks.elements import Message
from bot.slack.blocks.inputs import refusal_at
from bot.slack.blocks.modals.maintenance import (
    CALLBACK,
    maintenance_modal,
    planned_list,
    schedule_confirmation,
    values_of_maintenance,
)
from bot.slack.listeners.calls import Call, Submission, SubmissionHandler, WorkspaceCall, WorkspaceHandler
from bot.usecases.status_page.maintain import ACTION, schedule
from storage.statuspage import publications


async def _maintenance(call: WorkspaceCall) -> Message | None:
    """List what is planned; without words open the form."""
    planned = await _planned_maintenance(call)
    if call.request.text.strip().lower() in ("list", "all"):
        return planned_list(planned)
    call.require(ACTION)
    rules = call.context.policy.status_page
    if not rules.components:
        raise Refused("The status page has no components. List them under `status_page` of the policy.")
    return await call.open_form(maintenance_modal(rules, planned, call.context.clock.now()), "maintenance list")


async def _submit(call: Submission) -> None:
    new = values_of_maintenance(call.view, call.context.clock.now())
    with refusal_at("title"):
        publication = await schedule(call.context, new, call.user, call.delivery)
    await call.reply_later(schedule_confirmation(publication), channel=None)


async def _planned_maintenance(call: Call) -> list[Publication]:
    async with call.context.database.reading() as conn:
        unresolved = await publications.unresolved(conn)
    planned = [publication for publication in unresolved if publication.is_maintenance]
    return sorted(planned, key=lambda publication: publication.scheduled_for or publication.started_at)


WORKSPACE_VERBS: dict[str, WorkspaceHandler] = {"maintenance": _maintenance}
SUBMISSIONS: dict[str, SubmissionHandler] = {CALLBACK: _submit}
