"""Reads and writes the text of a section as people edit it: a sentence a line, with its citations as `[#12]`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace

from bot.domain.review.document import Cite, MergedEntry, Section, Sentence, cite_label
from bot.domain.review.participants import DID, HARD

STAYING = ("started", "identified", DID, HARD)  # how the keys of questions begin that a written section leaves open
_CITE = r"(?:INC-\d+\s+)?#?\d+"
_CITES = re.compile(rf"\s*\[({_CITE}(?:\s*,\s*{_CITE})*)\]")
_ONE = re.compile(r"(?:INC-(\d+)\s+)?#?(\d+)")
_BULLET = re.compile(r"^\s*(?:[-*•]\s+|\d+[.)]\s+)")


def as_text(sentences: Sequence[Sentence]) -> str:
    """The sentences, each on a line with its citations."""
    return "\n".join(f"- {sentence.text}{_citation(sentence.cites)}" for sentence in sentences)


def parse(text: str, citable: Collection[Cite]) -> tuple[Sentence, ...]:
    """The sentences of an edited text. A citation of an entry that does not exist stays in the text."""
    sentences = []
    for line in text.splitlines():
        cites: list[Cite] = []

        def take(match: re.Match[str], cites: list[Cite] = cites) -> str:
            cited = [
                MergedEntry(int(incident), int(seq)) if incident else int(seq)
                for incident, seq in _ONE.findall(match[1])
            ]
            if not all(cite in citable for cite in cited):
                return match[0]
            cites.extend(cited)
            return ""

        cleaned_line = _BULLET.sub("", _CITES.sub(take, line)).strip()
        if cleaned_line:
            sentences.append(Sentence(cleaned_line, tuple(dict.fromkeys(cites))))
    return tuple(sentences)


def with_text(section: Section, text: str, citable: Collection[Cite], later: Sequence[Sentence] = ()) -> Section:
    """The section with what people wrote instead of what was drafted, and what participants answered `later`.

    A person who adds a sentence has read the questions. Only those stay that a sentence cannot answer: about times,
    which are corrected, and those that each participant is asked.
    """
    sentences, questions = parse(text, citable), section.questions
    drafted = {sentence.text for sentence in section.sentences}
    cited = {sentence.cites for sentence in section.sentences}
    if any(sentence.text not in drafted and sentence.cites not in cited for sentence in sentences):
        questions = tuple(question for question in questions if question.key.startswith(STAYING))
    return replace(section, sentences=(*sentences, *later), questions=questions)


def _citation(cites: Sequence[Cite]) -> str:
    return f" [{', '.join(map(cite_label, cites))}]" if cites else ""
