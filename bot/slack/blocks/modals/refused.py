"""The modal that replaces a form which was refused."""

from __future__ import annotations

from bot.slack.blocks import elements
from bot.slack.blocks.elements import Block, Message
from bot.slack.blocks.inputs import View


def refusal_modal(view: View, message: Message) -> Block:
    """Replaces a form with the reason why it was refused, such as an incident that ended meanwhile."""
    title = (view.get("title") or {}).get("text") or "Not done"
    return elements.modal("refused", title, None, message.blocks)
