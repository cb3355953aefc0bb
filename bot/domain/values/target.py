"""Defines a target: whom a rung, an audience or a permission names, such as `schedule:primary`.

A rung is a step of the escalation ladder; an audience is a group of people who are kept informed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class TargetKind(StrEnum):
    """The kind of a target. The values are those of the policy's YAML."""

    CONTACT = "contact"
    SCHEDULE = "schedule"  # the people on call
    TEAM = "team"  # all of its members
    TURN = "turn"  # one member of a team, the next at each page
    NEXT = "next"  # the people who are on call next on a schedule
    ALL = "all"  # everybody who is ever on call on a schedule
    ROLE = "role"  # the holder of a role in the incident
    USER = "user"  # a Slack user ID, or an e-mail address
    CHANNEL = "channel"
    GROUP = "group"  # a Slack user group; in permissions only


@dataclass(frozen=True, slots=True)
class Target:
    """A kind and the name of a person, group or place of that kind. `str` gives the form of the policy."""

    kind: TargetKind
    name: str

    @classmethod
    def parse(cls, text: str) -> Target:
        """The target written as `kind:name`. Raises `ValueError` for any other text."""
        kind, _, name = text.partition(":")
        if not name:
            raise ValueError(f"a target is written kind:name, not {text}")
        return cls(TargetKind(kind), name)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @property
    def text(self) -> str:
        """The target for a reader, such as `schedule primary`; only the name for a contact."""
        return self.name if self.kind is TargetKind.CONTACT else f"{self.kind} {self.name}"


def targets_text(targets: Iterable[Target]) -> str:
    """Targets for reading, joined by commas."""
    return ", ".join(target.text for target in targets)
