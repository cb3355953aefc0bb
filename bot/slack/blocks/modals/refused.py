"""Builds the modal that replaces a form whose submission was refused, with what the person typed."""

from __future__ import annotations

from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block, Message
from bot.slack.blocks.inputs import View


def refusal_modal(view: View, message: Message) -> Block:
    """The modal with the reason, such as that the incident has ended meanwhile.

    What the person typed follows, to be copied: the form does not come back.
    """
    title = (view.get("title") or {}).get("text") or "Not done"
    return elements.modal("refused", title, None, [*message.blocks, *elements.typed_again(inputs.typed_texts(view))])
