"""Defines the schema of the policy's escalation ladders and triggers, which say who is paged, when and why."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.policy.models.base import StrictModel
from bot.policy.models.targets import TARGET_FORMS, Method, TargetField
from bot.policy.models.texts import Key, Name
from bot.policy.models.times import Delay, Duration


class Rung(StrictModel):
    """One rung of a ladder."""

    after: Delay = Field(description="Time since the declaration, or since the severity was raised.")
    notify: list[TargetField] = Field(min_length=1, description=f"Who is paged: {TARGET_FORMS}.")
    by: list[Method] = Field(default=["slack"], min_length=1, description="How people are reached.")
    until: Literal["acknowledged", "mitigated", "resolved"] = Field(
        default="acknowledged", description="The rung is skipped once the incident has reached this."
    )
    repeat: Duration | None = Field(default=None, description="Page again every so often while unanswered.")


class Trigger(StrictModel):
    """A reason to page people, other than time."""

    name: Name = Field(default="", description="The reason, shown to the people who are paged.")
    when: Literal[
        "declared",
        "services_affected",
        "revenue_impact",
        "data_loss",
        "security",
        "public_relations",
        "auto_remediation_failed",
        "target_exceeded",
        "manual",
    ] = Field(description="The event that triggers it.")
    over: float | None = Field(
        default=None,
        ge=0,
        allow_inf_nan=False,
        description="The number of services, or the lost revenue, to exceed.",
    )
    severities: list[Key] = Field(default=[], description="Only at these; at all of them if left out.")
    after: Delay = Field(default="0m", description="Time since it was triggered.")
    notify: list[TargetField] = Field(min_length=1, description=f"Who is paged: {TARGET_FORMS}.")
    by: list[Method] = Field(default=["slack"], min_length=1, description="How people are reached.")
    until: Literal["acknowledged", "mitigated", "resolved"] = Field(
        default="resolved", description="Nobody is paged any more once the incident has reached this."
    )
    repeat: Duration | None = Field(default=None, description="Page again every so often while unanswered.")
