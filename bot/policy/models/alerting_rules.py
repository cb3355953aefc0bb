"""Defines the schema of the policy's alerting rules: conditions on metrics that Tocsin evaluates itself."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PlainValidator, WithJsonSchema

from bot.policy.models.base import StrictModel, invalid, quote_value
from bot.policy.models.targets import TARGET_FORMS, Method, TargetField
from bot.policy.models.texts import Key, Link, Name, Text
from bot.policy.models.times import Delay, Duration

CHANGE = re.compile(r"^([+-]?)(\d+(?:\.\d+)?)\s*(%?)$")


def _change(value: Any) -> str:
    """A change such as `-50%` or `+200`. Its sign is the direction; without one it is a rise."""
    text = str(value).strip() if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    match = CHANGE.match(text)
    if match is None or not float(match[2]):
        raise invalid(f"must be a change such as -50%, +50% or +200, not {quote_value(value)}.")
    return text


def _query(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        raise invalid(f"must be a PromQL expression, in quotes, not {quote_value(value)}.")
    text = value.strip()
    for opening, closing in ("()", "{}", "[]"):
        plain = re.sub(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`', "", text)
        if plain.count(opening) != plain.count(closing):
            raise invalid(
                f"has {opening} and {closing} that do not match: {quote_value(value)}. Put it in single quotes."
            )
    return text


Change = Annotated[str, PlainValidator(_change), WithJsonSchema({"type": ["string", "number"], "examples": ["-50%"]})]
Query = Annotated[str, PlainValidator(_query), WithJsonSchema({"type": "string", "examples": ["up"]})]
Figure = Annotated[float, Field(allow_inf_nan=False)]
AggregationName = Literal["avg", "max", "min", "sum", "count", "last"]


class AlertingCondition(StrictModel):
    """A condition. Which settings it has depends on its `type`."""

    type: Literal["threshold", "rate_of_change", "anomaly", "absence", "composite"] = Field(
        description="What is compared."
    )
    query: Query | None = Field(default=None, description="A PromQL expression, or else:")
    metric: Key | None = Field(default=None, description="A name in `metrics`.")
    over: Duration | None = Field(default=None, description="The span that becomes one value; left out: the instant.")
    aggregation: AggregationName | None = Field(default=None, description="How the span becomes one value.")
    op: Literal["gt", "gte", "lt", "lte", "eq"] | None = Field(default=None, description="threshold: the comparison.")
    value: Figure | None = Field(default=None, description="threshold: the figure.")
    by: Change | None = Field(default=None, description="rate_of_change: -50%, or an amount; against `over` ago.")
    method: Literal["zscore", "robust", "seasonal"] | None = Field(default=None, description="anomaly: what is usual.")
    direction: Literal["up", "down", "both"] | None = Field(default=None, description="anomaly: which way.")
    sensitivity: Annotated[float, Field(ge=0.1, le=100)] | None = Field(
        default=None, description="anomaly: usual deviations beyond which it is one."
    )
    floor: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        default=None, description="anomaly: the smallest difference that matters."
    )
    training: Duration | None = Field(default=None, description="anomaly: the span that says what is usual.")
    offset: Delay | None = Field(default=None, description="anomaly: its newest part, which is left out.")
    minimum_samples: Annotated[int, Field(ge=2, le=10_000, strict=True)] | None = Field(
        default=None, description="anomaly: of the history; with fewer, the rule is unknown."
    )
    when: Literal["all", "any"] | None = Field(default=None, description="composite: how they are combined.")
    conditions: list[AlertingCondition] | None = Field(default=None, min_length=1, description="composite: within it.")


class AlertRung(StrictModel):
    """A step of an alert's escalation."""

    after: Delay = Field(description="Time since the alert fired.")
    notify: list[TargetField] = Field(min_length=1, description=f"Who is told: {TARGET_FORMS}.")
    by: list[Method] = Field(default=["slack"], min_length=1, description="How people are reached.")
    repeat: Duration | None = Field(default=None, description="Again every so often until somebody acts.")


class AlertingRule(StrictModel):
    """An alerting rule."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: Name | None = Field(default=None, description="The alert's name; left out: the ID.")
    description: Text = Field(default="", description="What it means.")
    severity: Key = Field(description="A severity.")
    category: Key | None = Field(default=None, description="A category.")
    service: Key | None = Field(default=None, description="A service.")
    every: Duration = Field(default="30s", description="How often it is evaluated.")
    when: Literal["all", "any"] = Field(default="all", description="Whether every condition must hold, or one.")
    conditions: list[AlertingCondition] = Field(min_length=1, description="What must hold.")
    hold: Delay = Field(default="0s", alias="for", description="For how long they must hold.")
    keep_firing: Delay = Field(default="5m", description="It resolves when they have not held for so long.")
    auto_resolve: bool = Field(default=True, description="false: it fires until somebody ends it.")
    runbook: Link | None = Field(default=None, description="The address of its runbook.")
    labels: dict[Text, Text] = Field(default={}, description="Labels of its alerts; {{name}} is a label of the series.")
    tags: list[Text] = Field(default=[], description="Words to find it by.")
    escalate: list[AlertRung] = Field(default=[], description="Who is told until somebody acts.")
    enabled: bool = Field(default=True, description="Whether it is evaluated.")
