"""How a review is written as Markdown: code between backticks stays code, every other mark stands for itself."""

from __future__ import annotations

import pytest

from bot import review_formats
from bot.domain.figures.spans import spans
from bot.domain.review.document import Question, Section, Sentence
from bot.domain.review.view import ReviewView
from tests.factories import FIVE, declared


def written(section: Section) -> str:
    view = ReviewView(declared(), FIVE, (section,), spans(declared()), (), (), {}, {"U1": "Ada"})
    return review_formats.markdown(view).partition(f"## {section.title}\n\n")[2]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("`/incident times` records it.", "`/incident times` records it."),
        ("run `rm -rf *_tmp` at *once*", r"run `rm -rf *_tmp` at \*once\*"),
        ("a ` alone, <b>", r"a \` alone, \<b\>"),
        ("```not [one]```", r"\`\`\`not \[one\]\`\`\`"),
        ("`a` and `b", r"`a` and \`b"),
        ("ask <@U1>", "ask Ada"),
    ],
)
def test_code_stays_code_and_every_other_mark_stands_for_itself(text: str, line: str) -> None:
    assert written(Section("lessons", (Sentence(text, (3,)),))) == f"- {line} (#3)\n"
    asked = Section("lessons", questions=(Question("q", "U1", text),))
    assert written(asked) == f"- **Open question** for Ada: {line}\n"


def test_a_section_without_words_says_so() -> None:
    assert written(Section("appendices")) == "Nothing.\n"
