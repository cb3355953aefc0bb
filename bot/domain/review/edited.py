"""Reads and writes the text of a section as people edit it: a sentence a line, with its citations as `[#12]`."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.review.document import Section, Sentence

_CITES = re.compile(r"\s*\[#?(\d+(?:\s*,\s*#?\d+)*)\]")
_BULLET = re.compile(r"^\s*(?:[-*•]\s+|\d+[.)]\s+)")


def as_text(sentences: Sequence[Sentence]) -> str:
    """The sentences, each on a line with its citations."""
    return "\n".join(f"- {sentence.text}{_cited(sentence.cites)}" for sentence in sentences)


def parse(text: str, known: Collection[int]) -> tuple[Sentence, ...]:
    """The sentences of an edited text. A citation of an entry that does not exist stays in the text."""
    sentences = []
    for line in text.splitlines():
        cites: list[int] = []

        def take(match: re.Match[str], cites: list[int] = cites) -> str:
            seqs = [int(digits) for digits in re.findall(r"\d+", match[1])]
            if not all(seq in known for seq in seqs):
                return match[0]
            cites.extend(seqs)
            return ""

        words = _BULLET.sub("", _CITES.sub(take, line)).strip()
        if words:
            sentences.append(Sentence(words, tuple(dict.fromkeys(cites))))
    return tuple(sentences)


def with_text(section: Section, text: str, version: int, by: str, at: datetime, known: Collection[int]) -> Section:
    """The section with what people wrote instead of what was drafted; its open questions stay."""
    return replace(section, sentences=parse(text, known), version=version, edited_by=by, edited_at=at)


def _cited(cites: Sequence[int]) -> str:
    return f" [{', '.join(f'#{seq}' for seq in cites)}]" if cites else ""
