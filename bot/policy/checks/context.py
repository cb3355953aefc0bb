"""What the checks look at: the whole document, and which of it the organisation wrote itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from bot.policy.models import Document, Rung, Trigger
from bot.policy.problems import KeyPath, Problem, dotted, nearest
from bot.policy.yaml_source import Source


@dataclass(frozen=True, slots=True)
class CheckContext:
    model: Document
    source: Source

    def problem(self, path: KeyPath, message: str, after: str = ":") -> Problem:
        return Problem(path, f"{dotted(path)}{after} {message}", self.source.line(path))

    def in_file(self, path: KeyPath) -> bool:
        """Whether it stands in the file, not in the preset."""
        return self.source.contains(path)

    def unknown_names(self, path: KeyPath, names: Iterable[str], known: Iterable[str], what: str) -> Iterator[Problem]:
        """A problem for each of the `names` at `path` that is not among the known ones."""
        known = list(known)
        there = f" There are: {', '.join(known)}." if len(known) <= 12 else ""
        for number, name in enumerate(names):
            if name not in known:
                guess = nearest(name, known)
                meant = f" Did you mean {guess}?" if guess else ""
                yield self.problem((*path, number), f"there is no {what} “{name}”.{meant}{there}")

    def unknown_name(self, path: KeyPath, name: str, known: Iterable[str], what: str, mend: str) -> Problem:
        guess = nearest(name, known)
        return self.problem(path, f"there is no {what} “{name}”. {f'Did you mean {guess}?' if guess else mend}")

    def rungs(self) -> Iterator[tuple[KeyPath, Rung | Trigger, bool]]:
        """Every rung and trigger, where it stands, and whether the organisation wrote it itself."""
        for key, severity in self.model.severities.items():
            ladder: KeyPath = ("severities", key, "ladder")
            for number, rung in enumerate(severity.ladder):
                yield (*ladder, number), rung, self.in_file(ladder)
        for key, trigger in self.model.triggers.items():
            yield ("triggers", key), trigger, self.in_file(("triggers", key, "notify"))
