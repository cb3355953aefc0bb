"""The review's message about its open questions."""

import pytest

from bot.domain.review.document import Question
from bot.slack.blocks.review import _open_questions


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ([], "No question is open."),
        (["U1"], "1 open question for 1 person: press *Ask participants*."),
        (["U1", "U1"], "2 open questions for 1 person: press *Ask participants*."),
        (["U1", "U2", None], "3 open questions for 2 people: press *Ask participants*."),
        ([None], "1 open question for anybody: press *Ask participants*."),
    ],
)
def test_open_questions_are_counted_in_plain_words(asked: list[str | None], words: str) -> None:
    assert _open_questions([Question(f"q{i}", to, "What happened?") for i, to in enumerate(asked)]) == words
