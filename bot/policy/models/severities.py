"""Defines the schema of the policy's severities and what each asks of responders."""

from __future__ import annotations

from pydantic import Field

from bot.policy.models.base import StrictModel
from bot.policy.models.ladders import LadderField
from bot.policy.models.texts import Key, Name, Text
from bot.policy.models.times import Span


class Severity(StrictModel):
    """A severity and what it asks of responders. A duration of null asks nothing."""

    name: Name = Field(min_length=1, description="What people call it.")
    description: Text = Field(default="", description="One line, shown where the severity is chosen.")
    user_impact: Text = Field(default="", description="What users notice.")
    examples: list[Text] = Field(default=[], description="Examples of such incidents.")
    respond_within: Span | None = Field(default=None, description="Time to acknowledge before the next rung is paged.")
    update_every: Span | None = Field(default=None, description="How often a status update is due.")
    escalate_after: Span | None = Field(default=None, description="Time to mitigate before the next rung is paged.")
    resolve_within: Span | None = Field(default=None, description="Target; it is reported, and may trigger a page.")
    review_within: Span | None = Field(default=None, description="Time until the post-incident review is held.")
    roles: list[Key] = Field(default=[], description="Roles that must be filled; people are reminded of empty ones.")
    notify_executives: bool = Field(default=False, description="Whether the executives get a briefing.")
    ladder: LadderField = Field(default=[], description="Who is paged, and when; or the name of one of `ladders`.")
    stakeholders: list[Text] = Field(default=[], description="The stakeholders, in words.")
    audiences: list[Key] = Field(default=[], description="The audiences that are informed: keys of `audiences`.")
    channels: list[Text] = Field(default=[], description="The communication channels, in words.")
    war_room: bool = Field(
        default=False, description="Whether there is a war room: the bookmark `bridge`, else a huddle."
    )
    ticket: bool = Field(
        default=False, description="Whether the incident gets a ticket of its own, closed when it ends."
    )
