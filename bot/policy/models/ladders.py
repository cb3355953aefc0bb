"""Who is paged, and when: as time passes, or for another reason."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.policy.models.base import StrictModel
from bot.policy.models.targets import TARGET_FORMS, Method, TargetField
from bot.policy.models.texts import Key, Text
from bot.policy.models.times import Delay, Duration


class Rung(StrictModel):
    """One step of a ladder."""

    after: Delay = Field(description="Counted from the declaration (or from when the severity was raised).")
    notify: list[TargetField] = Field(min_length=1, description=f"Whom: {TARGET_FORMS}.")
    by: list[Method] = Field(default=["slack"], min_length=1, description="How people are reached.")
    until: Literal["acknowledged", "mitigated", "resolved"] = Field(
        default="acknowledged", description="The rung is left out once the incident is that far."
    )
    repeat: Duration | None = Field(default=None, description="Page again every so often while unanswered.")


class Trigger(StrictModel):
    """A reason to page beside the passing of time."""

    name: Text = Field(default="", description="In words; shown to whoever is paged.")
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
    ] = Field(description="What must hold.")
    over: float | None = Field(
        default=None, ge=0, allow_inf_nan=False, description="The figure to pass: services, or revenue lost."
    )
    severities: list[Key] = Field(default=[], description="Only for these; every one where left out.")
    after: Delay = Field(default="0m", description="Counted from when it holds.")
    notify: list[TargetField] = Field(min_length=1, description=f"Whom: {TARGET_FORMS}.")
    by: list[Method] = Field(default=["slack"], min_length=1, description="How people are reached.")
    until: Literal["acknowledged", "mitigated", "resolved"] = Field(
        default="resolved", description="Not paged once the incident is that far."
    )
    repeat: Duration | None = Field(default=None, description="Page again every so often while unanswered.")
