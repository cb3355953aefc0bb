"""Builds and reads the form **Correct status page**, which corrects the words of a published update."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.communications.leaks import Finding
from bot.domain.incident import Incident
from bot.domain.statuspage.publication import IMPACT_LENGTH, TITLE_LENGTH, Correction, Publication
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View
from bot.slack.blocks.modals.comms import findings_blocks
from bot.slack.blocks.modals.status_page import MESSAGE_LENGTH

CALLBACK = "correct_page"
_NOTIFY = "notify"


@dataclass(frozen=True, slots=True)
class CorrectionValues:
    """The submitted form."""

    incident: int
    publication: str
    correction: Correction
    shown_findings: tuple[str, ...] = ()  # what the lint found, as the person was shown


def correct_page_modal(
    incident: Incident,
    publication: Publication,
    number: int,
    findings: Sequence[Finding] = (),
    typed: Correction | None = None,
) -> Block:
    """The form for update `number`, with inputs `title`, `impact`, `message` and `options`."""
    update = publication.updates[number - 1]
    was = Correction(update.message, number, publication.title, publication.impact)
    values = typed or was
    box = elements.option("Tell subscribers, too", _NOTIFY)
    boxes: Block = {"type": "checkboxes", "options": [box]} | ({"initial_options": [box]} if values.notify else {})
    blocks = [
        elements.context(
            f"{update.status.label}, published {elements.clock_and_age(update.at)}. "
            "The page shows the right words, and when they were corrected."
        ),
        elements.input_block(
            "message", "Message", elements.text_input(values.message or "", multiline=True, longest=MESSAGE_LENGTH)
        ),
        elements.input_block("title", "Title", elements.text_input(values.title or "", longest=TITLE_LENGTH)),
        elements.input_block(
            "impact", "Impact", elements.text_input(values.impact or "", longest=IMPACT_LENGTH), optional=True
        ),
        elements.input_block("options", "Also", boxes, optional=True),
        *findings_blocks(findings),
    ]
    sentences = [finding.sentence for finding in findings]
    metadata = inputs.metadata(incident=incident.id, publication=publication.id, update=number, found=sentences)
    return elements.modal(CALLBACK, "Correct status page", "Correct", blocks, metadata)


def values_of_correction(view: View) -> CorrectionValues:
    """Read the form. Raises `InputErrors` where the title or message is empty."""
    title, message = inputs.text(view, "title"), inputs.text(view, "message")
    errors = {}
    if not title.strip():
        errors["title"] = "Write a title for customers, such as “Checkout fails for some”."
    if not message.strip():
        errors["message"] = "Write what customers should have read."
    if errors:
        raise InputErrors(errors)
    metadata = inputs.metadata_of(view)
    notify = _NOTIFY in inputs.several(view, "options")
    return CorrectionValues(
        inputs.incident_of(view),
        str(metadata.get("publication") or ""),
        Correction(message, int(metadata.get("update") or 1), title, inputs.text(view, "impact"), notify),
        tuple(str(sentence) for sentence in metadata.get("found") or ()),
    )
