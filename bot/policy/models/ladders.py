"""Defines the schema of the policy's escalation ladders and triggers, which say who is paged, when and why."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from bot.policy.models.base import StrictModel, invalid, quote_value
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


class LadderRepeat(StrictModel):
    """The repetition of a whole ladder."""

    times: Annotated[int, Field(ge=1, le=20, strict=True)] = Field(description="How often, after the first time.")
    after: Duration = Field(description="From the last rung to the first one again.")


class Ladder(StrictModel):
    """A ladder that severities and services name."""

    rungs: list[Rung] = Field(min_length=1, description="Who is paged, and when.")
    repeat: LadderRepeat | None = Field(default=None, description="Go through all of it again, so often.")


def _form(value: Any) -> str:
    """The tag of the form in which a ladder is written: tags in brackets are no part of a setting's path."""
    if isinstance(value, str):
        return "[name]"
    return "[ladder]" if isinstance(value, dict | Ladder) else "[rungs]"


def _ladder(value: Any) -> Any:
    if not isinstance(value, list | dict | Ladder | str):
        raise invalid(f"must be a list of rungs, not {quote_value(value)}. {_EXAMPLE}")
    return value


def _named_ladder(value: Any) -> Any:
    if value == [] or isinstance(value, str):
        raise invalid(f"has no rungs. {_EXAMPLE}")
    return _ladder(value)


def rungs_of(ladder: list[Rung] | Ladder) -> list[Rung]:
    """The rungs of a ladder as they are written, in either form."""
    return ladder.rungs if isinstance(ladder, Ladder) else ladder


_EXAMPLE = 'Write them as [{after: 0m, notify: ["schedule:primary"]}].'
_Rungs = Annotated[list[Rung], Tag("[rungs]")]
NamedLadder = Annotated[
    _Rungs | Annotated[Ladder, Tag("[ladder]")], Discriminator(_form), BeforeValidator(_named_ladder)
]
LadderField = Annotated[
    _Rungs | Annotated[Ladder, Tag("[ladder]")] | Annotated[Key, Tag("[name]")],
    Discriminator(_form),
    BeforeValidator(_ladder),
]


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
