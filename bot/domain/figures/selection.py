"""Selects which incidents of a period count, and by what they are split."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.incident.fact import IncidentFact

PRIVATE = "private"  # under which the services and categories of private incidents are counted
UNKNOWN = "unknown"
BY = ("severity", "service", "category")


@dataclass(frozen=True, slots=True)
class Selection:
    """Only incidents that have everything that is given. Of a private incident only the severity is known."""

    severity: str | None = None
    service: str | None = None
    category: str | None = None

    def __contains__(self, fact: object) -> bool:
        return isinstance(fact, IncidentFact) and all(
            wanted is None or wanted in keys_of(fact, by)
            for by, wanted in (("severity", self.severity), ("service", self.service), ("category", self.category))
        )

    @property
    def words(self) -> str:
        """What is selected, such as `service payments`; empty for everything."""
        given = [("severity", self.severity), ("service", self.service), ("category", self.category)]
        return ", ".join(f"{by} {wanted}" for by, wanted in given if wanted is not None)


EVERYTHING = Selection()


def keys_of(fact: IncidentFact, by: str) -> tuple[str, ...]:
    """Under which keys an incident counts, where incidents are split by one of `BY`."""
    if by == "severity":
        return (fact.severity,)
    if fact.private:
        return (PRIVATE,)
    if by == "category":
        return (fact.category or UNKNOWN,)
    return tuple(dict.fromkeys(fact.services)) or (UNKNOWN,)
