"""The modal that replaces a form which was refused, with what was typed into it."""

from __future__ import annotations

from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block, Message
from bot.slack.blocks.inputs import View


def refusal_modal(view: View, message: Message) -> Block:
    """Replaces a form with the reason why it was refused, such as an incident that ended meanwhile.

    What the person typed follows, to be copied: the form does not come back.
    """
    title = (view.get("title") or {}).get("text") or "Not done"
    return elements.modal("refused", title, None, [*message.blocks, *elements.typed_again(inputs.typed_texts(view))])
