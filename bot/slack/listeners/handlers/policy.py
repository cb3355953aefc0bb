"""Handles `/incident policy`, which previews and applies the current policy to an older incident."""

from __future__ import annotations

from bot.slack.blocks import policy_change
from bot.slack.blocks.elements import Message
from bot.slack.listeners.calls import Press, PressHandler, VerbCall, VerbHandler
from bot.usecases.incidents import change_policy


async def _policy(call: VerbCall) -> Message:
    """Show what the policy in force would change, with a button that applies it."""
    if call.request.scope == "apply":
        call.require("policy", call.incident)
    preview = change_policy.preview(call.context, call.incident, call.policy)
    if preview.digest is None:
        return policy_change.in_force(call.incident)
    return policy_change.preview(call.incident, preview.changes, preview.ahead, preview.digest)


async def _press_apply(call: Press) -> None:
    saved = await change_policy.apply(call.context, call.number, call.argument, call.user, delivery=call.delivery)
    await call.reply_later(policy_change.applied(saved), replace_original=True)


VERBS: dict[str, VerbHandler] = {"policy": _policy}
PRESSES: dict[str, PressHandler] = {"policy_apply": _press_apply}
