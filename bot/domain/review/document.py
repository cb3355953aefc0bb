"""Defines a review as a document: sections of sentences that cite entries of the timeline, and open questions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

TITLES = {
    "metadata": "Incident",
    "summary": "Summary",
    "impact": "Impact",
    "timeline": "Timeline",
    "detection": "Detection",
    "response": "Response",
    "causes": "Root cause and contributing factors",
    "well": "What went well",
    "improve": "What could improve",
    "actions": "Action items",
    "lessons": "Lessons",
    "prevention": "Prevention",
    "communication": "Communication log",
    "appendices": "Appendices",
}


SILENT = "silence_"  # the keys of questions about a silence in the record begin so


class MergedEntry(NamedTuple):
    """An entry of an incident that was merged into the one under review."""

    incident: int
    seq: int


Cite = int | MergedEntry  # the `seq` of an entry of the incident itself, or an entry of one merged into it


def cite_label(cite: Cite) -> str:
    """A citation as people read and write it: `#12`, or `INC-2 #4`."""
    return f"INC-{cite.incident} #{cite.seq}" if isinstance(cite, MergedEntry) else f"#{cite}"


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence, in internal text with mentions, and each entry that says so."""

    text: str
    cites: tuple[Cite, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """A question to one person about something that the record lacks."""

    key: str  # unique within the review
    to: str | None  # Slack user ID; None where nobody took part
    text: str


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the review. `edited` is set where people wrote its text."""

    key: str
    sentences: tuple[Sentence, ...] = ()
    questions: tuple[Question, ...] = ()
    version: int = 0  # of the text that people wrote; 0: it is as drafted
    edited_by: str | None = None
    edited_at: datetime | None = None

    @property
    def title(self) -> str:
        """The heading."""
        return TITLES[self.key]


@dataclass
class Page:
    """Collects the sentences and questions of a section while it is drafted."""

    key: str
    answered_questions: frozenset[str]
    sentences: list[Sentence] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def say(self, text: str, *cites: Cite | None) -> None:
        """Add a sentence. One that no entry says is left out."""
        sources = tuple(dict.fromkeys(seq for seq in cites if seq is not None))
        if sources:
            self.sentences.append(Sentence(text, sources))

    def ask(self, key: str, to: str | None, text: str) -> None:
        """Add a question, unless it was answered."""
        if key not in self.answered_questions:
            self.questions.append(Question(key, to, text))

    def section(self) -> Section:
        """The section as collected."""
        return Section(self.key, tuple(self.sentences), tuple(self.questions))


# The questions whose answers a reader needs most, the most important first. The others follow in the document's order.
MATTER_MOST = (
    "cause", "summary", "fixed", "impact_users", "started", "factors", "earlier", "actions", "prevention", "lessons",
)  # fmt: skip


def by_importance(sections: Sequence[Section]) -> list[Question]:
    """Every open question, those that matter most first."""
    places = {key: rank for rank, key in enumerate(MATTER_MOST)}
    questions = [question for section in sections for question in section.questions]
    return sorted(questions, key=lambda question: places.get(question.key, len(places)))


def questions_for(sections: Sequence[Section], person: str) -> list[Question]:
    """The questions that are put to this person, those that matter most first."""
    return [question for question in by_importance(sections) if question.to == person]
