"""Builds and reads the form **Edit review**, which has an input for each section."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.review.document import TITLES
from bot.domain.review.edited import as_text
from bot.domain.review.participants import DID, HARD
from bot.domain.review.view import ReviewView
from bot.review_formats import with_names
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import View
from bot.slack.text import from_modal, length

EDIT = "review_edit"
SECTION = "section_"
WRITTEN = ("summary", "impact", "detection", "response", "causes", "well", "improve", "lessons", "prevention")
OTHERS = tuple(key for key in TITLES if key not in WRITTEN)  # the record itself


@dataclass(frozen=True, slots=True)
class ReviewEdit:
    """The submitted form: each changed section with the version that the person saw, and the text."""

    incident: int
    texts: Mapping[str, tuple[int, str]]


def edit_modal(view: ReviewView) -> Block:
    """The form. A section that does not fit into an input (3,000 characters) is edited elsewhere."""
    shown_versions: dict[str, list[object]] = {}
    blocks: list[Block] = [
        elements.context("One sentence a line. `[#12]` cites entry 12 of the timeline: keep it with what it says.")
    ]
    for key in WRITTEN:
        section = view.section(key)
        text = from_modal(with_names(as_text(section.sentences), view.names))
        if length(text) > elements.INPUT:
            blocks.append(elements.context(f"*{section.title}* is too long for this form: the console takes it."))
            continue
        shown_versions[key] = [section.version, _digest(text)]
        questions = [question for question in section.questions if not question.key.startswith((DID, HARD))]
        hint = " ".join(question.text for question in questions)[:1000]  # each participant is asked their own
        blocks.append(
            elements.input_block(
                f"{SECTION}{key}", section.title, elements.text_input(text, multiline=True), optional=True, hint=hint
            )
        )
    return elements.modal(
        EDIT, "Edit review", "Save", blocks, inputs.metadata(incident=view.incident.id, seen=shown_versions)
    )  # fmt: skip


def values_of_edit(view: View) -> ReviewEdit:
    """Read the form. Unchanged sections are left out."""
    shown_versions = inputs.metadata_of(view).get("seen") or {}
    texts = {}
    for key in WRITTEN:
        if key not in shown_versions:
            continue
        version, digest = shown_versions[key]
        text = inputs.text(view, f"{SECTION}{key}")
        if _digest(text) != digest:
            texts[key] = (int(version), text)
    return ReviewEdit(inputs.incident_of(view), texts)


def _digest(text: str) -> str:
    """A short hash, of a text as Slack gives it back: without spaces around it."""
    return hashlib.sha256("\n".join(line.strip() for line in text.strip().splitlines()).encode()).hexdigest()[:8]
