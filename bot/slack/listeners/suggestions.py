"""Answers a select that asks for the options matching what a person types, for lists too long to send whole."""

from __future__ import annotations

from typing import Any

from bot.domain.errors import NotFound
from bot.slack.blocks import choices, inputs
from bot.slack.blocks.elements import Block
from bot.slack.listeners.context import ListenerContext


async def options_for(ctx: ListenerContext, body: dict[str, Any]) -> list[Block]:
    """The options by the policy of the form's incident, else the one in force; none for a select of another version."""
    name, view = str(body.get("action_id", "")), body.get("view") or {}
    if name not in choices.LISTS:
        return []
    policy = ctx.context.policy
    if (number := inputs.known_incident(view)) is not None:
        try:
            policy = await ctx.policy_of(number)
        except NotFound:
            return []
    return choices.matching(name, str(body.get("value") or ""), policy)
