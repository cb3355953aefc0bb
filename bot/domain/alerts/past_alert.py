"""Defines a past alert, imported from another tool. It has no number, pages nobody and is no incident."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class PastAlert:
    """An alert of another tool. Its times are kept; `source` and `id` say which one it is."""

    source: str
    id: str
    title: str
    severity: str  # a key of the policy
    fired_at: datetime
    resolved_at: datetime
    description: str = ""
    acknowledged_at: datetime | None = None
    acknowledged_by: str = ""
