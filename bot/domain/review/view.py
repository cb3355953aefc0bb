"""Defines the view of a review that people see."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain.actions.item import ActionItem
from bot.domain.figures.spans import Spans
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy
from bot.domain.review.document import Cite, Question, Section, by_importance


@dataclass(frozen=True, slots=True)
class ReviewView:
    """A review with all that is shown of it."""

    incident: Incident
    policy: Policy
    sections: tuple[Section, ...]
    figures: Spans
    participants: tuple[str, ...]
    actions: tuple[ActionItem, ...]
    links: Mapping[Cite, str]  # to the message of each cited entry, or to the channel
    names: Mapping[str, str]  # by Slack ID, as far as they are known

    @property
    def facilitator(self) -> str | None:
        """The person who leads the review: the chosen one, else the incident commander."""
        review = self.incident.review
        return (review.facilitator if review else None) or self.incident.roles.get("commander")

    @property
    def questions(self) -> list[Question]:
        """Every open question, those that matter most first."""
        return by_importance(self.sections)

    def section(self, key: str) -> Section:
        """The section with this key."""
        return next(section for section in self.sections if section.key == key)
