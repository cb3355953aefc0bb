"""Defines shadow mode: for some days another paging service pages, and Tocsin only says what it would have done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True, slots=True)
class ShadowRules:
    """The service that pages meanwhile, and the days that shadow mode lasts from when the policy first had it."""

    source: str  # `opsgenie` or `pagerduty`
    days: int

    def ends_at(self, since: datetime) -> datetime:
        """When it ends by itself."""
        return since + timedelta(days=self.days)
