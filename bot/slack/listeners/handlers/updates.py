"""Handles the verbs, buttons and forms for status updates, their reminders, the impact and custom fields.

A verb is a word after `/incident`, such as `update`.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from bot.domain.errors import Refused
from bot.domain.incident import require_open
from bot.domain.incident.updates import longest_usual_quiet
from bot.slack.blocks import questions, replies
from bot.slack.blocks.elements import Message
from bot.slack.blocks.inputs import incident_of
from bot.slack.blocks.modals import custom_fields, impact
from bot.slack.blocks.modals.also_tell import also_told
from bot.slack.blocks.modals.update import values_of_update
from bot.slack.listeners.calls import Press, PressHandler, Submission, SubmissionHandler, VerbCall, VerbHandler
from bot.slack.listeners.handlers.also_tell import following_form, update_form
from bot.slack.listeners.handlers.forms import open_form_of_verb, press_for_form, press_of_verb
from bot.usecases.incidents.answer_custom_fields import answer_custom_fields
from bot.usecases.incidents.impact import record_impact
from bot.usecases.incidents.next_update import promise
from bot.usecases.incidents.post_update import post_update
from bot.usecases.incidents.snooze import end_snooze, snooze


async def _update(call: VerbCall) -> Message | None:
    if not call.request.text:
        return await open_form_of_verb(call, update_form(call), "update What changed")
    saved = await post_update(call.context, call.number, call.request.text, call.user, delivery=call.delivery)
    return replies.update_confirmation(saved, call.policy)


async def _snooze(call: VerbCall) -> Message:
    """Snooze at once, or end a snooze. A span much longer than usual is confirmed first."""
    require_open(call.incident)
    call.require("snooze", call.incident)
    if call.request.clear:
        return replies.snooze_end_confirmation(
            await end_snooze(call.context, call.number, call.user, delivery=call.delivery)
        )
    span = call.request.span
    if span is None:
        return questions.snooze_length_question(call.incident, call.context.clock.now())
    usual = longest_usual_quiet(call.incident, call.policy)
    if span > usual:
        return questions.long_snooze_question(call.incident, span, usual)
    return await _snooze_for(call, span)


async def _press_snooze(call: Press) -> Message:
    return await _snooze_for(call, timedelta(seconds=int(call.argument)))


async def _snooze_for(call: VerbCall | Press, span: timedelta) -> Message:
    saved = await snooze(call.context, call.number, span, call.user, delivery=call.delivery)
    return replies.snooze_confirmation(saved, span)


async def _next(call: VerbCall) -> Message:
    """Promise the next update. One much later than usual is confirmed first."""
    span = call.request.required_span
    usual = longest_usual_quiet(call.incident, call.policy)
    if span > usual:
        return questions.late_promise_question(call.incident, span, usual)
    return await _promise(call, span)


async def _press_next(call: Press) -> Message:
    return await _promise(call, timedelta(seconds=int(call.argument)))


async def _promise(call: VerbCall | Press, span: timedelta) -> Message:
    saved = await promise(call.context, call.number, span, call.user, delivery=call.delivery)
    return replies.promise_confirmation(saved, span)


async def _impact(call: VerbCall) -> Message | None:
    call.require("impact", call.incident)
    return await call.open_form(impact.impact_modal(call.incident, call.policy), "impact")


async def _fields(call: VerbCall) -> Message | None:
    if not call.policy.fields:
        raise Refused("The policy asks no questions of its own: it has no `fields`.", "note What you know")
    return await call.open_form(custom_fields.custom_fields_modal(call.incident, call.policy), "note What you know")


async def _submit_update(call: Submission) -> dict[str, Any] | None:
    """Change only what the person changed in the form: another person may have changed the rest meanwhile."""
    values = values_of_update(call.view, await call.ctx.policy_of(incident_of(call.view)))
    saved = await post_update(
        call.context,
        values.incident,
        values.text,
        call.user,
        status=values.status if str(values.status) != values.status_seen else None,
        severity=values.severity if values.severity != values.severity_seen else None,
        next_in=values.next_in,
        delivery=call.delivery,
    )
    return await following_form(call, saved.number, also_told(call.view), f"Update #{saved.updates} is posted.")


async def _submit_impact(call: Submission) -> None:
    number, values = impact.values_of_impact(call.view, await call.ctx.policy_of(incident_of(call.view)))
    await record_impact(call.context, number, values, call.user, delivery=call.delivery)


async def _submit_fields(call: Submission) -> None:
    incident, policy = await call.ctx.visible_incident(incident_of(call.view), call.interaction)
    values = custom_fields.values_of_custom_fields(call.view, policy, incident.severity)
    await answer_custom_fields(call.context, values.incident, values.answers, call.user, delivery=call.delivery)


VERBS: dict[str, VerbHandler] = {
    "update": _update,
    "snooze": _snooze,
    "next": _next,
    "impact": _impact,
    "fields": _fields,
}
PRESSES: dict[str, PressHandler] = {
    "update": press_for_form(update_form, "update What changed"),
    "snooze_15m": press_of_verb(_snooze, "snooze", span=timedelta(minutes=15)),
    "snooze_anyway": _press_snooze,
    "snooze_shorter": _press_snooze,
    "next_anyway": _press_next,
    "next_sooner": _press_next,
    "snooze_1h": press_of_verb(_snooze, "snooze", span=timedelta(hours=1)),
    "snooze_off": press_of_verb(_snooze, "snooze", clear=True),
    "impact": press_of_verb(_impact, "impact"),
}
SUBMISSIONS: dict[str, SubmissionHandler] = {
    "update": _submit_update,
    impact.CALLBACK: _submit_impact,
    custom_fields.CALLBACK: _submit_fields,
}
