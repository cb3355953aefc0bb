"""Defines the schema of the policy's rules for alerts: groups, routes, and what labels mean."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, PlainValidator, WithJsonSchema

from bot.domain.values.patterns import pattern_error
from bot.policy.models.alerting_rules import AlertRung
from bot.policy.models.base import StrictModel, invalid, quote_value
from bot.policy.models.targets import Channel
from bot.policy.models.texts import Key, Name, Text
from bot.policy.models.times import Delay, Duration


def _matcher(value: Any) -> str:
    """Check the value that a route asks of a label: text, or a regular expression between slashes."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise invalid('must be a text, or a regular expression such as "/staging|dev/".')
    if len(value) > 1 and value[0] == value[-1] == "/" and (error := pattern_error(value[1:-1])):
        raise invalid(f"is not a regular expression: {quote_value(value)}. {error}")
    return value


Wanted = Annotated[str, PlainValidator(_matcher), WithJsonSchema({"type": ["string", "number", "boolean"]})]


class AlertSeverity(StrictModel):
    """Which label says how bad an alert is."""

    label: Text = Field(default="severity", description="The label.")
    map: dict[Text, Key] = Field(default={}, description="What its values mean: a severity for each.")
    otherwise: Key | None = Field(default=None, description="The severity of other alerts; null: the middle one.")


class AlertService(StrictModel):
    """Which labels name the service."""

    label: Text = Field(default="service", description="The label that names the service, by key or name.")
    also: list[Text] = Field(default=[], description="Labels that are looked at if that one names none.")


class AtMost(StrictModel):
    """The guard against storms."""

    incidents: Annotated[int, Field(ge=1, strict=True)] = Field(
        default=5, description="Alerts declare at most this many incidents …"
    )
    within: Duration = Field(default="10m", description="… within this time; the rest joins the newest of them.")


class AlertRoute(StrictModel):
    """A route."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    name: Name | None = Field(default=None, description="A name for it; left out: what it matches.")
    match: dict[Text, Wanted] = Field(default={}, description="Labels with the value they must have, or /re/.")
    do: Literal["declare", "ask", "attach", "record", "drop", "heartbeat"] = Field(
        description="What becomes of its alerts."
    )
    channel: Channel | None = Field(default=None, description="Where it asks; left out: the announcement channel.")
    goes_on: bool = Field(default=False, alias="continue", description="Whether later routes take them as well.")
    at_least: Annotated[int, Field(ge=1, le=1000, strict=True)] = Field(
        default=1, description="So many alerts of a group have to fire before anybody is told …"
    )
    within: Duration = Field(default="10m", description="… within this time.")
    resolve: Literal["note", "propose"] = Field(
        default="note", description="propose: once its alerts are over, people are asked to resolve the incident."
    )
    every: Duration = Field(default="5m", description="heartbeat: its absence for so long is an alert.")
    nodata: Literal["milder", "same"] = Field(
        default="milder", description="milder: alerts that only lack data are one severity milder."
    )
    escalate: list[AlertRung] = Field(default=[], description="Who is paged until somebody acts on the card.")


class AlertInhibition(StrictModel):
    """Alerts that keep others quiet."""

    source: dict[Text, Wanted] = Field(min_length=1, description="Labels of the alerts that keep others quiet.")
    target: dict[Text, Wanted] = Field(min_length=1, description="Labels of the alerts that are kept quiet.")
    equal: list[Text] = Field(default=[], description="Labels whose values both must share.")


class Alerts(StrictModel):
    """How alerts become incidents."""

    group_by: list[Text] = Field(default=["alertname", "service"], description="Alerts with equal labels are a group.")
    wait: Delay = Field(default="20s", description="A group gathers for so long before anybody is told.")
    flap_window: Duration = Field(default="15m", description="What fires again within it is the same group.")
    join_within: Duration = Field(default="4h", description="New alerts join a group that changed within it.")
    stale_after: Duration = Field(default="6h", description="Alerts that a source stops repeating are stale after it.")
    severity: AlertSeverity = Field(default=AlertSeverity(), description="Which label says how bad an alert is.")
    service: AlertService = Field(default=AlertService(), description="Which labels name the service.")
    at_most: AtMost = Field(default=AtMost(), description="The guard against storms.")
    routes: list[AlertRoute] = Field(default=[], description="The first that matches decides.")
    inhibit: list[AlertInhibition] = Field(default=[], description="Which alerts keep others quiet while they fire.")
