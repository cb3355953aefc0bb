"""What sort of trouble an incident is: categories, rules for its severity, questions of your own."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from bot.policy.models.base import StrictModel
from bot.policy.models.conditions import When
from bot.policy.models.texts import Key, Text


class Category(StrictModel):
    """What sort of trouble an incident is."""

    name: Text = Field(default="", description="The label people see.")
    description: Text = Field(default="", description="One line.")


class Rule(StrictModel):
    """Suggests a severity where all of `when` holds; of several rules the worst wins."""

    severity: Key = Field(description="The severity it speaks for.")
    name: Text = Field(min_length=1, description="The reason in words, shown with the suggestion.")
    when: list[When] = Field(default=[], description="Conditions, all of which must hold; [] holds for any facts.")
    category: Key | None = Field(default=None, description="What sort of trouble it is then.")
    actions: list[Text] = Field(default=[], description="What to do first; a checklist on the card.")
    escalate: bool = Field(default=False, description="People should be paged without waiting.")


class CustomField(StrictModel):
    """A question of your own in the declare modal."""

    label: Text = Field(min_length=1, max_length=48, description="The question.")
    kind: Literal["text", "select", "number", "user", "checkbox"] = Field(
        default="text", description="Free text, one of `options`, a figure, somebody, or yes."
    )
    options: list[Text] = Field(default=[], max_length=100, description="What can be chosen.")
    required: bool = Field(default=False, description="Asked for in the modal; a one-line declare is never held up.")
    hint: Text = Field(default="", description="A line under the question.")
    severities: list[Key] = Field(default=[], description="Only for these; every one where left out.")
