"""A review as Markdown: code between backticks stays code, and every other mark is literal."""

from __future__ import annotations

import io

import pytest
from docx import Document

from bot import review_formats
from bot.domain.figures.spans import spans
from bot.domain.review.document import Question, Section, Sentence
from bot.domain.review.view import ReviewView
from tests.factories import FIVE, new_incident


def section_markdown(section: Section) -> str:
    view = ReviewView(new_incident(), FIVE, (section,), spans(new_incident()), (), (), {}, {"U1": "Ada"})
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
        ("Update #1 is acme/app#7", "Update #1 is acme/app#7"),
        ("# not a heading", r"\# not a heading"),
        ("1. no list", r"1\. no list"),
    ],
)
def test_code_stays_code_and_every_other_mark_stands_for_itself(text: str, line: str) -> None:
    assert section_markdown(Section("lessons", (Sentence(text, (3,)),))) == f"- {line} (#3)\n"
    asked = Section("lessons", questions=(Question("q", "U1", text),))
    assert section_markdown(asked) == f"- **Open question** for Ada: {line}\n"


def test_a_section_without_words_says_so() -> None:
    assert section_markdown(Section("appendices")) == "Nothing.\n"


SPAN = "1 Dec 2026 05:54 UTC (06:54 CET) to 1 Dec 2026 05:56 UTC (06:56 CET)"
TIMELINE = Section(
    "timeline",
    (
        Sentence("1 Dec 2026 05:53 UTC (06:53 CET) · <@U1> · declared: sev2: a | b", (1,)),
        Sentence(
            "1 Dec 2026 05:54 UTC (06:54 CET) to 1 Dec 2026 05:56 UTC (06:56 CET) · 3 messages by 2 people", (2, 4)
        ),
    ),
)


def test_a_sentence_that_people_wrote_into_the_timeline_is_a_row_without_time() -> None:
    sentences = (Sentence("The pool · as we know now · was full", ()), Sentence("03:10 UTC", (4,)))
    edited = Section("timeline", sentences, version=1)
    assert section_markdown(edited) == (
        "| UTC | Who | What |\n| --- | --- | --- |\n"
        "|  |  | The pool · as we know now · was full |\n|  |  | 03:10 UTC (#4) |\n"
    )


def test_the_timeline_is_a_table_with_utc_and_local_time() -> None:
    assert section_markdown(TIMELINE) == (
        "| UTC | Local | Who | What |\n"
        "| --- | --- | --- | --- |\n"
        "| 1 Dec 2026 05:53 | 06:53 CET | Ada | declared: sev2: a \\| b (#1) |\n"
        f"| {SPAN} |  |  | 3 messages by 2 people (#2, #4) |\n"
    )
    view = ReviewView(new_incident(), FIVE, (TIMELINE,), spans(new_incident()), (), (), {}, {"U1": "Ada"})
    assert "<td>06:53 CET</td><td>Ada</td><td>declared: sev2: a | b" in review_formats.html_page(view)
    table = Document(io.BytesIO(review_formats.docx(view))).tables[1]
    assert [cell.text for cell in table.rows[1].cells] == [
        "1 Dec 2026 05:53",
        "06:53 CET",
        "Ada",
        "declared: sev2: a | b [1]",
    ]
