"""Builds and reads the form **Answer**, with the questions that an incident's record leaves open for one person."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.incident import Incident
from bot.domain.review.document import Question, Section
from bot.slack.blocks import elements, inputs
from bot.slack.blocks.elements import Block
from bot.slack.blocks.inputs import InputErrors, View

ANSWER, ANSWERED = "review_answer", "review_answered"
QUESTION = "question_"
NAMED, ANONYMOUS = "named", "anonymous"


@dataclass(frozen=True, slots=True)
class Answers:
    """The submitted form: by the key of a question its section and the answer."""

    incident: int
    answers: Mapping[str, tuple[str, str]]
    anonymous: bool


def answer_modal(incident: Incident, sections: Sequence[Section], questions: Sequence[Question]) -> Block:
    """The form, with an input for each question, and `name`: whether the answers carry the person's name."""
    section_of = {question.key: section.key for section in sections for question in section.questions}
    blocks = [
        elements.input_block(
            f"{QUESTION}{question.key}", question.text, elements.text_input(multiline=True), optional=True
        )
        for question in questions
    ]
    options = [elements.option("With my name", NAMED), elements.option("Anonymously", ANONYMOUS)]
    return elements.modal(
        ANSWER,
        "Answer",
        "Send",
        [*blocks, elements.input_block("name", "Shown in the review", elements.select(options, NAMED))],
        inputs.metadata(
            incident=incident.id, sections={question.key: section_of[question.key] for question in questions}
        ),
    )


def thanked(incident: Incident, left: int, *, anonymous: bool) -> Block:
    """The view that takes the place of the form: where the answers are, and how many questions are left."""
    name = "without your name" if anonymous else "with your name"
    text = f"Thank you. Your words are in the review of {incident.id}, {name}."
    more = {0: "", 1: " One more question is for you: press *Answer* again."}.get(
        left, f" {left} more questions are for you: press *Answer* again."
    )
    return elements.modal(ANSWERED, "Answer", None, [elements.section(f"{text}{more}")])


def values_of_answers(view: View) -> Answers:
    """Read the form. Raises `InputErrors` where nothing was answered."""
    sections = inputs.metadata_of(view).get("sections") or {}
    answers = {
        key: (str(section), text)
        for key, section in sections.items()
        if (text := inputs.text(view, f"{QUESTION}{key}"))
    }
    if not answers:
        raise InputErrors({inputs.first_block(view): "Answer at least one, or close this form."})
    return Answers(inputs.incident_of(view), answers, inputs.chosen_value(view, "name") == ANONYMOUS)
