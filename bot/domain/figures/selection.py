"""Selects which incidents of a period count, and by what they are split."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.incident.fact import IncidentFact

PRIVATE = "private"  # under which the services, teams and categories of private incidents are counted
UNKNOWN = "unknown"
BY = ("severity", "service", "category", "team")


@dataclass(frozen=True, slots=True)
class Selection:
    """Only incidents that match every criterion. Of a private incident only the severity is known."""

    severity: str | None = None
    service: str | None = None
    category: str | None = None
    team: str | None = None

    @property
    def criteria(self) -> tuple[tuple[str, str], ...]:
        """The criteria that are set: the field and its key."""
        criteria = (
            ("severity", self.severity), ("service", self.service), ("category", self.category), ("team", self.team)
        )  # fmt: skip
        return tuple((by, key) for by, key in criteria if key is not None)

    def of(self, facts: Iterable[IncidentFact]) -> list[IncidentFact]:
        """The incidents that are selected."""
        criteria = self.criteria
        if not criteria:
            return list(facts)
        return [fact for fact in facts if all(key in keys_of(fact, by) for by, key in criteria)]

    @property
    def text(self) -> str:
        """The selection as text, such as `service payments`; empty if everything is selected."""
        return ", ".join(f"{by} {key}" for by, key in self.criteria)


EVERYTHING = Selection()


def keys_of(fact: IncidentFact, by: str) -> tuple[str, ...]:
    """The keys under which an incident counts when incidents are split by one of `BY`."""
    if by == "severity":
        return (fact.severity,)
    if fact.private:
        return (PRIVATE,)
    if by == "category":
        return (fact.category or UNKNOWN,)
    keys = fact.teams if by == "team" else fact.services
    return tuple(dict.fromkeys(keys)) or (UNKNOWN,)
