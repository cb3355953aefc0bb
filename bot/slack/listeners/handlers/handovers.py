"""Handles `/incident handover`, and the buttons and form with which people hand a role over."""

from __future__ import annotations

from bot.slack.blocks.elements import Message
from bot.slack.blocks.handover import requested
from bot.slack.blocks.modals.handover import HANDOVER, handover_modal, values_of_handover
from bot.slack.listeners.calls import Press, PressHandler, Submission, SubmissionHandler, VerbCall, VerbHandler
from bot.slack.listeners.handlers.forms import open_form_of_verb, press_for_form
from bot.slack.listeners.people import refuse_bots
from bot.usecases.incidents import handover
from bot.usecases.oncall import shift_change


async def _offer(call: VerbCall) -> Message | None:
    if not call.request.users:
        return await open_form_of_verb(call, handover_modal(call.incident, call.policy, call.user), "handover @user")
    role, to = call.request.role or "commander", call.request.users[0]
    saved = await handover.offer(call.context, call.number, role, to, call.user, delivery=call.delivery)
    return requested(saved, call.policy, saved.handovers[-1])


async def _press_accept(call: Press) -> None:
    """Accept the role: the request is edited, and the new holder gets the role's duties."""
    await handover.accept(call.context, call.number, _offer_number(call), call.user, delivery=call.delivery)


async def _press_decline(call: Press) -> None:
    await handover.decline(call.context, call.number, _offer_number(call), call.user, delivery=call.delivery)


def _offer_number(call: Press) -> int:
    """The number of the offer; 0, which no offer has, for a malformed value."""
    return int(call.argument) if call.argument.isdecimal() else 0


async def _press_hand_over_shift(call: Press) -> None:
    """Offer the role to the next person on call: this offer is edited, and the person gets a request."""
    role, _, to = call.argument.rpartition(":")
    await shift_change.hand_over(call.context, call.number, role, to, call.user, delivery=call.delivery)


async def _press_keep_shift(call: Press) -> None:
    """Keep the role beyond the shift."""
    await shift_change.stay(call.context, call.number, call.argument, call.user, delivery=call.delivery)


async def _submit_offer(call: Submission) -> None:
    values = values_of_handover(call.view)
    _, policy = await call.ctx.visible_incident(values.incident, call.interaction, paged=True)
    await refuse_bots(call.ctx, [values.to])
    saved = await handover.offer(
        call.context, values.incident, values.role, values.to, call.user, delivery=call.delivery
    )
    await call.reply_later(requested(saved, policy, saved.handovers[-1]), channel=saved.channel_id)


VERBS: dict[str, VerbHandler] = {"handover": _offer}
PRESSES: dict[str, PressHandler] = {
    "handover": press_for_form(lambda call: handover_modal(call.incident, call.policy, call.user), "handover @user"),
    "handover_accept": _press_accept,
    "handover_decline": _press_decline,
    "shift_hand": _press_hand_over_shift,
    "shift_stay": _press_keep_shift,
}
SUBMISSIONS: dict[str, SubmissionHandler] = {HANDOVER: _submit_offer}
