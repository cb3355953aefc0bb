"""Defines a finding: the result of one check of `tocsin check`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """The result of one check. A warning is `fine`, and names what could be better."""

    what: str  # settings, policy, database, slack …
    fine: bool  # False: it must be fixed
    words: str
    warning: bool = False

    def line(self) -> str:
        """The finding as a line for people."""
        mark = "⚠" if self.warning else ("✓" if self.fine else "✗")
        return f"{mark} {self.what}: {self.words}"

    def as_json(self) -> dict[str, Any]:
        """The finding for `--json`."""
        return {"what": self.what, "fine": self.fine, "warning": self.warning, "words": self.words}


def ok(what: str, words: str) -> Finding:
    """A finding with nothing to do."""
    return Finding(what, True, words)


def warn(what: str, words: str) -> Finding:
    """A finding that something works but could be better."""
    return Finding(what, True, words, warning=True)


def fail(what: str, words: str) -> Finding:
    """A finding that a problem must be fixed."""
    return Finding(what, False, words)
