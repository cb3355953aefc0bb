"""Builds the form **Review message**, in which a second person sends or declines what its author wrote."""

from __future__ import annotations

from bot.domain.communications import tell
from bot.domain.communications.communication import Communication
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.modals.comms import CommsForm, corrects, findings_blocks, last_messages, recipient_blocks
from bot.slack.blocks.press_value import press_value
from bot.slack.text import mention, plain, render

CALLBACK = "comms_review"
DECLINE = "comms_decline"


def review_modal(form: CommsForm, communication: Communication) -> Block:
    """The message as it would go out, with the recipients, the findings, and **Don't send**."""
    title = render(plain(tell.title_of(communication)))
    value = press_value(form.incident, communication.number)
    blocks = [
        elements.section(f"{mention(communication.author)} asks you to look at the *{title}*."),
        last_messages(form),
        *([corrects(form.corrected)] if form.corrected else []),
        elements.section(f"*{render(plain(communication.subject))}*"),
        *elements.sections(render(communication.text)),
        elements.divider(),
        *findings_blocks(form.findings),
        *recipient_blocks(form.reach, form.audience),
        elements.actions(elements.button("Don't send", DECLINE, value, style="danger")),
    ]
    metadata = inputs.metadata(incident=form.incident.id, number=communication.number)
    return elements.modal(CALLBACK, "Review message", "Send", [block for block in blocks if block], metadata)


def declined_modal(communication: Communication) -> Block:
    """The modal that replaces the form once the message is declined."""
    text = (
        f"The {render(plain(tell.title_of(communication)))} is not sent. {mention(communication.author)} can read that."
    )
    return elements.modal("declined", "Review message", None, [elements.section(text)])


def number_of_review(view: View) -> tuple[int, int]:
    """The numbers of the incident and of the message."""
    number = inputs.metadata_of(view).get("number")
    if not isinstance(number, int):
        raise InputErrors({inputs.first_block(view): "This form lost track of its message. Open it again."})
    return inputs.incident_of(view), number
