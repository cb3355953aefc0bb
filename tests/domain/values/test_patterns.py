"""Operators' patterns: their matches, in bounded time, and the refusal of unusable ones."""

from __future__ import annotations

import time

import pytest

from bot.domain.playbook.definition import Parameter
from bot.domain.values.patterns import matches_fully, pattern_error

# Each makes Python's own matching try for longer than anybody lives.
HOSTILE = ["(a+)+", "(a|a)*", "(a|aa)+", "([a-z]+)*=", "(a*)*b", "(.*a){30}", "(a?){40}a{40}b"]


@pytest.mark.parametrize("pattern", HOSTILE)
def test_matching_takes_linear_time(pattern: str) -> None:
    began = time.process_time()
    assert pattern_error(pattern) is None
    assert not matches_fully(pattern, "a" * 8000 + "!")
    assert Parameter("one", pattern=pattern).problem_with("a" * 250 + ".") is not None
    assert time.process_time() - began < 5


def test_the_largest_accepted_pattern_is_quick_too() -> None:
    pattern = "([a-z]?){900}([a-z]?){900}[a-z]{900}1"
    assert pattern_error(pattern) is None
    began = time.process_time()
    assert not matches_fully(pattern, "a" * 8192)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("pattern", "text", "whole"),
    [
        ("get|describe", "get", True),
        ("get|describe", "getx", False),
        ("(?:back-)?[a-z]+", "back-api", True),
        ("/health(\\?.*)?", "/health?x=1", True),
        ("(?i)pods", "PODS", True),
        ("[a-z]+", "pods\n", False),
        (".*", "a\nb", False),
        ("\\w+", "pоds", False),  # the o is Cyrillic
        ("", "", True),
        ("[a-z]+", "\ud800", False),
    ],
)
def test_the_whole_text_must_match(pattern: str, text: str, whole: bool) -> None:
    assert matches_fully(pattern, text) is whole


AROUND = "Lookarounds such as (?=…) and references such as \\1 are not supported."
LARGE = "It is too large: repeat at most 1000 times, and do not nest repetitions."


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("(?!kube).*", f"Invalid perl operator: (?!. {AROUND}"),
        ("(?<=a)b", f"Invalid perl operator: (?<=. {AROUND}"),
        ("(a)\\1", f"Invalid escape sequence: \\1. {AROUND}"),
        ("(pods", "Missing ): (pods."),
        ("[a", "Missing ]: [a."),
        ("a**", "Bad repetition operator: **."),
        ("a{2000}", f"Invalid repetition size: {{2000}}. {LARGE}"),
        ("(a{900}b?){900}", f"Invalid repetition size: {{900}}. {LARGE}"),
        ("[^a]{1000}" * 5, f"Pattern too large - compile failed. {LARGE}"),
        ("\ud800", "It contains half a character."),
    ],
)
def test_an_invalid_pattern_is_explained_and_matches_nothing(pattern: str, why: str) -> None:
    assert pattern_error(pattern) == why
    assert not matches_fully(pattern, "a")
    assert not matches_fully(pattern, "")
