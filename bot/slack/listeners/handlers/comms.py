"""Handles `/incident comms`, its form with the buttons in it, and **Correct** on a receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.communications import stages, tell
from bot.domain.communications.communication import Communication, State
from bot.domain.communications.stages import STATUS_PAGE
from bot.domain.communications.tell import Message as WrittenMessage
from bot.domain.communications.variables import VariableInputs, confidential
from bot.domain.errors import NotFound, Refused
from bot.domain.policy.policy import Audience
from bot.slack.blocks.elements import Message
from bot.slack.blocks.inputs import InputErrors, View, in_place_of, incident_of
from bot.slack.blocks.modals import also_tell, comms, comms_review, status_page
from bot.slack.blocks.modals.comms import AudienceChoice, CommsForm, comms_modal, typed_so_far, values_of_comms
from bot.slack.blocks.modals.status_page import status_page_modal
from bot.slack.blocks.status_page import CORRECT
from bot.slack.client.api import SlackError
from bot.slack.listeners.calls import (
    IncidentCall,
    Press,
    PressHandler,
    Submission,
    SubmissionHandler,
    VerbCall,
    VerbHandler,
)
from bot.slack.listeners.context import OPEN_VIEW_WITHIN_S, Interaction, ListenerContext
from bot.slack.listeners.handlers.status_page import correction_form, is_page, page_choice, page_form
from bot.usecases.communications.approve import approve, decline
from bot.usecases.communications.draft import Draft, Overview, draft, overview, reach_of, record_of
from bot.usecases.communications.send import ACTION, send, send_test
from bot.usecases.context import Context
from storage import communications

log = structlog.get_logger()
ViewPress = Callable[[ListenerContext, Interaction, View, str], Awaitable[None]]


async def _comms(call: VerbCall) -> Message | None:
    """`comms` opens the form for the audience that is due first; `comms <audience>` for that one.

    Where the policy has no audiences, the status page is the only one.
    """
    call.require(ACTION, call.incident)
    only_page = not call.policy.audiences and call.context.policy.status_page.components
    if is_page(call.request.text) or (only_page and not call.request.text.strip()):
        return await call.open_form(status_page_modal(await page_form(call)), "comms status_page")
    form = await _form(call, call.request.text.strip())
    return await call.open_form(comms_modal(form), f"comms {form.audience.key}")


async def _press_comms(call: Press) -> Message | None:
    call.require(ACTION, call.incident)
    form = await _form(call, call.argument)
    return await call.open_form(comms_modal(form), f"comms {form.audience.key}")


async def _form(call: IncidentCall, name: str) -> CommsForm:
    """The form for an audience, or without a name for the one that is due first."""
    async with call.context.database.reading() as conn:
        audiences = await overview(conn, call.incident, call.policy)
        audience = tell.audience_of(call.policy, name) if name else _first_due(call, audiences)
        record = await record_of(call.context, conn, call.incident, call.policy)
        form = form_of(await draft(call.context, conn, record, audience), audiences, record)
        return replace(form, choices=[*form.choices, page_choice(call)])


def _first_due(call: IncidentCall, audiences: Overview) -> Audience:
    """Of the proposed audiences the one that is due first. Raises `Refused` where the policy has none."""
    candidates = audiences.proposed or audiences.others
    if not candidates:
        raise Refused("The policy has no audiences. Add them under `audiences`, and to the severities.")

    def due(audience: Audience) -> float:
        at = stages.due_at(call.incident, audience, call.policy)
        return at.timestamp() if at else float("inf")

    return min(candidates, key=due)


def form_of(audience_draft: Draft, audiences: Overview, record: VariableInputs) -> CommsForm:
    """The form of a draft."""
    incident, now = record.incident, record.now
    choices = [
        AudienceChoice(
            audience,
            audience in audiences.proposed,
            stages.last_told_text(incident, audience, now),
            stages.due_at(incident, audience, record.policy),
        )
        for audience in (*audiences.proposed, *audiences.others)
    ]
    if audience_draft.audience not in (*audiences.proposed, *audiences.others):
        waiting = stages.last_told_text(incident, audience_draft.audience, now)
        choices.append(AudienceChoice(audience_draft.audience, False, waiting))
    return CommsForm(
        incident, audience_draft.audience, audience_draft.message, audience_draft.reach, audience_draft.findings,
        audience_draft.told, audience_draft.changes, choices,
        sent=audiences.sent, asks=audience_draft.audience.second_person,
    )  # fmt: skip


async def _with_message(
    context: Context, conn: AsyncConnection, record: VariableInputs, audience: Audience, message: WrittenMessage
) -> CommsForm:
    """The form with a text that a person wrote, instead of that of the template."""
    incident, policy = record.incident, record.policy
    audiences = await overview(conn, incident, policy)
    last_told = incident.told.get(audience.key)
    audience_draft = Draft(
        audience,
        message,
        await reach_of(context, conn, incident, policy, audience),
        tuple(tell.findings_of(message, audience, confidential(record))),
        last_told,
        tuple(stages.changed_since(incident, last_told)),
    )
    corrected = None
    if message.corrects is not None:
        corrected = await communications.get(conn, incident.number, message.corrects)
    return replace(form_of(audience_draft, audiences, record), corrected=corrected)


async def _correction_form(call: IncidentCall, number: str) -> CommsForm:
    """The form that corrects a message: its words, to be changed. Raises `NotFound` if there is no such message."""
    async with call.context.database.reading() as conn:
        original = await _communication(conn, call, number)
        audience = tell.audience_of(call.policy, original.audience)
        record = await record_of(call.context, conn, call.incident, call.policy)
        subject = f"Correction: {original.subject.removeprefix('Correction: ')}"
        message = WrittenMessage(original.audience, original.stage, subject, original.text, original.number)
        return await _with_message(call.context, conn, record, audience, message)


async def _communication(conn: AsyncConnection, call: IncidentCall, number: str) -> Communication:
    communication = await communications.get(conn, call.number, int(number)) if number.isdecimal() else None
    if communication is None:
        raise NotFound(f"There is no message {call.incident.id}/{number[:9]}.", "comms")
    return communication


async def _press_correct(call: Press) -> Message | None:
    call.require(ACTION, call.incident)
    form = await _correction_form(call, call.argument)
    return await call.open_form(comms_modal(form), f"comms {form.audience.key}")


async def _correct_in_form(ctx: ListenerContext, interaction: Interaction, view: View, value: str) -> None:
    """Show the form that corrects an earlier message, in place of the form with the list of them."""
    incident, policy = await ctx.visible_incident(incident_of(view), interaction)
    call = IncidentCall(ctx, interaction, incident, policy)
    call.require(ACTION, incident)
    form = await _correction_form(call, value.partition(":")[2])
    await _update_view(ctx, view, comms_modal(form))


async def _correct_page(ctx: ListenerContext, interaction: Interaction, view: View, value: str) -> None:
    """Show the form that corrects what was published, in place of the form of the status page."""
    incident, policy = await ctx.visible_incident(incident_of(view), interaction)
    call = IncidentCall(ctx, interaction, incident, policy)
    call.require(ACTION, incident)
    await _update_view(ctx, view, await correction_form(call, value.partition(":")[2]))


async def _press_review(call: Press) -> Message | None:
    call.require(ACTION, call.incident)
    async with call.context.database.reading() as conn:
        waiting = await _communication(conn, call, call.argument)
        if waiting.state is not State.ASKED:
            raise Refused("Somebody has decided about this message already.", "comms")
        audience = tell.audience_of(call.policy, waiting.audience)
        record = await record_of(call.context, conn, call.incident, call.policy)
        message = WrittenMessage(waiting.audience, waiting.stage, waiting.subject, waiting.text, waiting.corrects)
        form = await _with_message(call.context, conn, record, audience, message)
    return await call.open_form(comms_review.review_modal(form, waiting), "comms")


async def _submit_review(call: Submission) -> None:
    incident, number = comms_review.number_of_review(call.view)
    await approve(call.context, incident, number, call.user, delivery=call.delivery)


async def _decline(ctx: ListenerContext, interaction: Interaction, view: View, value: str) -> None:
    incident, number = comms_review.number_of_review(view)
    await ctx.visible_incident(incident, interaction)
    declined = await decline(ctx.context, incident, number, interaction.user, interaction.delivery)
    await _update_view(ctx, view, comms_review.declined_modal(declined))


async def _submit(call: Submission) -> dict[str, Any] | None:
    """Send, unless the lint finds what the person was not shown: then the form shows it, and asks once more."""
    values = values_of_comms(call.view)
    incident, policy = await call.ctx.visible_incident(values.incident, call.interaction)
    audience = tell.audience_of(policy, values.message.audience)
    async with call.context.database.reading() as conn:
        record = await record_of(call.context, conn, incident, policy)
        findings = tell.findings_of(values.message, audience, confidential(record))
        blocking = [finding.sentence for finding in findings if finding.blocks]
        if blocking:
            raise InputErrors({comms.text_block(call.view): f"{'. '.join(blocking)}."})
        if any(finding.sentence not in values.shown_findings for finding in findings):
            form = await _with_message(call.context, conn, record, audience, values.message)
            return in_place_of(call.view, comms_modal(form))
    await send(call.context, values.incident, values.message, call.user, delivery=call.delivery)
    return None


async def _choose(ctx: ListenerContext, interaction: Interaction, view: View, value: str) -> None:
    """Show the text and the recipients of the audience that was chosen."""
    incident, policy = await ctx.visible_incident(incident_of(view), interaction)
    call = IncidentCall(ctx, interaction, incident, policy)
    call.require(ACTION, incident)
    await _show(call, view, comms.chosen_audience(view) or "")


async def _show(call: IncidentCall, view: View, audience: str) -> None:
    """Show the form of this audience, or that of the status page."""
    page = audience == STATUS_PAGE.key
    form = status_page_modal(await page_form(call)) if page else comms_modal(await _form(call, audience))
    await _update_view(call.ctx, view, form)


async def _edit(ctx: ListenerContext, interaction: Interaction, view: View, value: str) -> None:
    """Show the form of one audience, in place of the form of several."""
    incident, policy = await ctx.visible_incident(incident_of(view), interaction)
    call = IncidentCall(ctx, interaction, incident, policy)
    call.require(ACTION, incident)
    await _show(call, view, value.partition(":")[2])


async def _test(ctx: ListenerContext, interaction: Interaction, view: View, value: str) -> None:
    """Send what is typed so far to the person alone."""
    values = typed_so_far(view)
    await ctx.visible_incident(values.incident, interaction)
    await send_test(ctx.context, values.incident, values.message, interaction.user, interaction.delivery or view["id"])


async def _update_view(ctx: ListenerContext, view: View, updated: dict[str, Any]) -> None:
    form = in_place_of(view, updated)
    try:
        async with asyncio.timeout(OPEN_VIEW_WITHIN_S):
            await ctx.api.call("views.update", view_id=view["id"], hash=view.get("hash"), view=form)
    except (SlackError, TimeoutError) as error:
        log.info("modal.not_updated", view=view.get("callback_id"), error=str(error) or "too slow")


VERBS: dict[str, VerbHandler] = {"comms": _comms}
PRESSES: dict[str, PressHandler] = {
    "comms": _press_comms,
    comms.CORRECT: _press_correct,
    "comms_review": _press_review,
}
SUBMISSIONS: dict[str, SubmissionHandler] = {comms.CALLBACK: _submit, comms_review.CALLBACK: _submit_review}
# Presses inside the forms, which know what is typed in them so far.
VIEW_PRESSES: dict[str, dict[str, ViewPress]] = {
    comms.CALLBACK: {comms.AUDIENCE: _choose, comms.TEST: _test, comms.CORRECT: _correct_in_form},
    comms_review.CALLBACK: {comms_review.DECLINE: _decline},
    status_page.CALLBACK: {comms.AUDIENCE: _choose, CORRECT: _correct_page},
    also_tell.CALLBACK: {also_tell.EDIT: _edit},
}
