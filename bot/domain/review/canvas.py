"""Decides what the canvas of a review says, and which of its sections may be updated.

A canvas cannot be read, only searched: a section is ours as long as every line that we wrote is found.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.domain.review.document import TITLES, Section
from bot.domain.review.view import ReviewView
from bot.domain.values.slack_ids import MENTION

WRITTEN = ("summary", "impact", "detection", "response", "causes", "well", "improve", "lessons", "prevention")
LINES = 40  # of a section
LOOKED_FOR = 120  # characters of a line
Lines = dict[str, list[str]]  # by section, as Markdown


def lines_of(view: ReviewView) -> Lines:
    """The lines of each section that people write; of a section without words the line that says so."""
    return {key: _lines(view.section(key), view) for key in WRITTEN}


def markdown(lines: Mapping[str, Sequence[str]], heading: str) -> str:
    """The whole canvas."""
    parts = [f"# {heading}"]
    for key, section_lines in lines.items():
        parts += [f"## {TITLES[key]}", *section_lines]
    return "\n".join(parts)


def changed(
    written: Mapping[str, Sequence[str]], lines: Mapping[str, Sequence[str]], untouched: Sequence[str]
) -> list[str]:
    """The sections whose lines have changed, without the `untouched` ones that people edited in the canvas."""
    return [
        key
        for key, section_lines in lines.items()
        if key not in untouched and list(written.get(key, ())) != list(section_lines)
    ]


def needle(line: str) -> str:
    """The words of a line as a person reads them, by which it is searched."""
    text = line.removeprefix("- ").partition(" ([↗]")[0]
    return text[:LOOKED_FOR].strip()


def occurrence(written: Mapping[str, Sequence[str]], key: str, index: int) -> tuple[int, int]:
    """The number of lines in the canvas with the same text as this one, and its position among them, from 0."""
    text = needle(written[key][index]).lower()
    order = [
        (section_key, number)
        for section_key in written
        for number, line in enumerate(written[section_key])
        if text in needle(line).lower()
    ]
    return len(order), order.index((key, index))


def _lines(section: Section, view: ReviewView) -> list[str]:
    lines = []
    for sentence in section.sentences[:LINES]:
        links = "".join(f" ([↗]({view.links[cite]}))" for cite in sentence.cites[:1] if cite in view.links)
        lines.append(f"- {_plain(sentence.text, view)}{links}")
    return lines or [f"- Nobody has written anything about “{section.title}” yet."]


def _plain(text: str, view: ReviewView) -> str:
    """A sentence on one line, with names, and without what Markdown would take as marks."""
    text_with_names = MENTION.sub(lambda match: view.names.get(match[1], match[1]), text)
    return " ".join(text_with_names.replace("[", "(").replace("]", ")").translate(_NO_MARKS).split())


_NO_MARKS = str.maketrans({mark: None for mark in "*_`~#"})
