"""Defines the states of a component, the worst of several, and what they say about the whole page."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from bot.domain.errors import Refused


class ComponentState(StrEnum):
    """The state of a component. The values are those of Statuspage's API, and are stored."""

    OPERATIONAL = "operational"
    UNDER_MAINTENANCE = "under_maintenance"
    DEGRADED_PERFORMANCE = "degraded_performance"
    PARTIAL_OUTAGE = "partial_outage"
    MAJOR_OUTAGE = "major_outage"

    @property
    def label(self) -> str:
        """In words, as the page shows it."""
        return _LABELS[self]


_LABELS = {
    ComponentState.OPERATIONAL: "Operational",
    ComponentState.UNDER_MAINTENANCE: "Under maintenance",
    ComponentState.DEGRADED_PERFORMANCE: "Degraded performance",
    ComponentState.PARTIAL_OUTAGE: "Partial outage",
    ComponentState.MAJOR_OUTAGE: "Major outage",
}
# From the best to the worst; maintenance counts below degraded (001 §4.1 `_calculate_overall_status`).
SEVERITY_ORDER = tuple(ComponentState)
_RANK = {state: rank for rank, state in enumerate(SEVERITY_ORDER)}
_SHORT = {"degraded": "degraded_performance", "partial": "partial_outage", "major": "major_outage", "up": "operational"}
# 001 §4.1 `_map_severity_to_status`, from the worst severity to the lightest.
_BY_RANK = (
    ComponentState.MAJOR_OUTAGE, ComponentState.PARTIAL_OUTAGE, ComponentState.DEGRADED_PERFORMANCE,
    ComponentState.DEGRADED_PERFORMANCE,
)  # fmt: skip


def worst(states: Iterable[ComponentState]) -> ComponentState:
    """The worst of these states; operational if there is none."""
    return max(states, key=_RANK.__getitem__, default=ComponentState.OPERATIONAL)


def rank(state: ComponentState) -> int:
    """The place of a state from the best (0) to the worst."""
    return _RANK[state]


def state_of_severity(severity_rank: int) -> ComponentState:
    """The state that an incident's severity proposes; rank 0 is the worst severity (001 §4.1)."""
    return _BY_RANK[severity_rank] if severity_rank < len(_BY_RANK) else ComponentState.OPERATIONAL


def parse_state(text: str) -> ComponentState:
    """Read a state, such as `major_outage`, `Major outage` or `major`. Raises `Refused` that lists the states."""
    folded = text.strip().lower().replace(" ", "_").replace("-", "_")
    try:
        return ComponentState(_SHORT.get(folded, folded))
    except ValueError:
        states = ", ".join(ComponentState)
        raise Refused(f"There is no component state “{text[:40]}”. Use one of: {states}.") from None


_INDICATORS = {
    ComponentState.MAJOR_OUTAGE: "critical",
    ComponentState.PARTIAL_OUTAGE: "major",
    ComponentState.DEGRADED_PERFORMANCE: "minor",
    ComponentState.UNDER_MAINTENANCE: "maintenance",
    ComponentState.OPERATIONAL: "none",
}
_DESCRIPTIONS = {
    ComponentState.MAJOR_OUTAGE: "Major outage",
    ComponentState.PARTIAL_OUTAGE: "Partial outage",
    ComponentState.DEGRADED_PERFORMANCE: "Degraded performance",
    ComponentState.UNDER_MAINTENANCE: "Maintenance in progress",
    ComponentState.OPERATIONAL: "All systems operational",
}


def indicator(overall: ComponentState) -> str:
    """Statuspage's `status.indicator` for the worst state of all components."""
    return _INDICATORS[overall]


def description(overall: ComponentState) -> str:
    """The page's headline for the worst state of all components."""
    return _DESCRIPTIONS[overall]
