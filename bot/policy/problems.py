"""What is wrong with a policy, said so that the message alone is enough to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.errors import TocsinError

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake. `line` is None where it stands in no line of the file (something is missing altogether)."""

    path: KeyPath
    message: str
    line: int | None = None

    def located(self, name: str) -> str:
        return f"{name}:{self.line}: {self.message}" if self.line else f"{name}: {self.message}"


class PolicyError(TocsinError):
    """The policy is not valid. The message lists every problem, a line each, in the order of the file."""

    def __init__(self, name: str, problems: Iterable[Problem]) -> None:
        self.name = name
        self.problems = tuple(sorted(problems, key=lambda problem: problem.line or 0))
        super().__init__("\n".join(problem.located(name) for problem in self.problems))


def dotted(path: KeyPath) -> str:
    """`severities.sev1.ladder[2].notify[1]`: list positions count from 1, as people do."""
    said = ""
    for part in path:
        said += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if said else part
    return said


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was probably meant."""
    by_lower = {key.lower(): key for key in known}
    found = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str], otherwise: str) -> str:
    """` Did you mean x?`, or else what there is: ` Settings here: a, b.`"""
    known = list(known)
    if found := nearest(word, known):
        return f" Did you mean {found}?"
    return f" {otherwise}: {', '.join(known)}." if known else ""
