"""A level and what it asks of people."""

from __future__ import annotations

from pydantic import Field

from bot.policy.models.base import StrictModel
from bot.policy.models.ladders import Rung
from bot.policy.models.texts import Key, Text
from bot.policy.models.times import Span


class Severity(StrictModel):
    """A level and what it asks of people. Where a duration is null, nothing is asked."""

    name: Text = Field(min_length=1, description="What people call it.")
    description: Text = Field(default="", description="One line; stands beside the level where it is chosen.")
    user_impact: Text = Field(default="", description="What users notice.")
    examples: list[Text] = Field(default=[], description="Incidents of this level.")
    respond_within: Span | None = Field(default=None, description="Acknowledged by then, or the next rung is paged.")
    update_every: Span | None = Field(default=None, description="How often a status update is owed.")
    escalate_after: Span | None = Field(default=None, description="Not mitigated by then: the next rung is paged.")
    resolve_within: Span | None = Field(default=None, description="The target; it is reported, and may trigger a page.")
    review_within: Span | None = Field(default=None, description="The post-incident review is held by then.")
    roles: list[Key] = Field(default=[], description="Roles that must be filled; people are reminded of empty ones.")
    notify_executives: bool = Field(default=False, description="The executives get a briefing.")
    ladder: list[Rung] = Field(default=[], description="Who is paged, and when.")
    stakeholders: list[Text] = Field(default=[], description="Who has an interest, in words.")
    audiences: list[Key] = Field(default=[], description="Who is told: keys of `audiences`.")
    channels: list[Text] = Field(default=[], description="Where it is told, in words.")
    war_room: bool = Field(default=False, description="A call is opened: the bookmark `bridge`.")
    ticket: bool = Field(default=False, description="A ticket is enough.")
