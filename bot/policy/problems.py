"""Defines the problems of a policy file, each worded so that its message alone is enough to fix the file."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.errors import TocsinError

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake in a policy file."""

    path: KeyPath
    message: str
    line: int | None = None  # `None` if no line of the file is to blame, since something is missing altogether

    def located(self, name: str) -> str:
        """The message after the file's name and the line."""
        return f"{name}:{self.line}: {self.message}" if self.line else f"{name}: {self.message}"


class PolicyError(TocsinError):
    """The policy is not valid. The message lists every problem, one per line, in the order of the file."""

    def __init__(self, name: str, problems: Iterable[Problem]) -> None:
        self.name = name
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(problem.located(name) for problem in self.problems))


def path_text(path: KeyPath) -> str:
    """The path as text, such as `severities.sev1.ladder[2].notify[1]`. Positions in lists count from 1."""
    text = ""
    for part in path:
        text += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def nearest(word: str, words: Iterable[str]) -> str | None:
    """The word among `words` that was probably meant; None if none is similar."""
    by_lower = {choice.lower(): choice for choice in words}
    matches = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else None


def did_you_mean(word: str, words: Iterable[str], otherwise: str) -> str:
    """` Did you mean x?` if one of `words` is similar; else all of them after `otherwise`: ` Settings here: a, b.`"""
    choices = list(words)
    if guess := nearest(word, choices):
        return f" Did you mean {guess}?"
    return f" {otherwise}: {', '.join(choices)}." if choices else ""
