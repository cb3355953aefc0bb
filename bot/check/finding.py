"""What `tocsin check` found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `fine` is False for what must be mended; a warning is fine and says so."""

    what: str
    fine: bool
    words: str
    warning: bool = False

    def line(self) -> str:
        mark = "⚠" if self.warning else ("✓" if self.fine else "✗")
        return f"{mark} {self.what}: {self.words}"

    def as_json(self) -> dict[str, Any]:
        return {"what": self.what, "fine": self.fine, "warning": self.warning, "words": self.words}
