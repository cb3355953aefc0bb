from __future__ import annotations

from pathlib import Path

import yaml

from bot.domain.review import lint
from bot.domain.review.document import Question, Section, Sentence

SENTENCES = yaml.safe_load((Path(__file__).parent / "lint_sentences.yml").read_text())


def finding(sentence: dict[str, str]) -> str:
    if sentence["of"] == "action":
        return "vague" if lint.of_action(sentence["text"]) else "-"
    return str(lint.of_sentence(sentence["text"]) or "-")


def test_nine_of_ten_hints_are_right_on_the_labelled_sentences_and_most_are_found() -> None:
    assert len(SENTENCES) >= 80
    hinted = [sentence for sentence in SENTENCES if finding(sentence) != "-"]
    right = [sentence for sentence in hinted if finding(sentence) == sentence["hint"]]
    wanted = [sentence for sentence in SENTENCES if sentence["hint"] != "-"]
    wrong = [sentence["text"] for sentence in SENTENCES if finding(sentence) != sentence["hint"]]
    assert len(right) / len(hinted) >= 0.9, wrong
    assert len(right) / len(wanted) >= 0.8, wrong


def test_a_sentence_that_people_wrote_without_citation_is_asked_about() -> None:
    drafted = Section("lessons", (Sentence("Watch the pool", ()),))
    written = Section("lessons", (Sentence("Watch the pool", ()), Sentence("Roll out slowly", (3,))), version=1)
    assert lint.lint([drafted], ()) == []
    (hint,) = lint.lint([written], ())
    assert (hint.kind, hint.text) == ("no_citation", "Which entry says so? “Watch the pool”")


def test_hints_with_the_same_advice_are_one_line_and_a_silence_is_a_hint_of_its_own() -> None:
    sentences = (Sentence("Tom should have checked", (3,)), Sentence("We forgot the limit", (4,)))
    silence = Question("silence_1", "U1", "What happened between 3 and 4? The record is silent.")
    sections = [Section("causes", sentences, version=1), Section("improve", questions=(silence,))]
    assert lint.grouped(lint.lint(sections, ())) == [
        "This blames a person; say what made it the sensible thing to do: "
        "“Tom should have checked” · “We forgot the limit”",
        "What happened between 3 and 4? The record is silent.",
    ]
    asked = Section("lessons", questions=(Question("lessons", "U1", "What did this teach?"),))
    (hint,) = lint.lint([asked], ())
    assert hint.text == "1 question is open. *Ask participants* sends them."
