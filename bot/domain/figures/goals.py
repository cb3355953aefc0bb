"""Compares the figures of a period with the targets of the policy: availability, automation and accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.domain.policy.policy import Policy
from bot.domain.values import durations

if TYPE_CHECKING:
    from bot.domain.figures.report import Report

AT_MOST = frozenset({"false_positive_rate", "false_negative_rate"})


@dataclass(frozen=True, slots=True)
class Goal:
    """A target, and what the period has. `value` and `target` are seconds in `availability`, else shares from 0 to 1.

    `value` is None where nothing is counted, or where it is not measured at all; then `is_met` is None as well.
    """

    group: str  # `availability`, `automation` or `accuracy`
    name: str
    value: float | None
    n: int
    target: float
    at_most: bool

    @property
    def is_met(self) -> bool | None:
        """Whether the period reaches the target."""
        if self.value is None or not self.n:
            return None
        return self.value <= self.target if self.at_most else self.value >= self.target

    @property
    def text(self) -> str:
        """The target with what the period has."""
        aim = f"{'at most' if self.at_most else 'at least'} {self._figure_text(self.target)}"
        if self.value is None or not self.n:
            return f"{self.name} {aim}: no figure (n {self.n})"
        verdict = "met" if self.is_met else "missed"
        return f"{self.name} {aim}: {verdict} with {self._figure_text(self.value)} (n {self.n})"

    def _figure_text(self, value: float) -> str:
        return durations.approximate(timedelta(seconds=value)) if self.group == "availability" else f"{value:.1%}"


def goals(report: Report, policy: Policy) -> list[Goal]:
    """The targets that the policy sets. A target in business days is no number of seconds, and is left out."""
    times = [
        Goal("availability", f"{level.key}_mttr", row.resolve_s.mean, row.resolve_s.n, within.total_seconds(), True)
        for level in policy.severities
        if isinstance(within := level.resolve_within, timedelta) and (row := report.severities.get(level.key))
    ]
    measured = {
        "auto_detection": (report.alerts.detection_rate, report.alerts.incidents),
        "auto_remediation": (report.automated.share, report.automated.n),
        "false_positive_rate": (report.alerts.false_positive_rate, report.alerts.decided),
        "false_negative_rate": (report.alerts.false_negative_rate, report.alerts.incidents),
    }
    shares = [
        Goal(group, name, *measured.get(name, (None, 0)), target, name in AT_MOST)
        for group, aims in (("automation", policy.targets.automation), ("accuracy", policy.targets.accuracy))
        for name, target in aims.items()
    ]
    return [*times, *shares]
