"""Defines what every check of a policy receives: the document, and which settings the operator's file contains."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.policy.models import AlertRung, Document, Rung, Trigger
from bot.policy.problems import KeyPath, Problem, dotted, nearest
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
        return Problem(path, f"{dotted(path)}{after} {message}", self.source.line(path))

    def in_file(self, path: KeyPath) -> bool:
        """Whether the file itself contains the setting, not only the preset."""
        return self.source.contains(path)

    def unknown_names(self, path: KeyPath, names: Iterable[str], known: Iterable[str], kind: str) -> Iterator[Problem]:
        """A problem for each of the `names` at `path` that is not among the `known` ones."""
        choices = list(known)
        listed = f" There are: {', '.join(choices)}." if len(choices) <= _MAX_LISTED else ""
        for number, name in enumerate(names):
            if name not in choices:
                guess = nearest(name, choices)
                suggestion = f" Did you mean {guess}?" if guess else ""
                yield self.problem((*path, number), f"there is no {kind} “{name}”.{suggestion}{listed}")

    def unknown_name(self, path: KeyPath, name: str, known: Iterable[str], kind: str, hint: str) -> Problem:
        """The problem of a name that is not among the `known` ones. `hint`: what to do if none is similar."""
        guess = nearest(name, known)
        return self.problem(path, f"there is no {kind} “{name}”. {f'Did you mean {guess}?' if guess else hint}")

    def rungs(self) -> Iterator[tuple[KeyPath, Rung | Trigger | AlertRung, bool]]:
        """Every rung and trigger, also of alerts, with its path and whether the file itself contains it."""
        for key, severity in self.model.severities.items():
            ladder: KeyPath = ("severities", key, "ladder")
            for number, rung in enumerate(severity.ladder):
                yield (*ladder, number), rung, self.in_file(ladder)
        for key, trigger in self.model.triggers.items():
            yield ("triggers", key), trigger, self.in_file(("triggers", key, "notify"))
        for key, rule in self.model.rules.items():
            escalate: KeyPath = ("rules", key, "escalate")
            for number, alert_rung in enumerate(rule.escalate):
                yield (*escalate, number), alert_rung, self.in_file(escalate)
        for number, route in enumerate(self.model.alerts.routes):
            for place, step in enumerate(route.escalate):
                yield ("alerts", "routes", number, "escalate", place), step, True
