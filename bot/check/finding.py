"""Defines a finding: the result of one check of `tocsin check`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. A warning is `fine`, and names what could be better."""

    subject: str  # settings, policy, database, slack …
    fine: bool  # False: it must be fixed
    message: str
    warning: bool = False

    def line(self) -> str:
        """The finding as a line for people."""
        mark = "⚠" if self.warning else ("✓" if self.fine else "✗")
        return f"{mark} {self.subject}: {self.message}"

    def as_json(self) -> dict[str, Any]:
        """The finding for `--json`."""
        return {"what": self.subject, "fine": self.fine, "warning": self.warning, "words": self.message}


def ok(subject: str, message: str) -> Finding:
    """A finding with nothing to do."""
    return Finding(subject, True, message)


def warn(subject: str, message: str) -> Finding:
    """A finding that something works but could be better."""
    return Finding(subject, True, message, warning=True)


def fail(subject: str, message: str) -> Finding:
    """A finding that a problem must be fixed."""
    return Finding(subject, False, message)
