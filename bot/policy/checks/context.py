"""Defines what every check of a policy receives: the document, and which settings the operator's file contains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.policy.models import AlertRung, Document, Ladder, Rung, Severity, Trigger, rungs_of
from bot.policy.problems import KeyPath, Problem, nearest, path_text
from bot.policy.yaml_source import Source

_MAX_LISTED = 12  # names that a message lists


@dataclass(frozen=True, slots=True)
class CheckContext:
    """The document to check, and the file that it comes from."""

    model: Document
    source: Source
    now: datetime  # schedules are looked at from then on

    def problem(self, path: KeyPath, message: str, after: str = ":") -> Problem:
        """A problem at `path`. Its message begins with the path and `after`."""
        return Problem(path, f"{path_text(path)}{after} {message}", self.source.line(path))

    def in_file(self, path: KeyPath) -> bool:
        """Whether the file itself contains the setting, not only the preset."""
        return self.source.contains(path)

    def unknown_names(self, path: KeyPath, names: Iterable[str], known: Iterable[str], kind: str) -> Iterator[Problem]:
        """A problem for each of the `names` at `path` that is not among the `known` ones."""
        choices = list(known)
        choices_hint = f" There are: {', '.join(choices)}." if len(choices) <= _MAX_LISTED else ""
        for number, name in enumerate(names):
            if name not in choices:
                guess = nearest(name, choices)
                suggestion = f" Did you mean {guess}?" if guess else ""
                yield self.problem((*path, number), f"there is no {kind} “{name}”.{suggestion}{choices_hint}")

    def unknown_name(self, path: KeyPath, name: str, known: Iterable[str], kind: str, hint: str) -> Problem:
        """The problem of a name that is not among the `known` ones. `hint`: what to do if none is similar."""
        guess = nearest(name, known)
        return self.problem(path, f"there is no {kind} “{name}”. {f'Did you mean {guess}?' if guess else hint}")

    def rungs(self) -> Iterator[tuple[KeyPath, Rung | Trigger | AlertRung, bool]]:
        """Every rung and trigger, also of alerts, with its path and whether the file itself contains it."""
        for ladder, rungs in self.ladders():
            for number, rung in enumerate(rungs):
                yield (*ladder, number), rung, self.in_file(ladder)
        for key, trigger in self.model.triggers.items():
            yield ("triggers", key), trigger, self.in_file(("triggers", key, "notify"))
        for key, rule in self.model.rules.items():
            escalate: KeyPath = ("rules", key, "escalate")
            for number, alert_rung in enumerate(rule.escalate):
                yield (*escalate, number), alert_rung, self.in_file(escalate)
        for number, route in enumerate(self.model.alerts.routes):
            for index, step in enumerate(route.escalate):
                yield ("alerts", "routes", number, "escalate", index), step, True

    def ladders(self) -> Iterator[tuple[KeyPath, list[Rung]]]:
        """Every ladder that is written out, of severities and named ones, with the path of its rungs."""
        for key, severity in self.model.severities.items():
            if not isinstance(severity.ladder, str):
                yield ("severities", key, "ladder", *_place(severity.ladder)), rungs_of(severity.ladder)
        for key, ladder in self.model.ladders.items():
            yield ("ladders", key, *_place(ladder)), rungs_of(ladder)

    def ladder_of(self, severity: Severity) -> list[Rung]:
        """The rungs of a severity, also of a ladder that it names; none if there is no such ladder."""
        ladder = severity.ladder
        if isinstance(ladder, str):
            return rungs_of(self.model.ladders[ladder]) if ladder in self.model.ladders else []
        return rungs_of(ladder)


def _place(ladder: list[Rung] | Ladder) -> KeyPath:
    """The path of a ladder's rungs, below its own path."""
    return ("rungs",) if isinstance(ladder, Ladder) else ()
