"""Handles the verbs, buttons and forms that change an incident's status or severity, end it, or reopen it.

A verb is a word after `/incident`, such as `resolve`.
"""

from __future__ import annotations

from typing import Any

from bot.domain.communications.page import on_the_page
from bot.domain.errors import Refused
from bot.domain.incident import require_ended
from bot.domain.incident.status import Status
from bot.slack.blocks import questions, replies
from bot.slack.blocks.elements import Message
from bot.slack.blocks.inputs import InputErrors, incident_of
from bot.slack.blocks.modals.also_tell import also_told
from bot.slack.blocks.modals.false_alarm import CANCEL, false_alarm_modal, values_of_false_alarm
from bot.slack.blocks.modals.reopen import reopen_modal, values_of_reopen
from bot.slack.blocks.modals.resolve import PAGE, resolve_modal, values_of_resolve
from bot.slack.blocks.modals.severity import severity_modal, values_of_severity
from bot.slack.listeners.calls import (
    IncidentCall,
    Press,
    PressHandler,
    Submission,
    SubmissionHandler,
    VerbCall,
    VerbHandler,
)
from bot.slack.listeners.handlers.also_tell import following_form, update_form
from bot.slack.listeners.handlers.forms import (
    open_form,
    open_form_of_verb,
    outdated_press,
    press_for_form,
)
from bot.usecases.incidents.cancel import cancel
from bot.usecases.incidents.change_severity import change_severity
from bot.usecases.incidents.change_status import change_status
from bot.usecases.incidents.close import close
from bot.usecases.incidents.reopen import reopen
from bot.usecases.incidents.resolve import Resolution, resolve, resolve_and_publish


async def _status(call: VerbCall) -> Message | None:
    if call.request.status is None:
        return await open_form_of_verb(call, update_form(call), "update What changed")
    status = call.request.required_status
    saved = await change_status(call.context, call.number, status, call.user, call.request.text, delivery=call.delivery)
    return replies.confirmation(f"{saved.id} is now {saved.status}.")


async def _severity(call: VerbCall) -> Message | None:
    if call.request.severity is None:
        return await open_form_of_verb(call, severity_modal(call.incident, call.policy), _severity_line(call))
    severity = call.request.required_severity
    saved = await change_severity(
        call.context, call.number, severity, call.user, call.request.text, delivery=call.delivery
    )
    return replies.confirmation(f"{saved.id} is now {saved.severity}.")


def _severity_line(call: IncidentCall) -> str:
    return f"severity {call.policy.severities[0].key} Why"


async def _press_severity(call: Press) -> Message | None:
    return await open_form(call, severity_modal(call.incident, call.policy), _severity_line(call))


async def _resolve(call: VerbCall) -> Message | None:
    if not call.request.text and call.incident.status is not Status.RESOLVED:
        return await open_form_of_verb(call, resolve_modal(call.incident, call.policy), "resolve What fixed it")
    saved = await resolve(call.context, call.number, call.user, summary=call.request.text, delivery=call.delivery)
    page = ""
    if on_the_page(saved):
        page = f" The status page still tells of it: `{call.ctx.command} comms status_page`."
    return replies.confirmation(f"{saved.id} is resolved. Reminders and pages have stopped.{page}")


async def _close(call: VerbCall) -> Message:
    """Close an incident that has ended. Of one that is open, ask first: closing it ends its paging, too."""
    if call.incident.open:
        call.require("close", call.incident)
        return questions.close_question(call.incident)
    saved = await close(call.context, call.number, call.user, delivery=call.delivery)
    return replies.confirmation(f"{saved.id} is closed.")


async def _press_resolve_and_close(call: Press) -> Message:
    """Resolve and close the incident, unless it was reopened since the question."""
    if call.argument != str(call.incident.episode):
        return await outdated_press(call)
    saved = await close(call.context, call.number, call.user, delivery=call.delivery)
    return replies.confirmation(f"{saved.id} is closed. Reminders and pages have stopped.")


async def _press_close(call: Press) -> Message | None:
    """Close the incident, unless it runs again: closing would end it, which nobody meant with this button."""
    call.require("close", call.incident)
    if call.incident.open:
        return await outdated_press(call)
    await _close(call.as_verb("close"))
    return None  # the channel sees it


async def _cancel(call: VerbCall) -> Message | None:
    if not call.request.text and call.incident.status is not Status.CANCELLED:
        return await open_form_of_verb(call, false_alarm_modal(call.incident), "cancel Why it was none")
    saved = await cancel(call.context, call.number, call.user, call.request.text, delivery=call.delivery)
    return replies.confirmation(f"{saved.id} is cancelled. Reminders and pages have stopped.")


async def _reopen(call: VerbCall) -> Message | None:
    if not call.request.text:
        require_ended(call.incident)
        call.require("reopen", call.incident)
        return await call.open_form(reopen_modal(call.incident), "reopen Why")
    saved = await reopen(call.context, call.number, call.user, call.request.text, delivery=call.delivery)
    return replies.confirmation(f"{saved.id} is open again. Reminders and the ladder start afresh.")


async def _submit_severity(call: Submission) -> None:
    incident, policy = await call.ctx.visible_incident(incident_of(call.view), call.interaction)
    values = values_of_severity(call.view, policy)
    if incident.open and values.severity == incident.severity:  # an error keeps the typed reason in the form
        raise InputErrors({"severity": f"It is already {values.severity}. Choose another, or close this form."})
    await change_severity(
        call.context, values.incident, values.severity, call.user, values.reason, delivery=call.delivery
    )


async def _submit_resolve(call: Submission) -> dict[str, Any] | None:
    values = values_of_resolve(call.view, call.context.clock.now())
    resolution = Resolution(values.summary, values.root_cause, values.impact_ended_at)
    try:
        await resolve_and_publish(
            call.context, values.incident, call.user, resolution, values.page_message, call.delivery
        )
    except Refused as refused:
        if not values.page_message:
            raise
        raise InputErrors({PAGE: refused.message}) from None
    return await following_form(call, values.incident, also_told(call.view), f"INC-{values.incident} is resolved.")


async def _submit_reopen(call: Submission) -> None:
    values = values_of_reopen(call.view)
    await reopen(call.context, values.incident, call.user, values.reason, delivery=call.delivery)


async def _submit_cancel(call: Submission) -> None:
    values = values_of_false_alarm(call.view)
    await cancel(call.context, values.incident, call.user, values.text, delivery=call.delivery)


VERBS: dict[str, VerbHandler] = {
    "status": _status,
    "severity": _severity,
    "resolve": _resolve,
    "close": _close,
    "cancel": _cancel,
    "reopen": _reopen,
}
PRESSES: dict[str, PressHandler] = {
    "severity": _press_severity,
    "resolve": press_for_form(lambda call: resolve_modal(call.incident, call.policy), "resolve What fixed it"),
    "reopen": press_for_form(lambda call: reopen_modal(call.incident), "reopen Why", when_open=False),
    "cancel": press_for_form(lambda call: false_alarm_modal(call.incident), "cancel Why it was none"),
    "close": _press_close,
    "close_anyway": _press_resolve_and_close,
}
SUBMISSIONS: dict[str, SubmissionHandler] = {
    "severity": _submit_severity,
    "resolve": _submit_resolve,
    "reopen": _submit_reopen,
    CANCEL: _submit_cancel,
}
