"""Defines the schema of the policy's categories, severity rules, and custom fields (questions of the organisation)."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.policy.models.base import StrictModel
from bot.policy.models.conditions import When
from bot.policy.models.texts import Key, Name, Text


class Category(StrictModel):
    """A category of incidents."""

    name: Name = Field(default="", description="The label people see.")
    description: Text = Field(default="", description="One line.")


class Rule(StrictModel):
    """Suggests a severity if all of `when` holds; of several rules, the worst severity wins."""

    severity: Key = Field(description="The severity it suggests.")
    name: Name = Field(min_length=1, description="The reason, shown with the suggestion.")
    when: list[When] = Field(default=[], description="Conditions, all of which must hold; [] always holds.")
    category: Key | None = Field(default=None, description="The category it suggests.")
    actions: list[Text] = Field(default=[], description="What to do first, as a checklist on the card.")
    escalate: bool = Field(default=False, description="Whether to page people at once.")


class CustomField(StrictModel):
    """A question of your own in the declare modal."""

    label: Name = Field(min_length=1, max_length=48, description="The question.")
    kind: Literal["text", "select", "number", "user", "checkbox"] = Field(
        default="text", description="Free text, one of `options`, a number, a person, or yes or no."
    )
    options: list[Text] = Field(default=[], max_length=100, description="The choices of a select field.")
    required: bool = Field(default=False, description="Required in the modal; a one-line declare never waits for it.")
    hint: Text = Field(default="", description="A line below the question.")
    severities: list[Key] = Field(default=[], description="Asked only at these; at all of them if left out.")
