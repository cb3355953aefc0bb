"""Handles the verbs and buttons with which people page others by hand or decline a page.

A verb is a word after `/incident`, such as `escalate`; a page is a call to a person to respond.
"""

from __future__ import annotations

from bot.domain.paging.triggers import parse_trigger
from bot.slack.blocks import replies, triggers
from bot.slack.blocks.elements import Message
from bot.slack.listeners.calls import Press, PressHandler, VerbCall, VerbHandler
from bot.usecases.incidents import escalate
from bot.usecases.incidents.page_answers import PageRef


async def _escalate(call: VerbCall) -> Message:
    """Page the next rung; right after another escalation, ask whether one more is meant."""
    return await _escalate_once(call, call.request.text, None)


async def _press_escalate(call: Press) -> Message:
    """Ask once, naming whom it would page. The button of the answer carries the rung."""
    outcome = await escalate.next_page(call.context, call.number, call.user)
    if not outcome.paging.reached:
        return replies.escalation_reply(outcome.incident, call.policy, outcome.paging, outcome.withheld_for)
    return replies.escalation_question(outcome.incident, call.policy, outcome.paging)


async def _press_page_rung(call: Press) -> Message:
    """Page the rung that the question named, unless somebody paged it meanwhile."""
    rung, _, reason = call.argument.partition(":")
    return await _escalate_once(call, reason, int(rung))


async def _escalate_once(call: VerbCall | Press, reason: str, rung: int | None) -> Message:
    try:
        outcome = await escalate.escalate(
            call.context, call.number, call.user, reason, rung=rung, delivery=call.delivery
        )
    except escalate.AlreadyEscalated as already:
        page = already.next_page
        return replies.escalation_question(page.incident, call.policy, page.paging, reason, again=True)
    return replies.escalation_reply(outcome.incident, call.policy, outcome.paging, outcome.withheld_for)


async def _page(call: VerbCall) -> Message:
    request = call.request
    outcome = await escalate.page(
        call.context,
        call.number,
        call.user,
        users=request.users,
        schedule=request.schedule,
        reason=request.text,
        delivery=call.delivery,
    )
    return replies.escalation_reply(outcome.incident, call.policy, outcome.paging, outcome.withheld_for)


async def _trigger(call: VerbCall) -> Message:
    """Fire the named trigger; list all triggers if the text names none."""
    parsed = parse_trigger(call.policy, call.request.text)
    if parsed is None:
        return triggers.trigger_list(call.incident, call.policy, call.ctx.command, call.request.text)
    trigger, reason = parsed
    saved = await escalate.fire_trigger(call.context, call.number, trigger, call.user, reason, delivery=call.delivery)
    return triggers.trigger_confirmation(saved, trigger)


async def _press_cannot_come(call: Press) -> Message:
    page, channel = PageRef.parse(call.argument), call.interaction.channel
    outcome = await escalate.decline_page(call.context, call.number, page, call.user, channel, delivery=call.delivery)
    return replies.declined_page_reply(call.incident, outcome.paging if outcome else None)


VERBS: dict[str, VerbHandler] = {"escalate": _escalate, "page": _page, "trigger": _trigger}
PRESSES: dict[str, PressHandler] = {
    "escalate": _press_escalate,
    "escalate_rung": _press_page_rung,
    "cant": _press_cannot_come,
}
