"""Decides what the wiki page of a review says, and which of its sections may be updated.

A section is ours as long as it has only lines that we wrote. A section that people changed stays as it is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from bot.domain.review.document import Section, cite_label
from bot.domain.review.view import ReviewView
from bot.domain.values import durations
from bot.domain.values.slack_ids import MENTION

LINES = 200  # of a section
LENGTH = 1500  # characters of a line
NOTHING = "Nothing is known yet."
Texts = Mapping[str, Sequence[str]]  # the lines of each section as they are read, by its title
Marks = Mapping[str, Sequence[str]]  # the hash of each line, by the title of its section


class WikiKind(StrEnum):
    """Which wiki. The values are persisted."""

    CONFLUENCE = "confluence"
    NOTION = "notion"


WIKI_TITLES = {WikiKind.CONFLUENCE: "Confluence", WikiKind.NOTION: "Notion"}


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence, and the label (`#12`) and address of each entry that says so; None without an address."""

    sentence: str
    cites: tuple[tuple[str, str | None], ...] = ()

    @property
    def text(self) -> str:
        """The sentence with its citations."""
        cited = ", ".join(label for label, _ in self.cites)
        return f"{self.sentence} ({cited})" if cited else self.sentence


@dataclass(frozen=True, slots=True)
class WikiSection:
    """A section as it is to stand in the wiki."""

    title: str
    lines: tuple[Line, ...]

    @property
    def texts(self) -> list[str]:
        """The text of each line, with its citations."""
        return [plain(line.text) for line in self.lines]

    @property
    def marks(self) -> list[str]:
        """The stored marks of its lines, to recognise them: they keep no words, which may be redacted later."""
        return [mark(text) for text in self.texts]


@dataclass(frozen=True, slots=True)
class Exported:
    """The state of an export. `pending` was to be written when the last attempt began; empty: it succeeded."""

    kind: WikiKind
    external: str
    url: str
    written: Marks = field(default_factory=dict)
    pending: Marks = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Plan:
    """Titles of the sections to replace, and of those that stay as people changed them."""

    replace: tuple[str, ...]
    left: tuple[str, ...]


def sections_of(view: ReviewView) -> list[WikiSection]:
    """Every section of the review; one without words says so."""
    return [
        WikiSection(section.title, tuple(_lines(section, view)[:LINES]) or (Line(NOTHING),))
        for section in view.sections
    ]


def title_of(view: ReviewView) -> str:
    """The name of the page. It begins with the ID, so that no other page has it."""
    return plain(f"{view.incident.id} review: {view.incident.title}")[:200]


def plan(current: Texts, export: Exported, sections: Sequence[WikiSection]) -> Plan:
    """Compare the text in the wiki with the text that we wrote last and the new text.

    A section whose heading people removed or renamed is theirs as well.
    """
    replace, changed_by_people = [], []
    for section in sections:
        lines = [mark(line) for line in current.get(section.title, ())]
        if lines == section.marks:
            continue
        if section.title in current and _is_ours(lines, section.title, export):
            replace.append(section.title)
        else:
            changed_by_people.append(section.title)
    return Plan(tuple(replace), tuple(changed_by_people))


def marks_after(export: Exported, sections: Sequence[WikiSection], untouched: Sequence[str]) -> Marks:
    """The marks of each section once a plan is carried out."""
    return {
        section.title: list(export.written.get(section.title, ())) if section.title in untouched else section.marks
        for section in sections
    }


def plain(text: str) -> str:
    """A text by which lines are compared: wikis change white space."""
    return " ".join(text.split())


def mark(text: str) -> str:
    """The hash of a line, without regard to white space."""
    return hashlib.sha256(plain(text).encode()).hexdigest()[:32]


def _is_ours(lines: list[str], title: str, export: Exported) -> bool:
    """Whether the section has what we wrote; after an attempt whose end is unknown a part of either is ours too."""
    written_lines, pending_lines = list(export.written.get(title, ())), list(export.pending.get(title, ()))
    if not pending_lines:
        return lines == written_lines
    return set(lines) <= {*written_lines, *pending_lines}


def _lines(section: Section, view: ReviewView) -> list[Line]:
    lines = [
        Line(
            _with_names(sentence.text, view), tuple((cite_label(cite), view.links.get(cite)) for cite in sentence.cites)
        )
        for sentence in section.sentences
    ]
    if section.key == "metadata":
        lines += [Line(f"{label}: {span}") for label, span in _figures(view)]
    for question in section.questions:
        person = view.names.get(question.to, question.to) if question.to else "anybody"
        lines.append(Line(plain(f"Open question for {person}: {_with_names(question.text, view)}")))
    return lines


def _figures(view: ReviewView) -> list[tuple[str, str]]:
    seconds_by_label = {
        "Detected to acknowledged": view.figures.acknowledge_s,
        "Detected to mitigated": view.figures.mitigate_s,
        "Detected to resolved": view.figures.resolve_s,
    }
    return [
        (label, durations.approximate(timedelta(seconds=s))) for label, s in seconds_by_label.items() if s is not None
    ]


def _with_names(text: str, view: ReviewView) -> str:
    return plain(MENTION.sub(lambda match: view.names.get(match[1], match[1]), text))[:LENGTH]
