"""Defines the schema of the policy's status page."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from bot.policy.models.base import StrictModel
from bot.policy.models.bounds import Network
from bot.policy.models.texts import Key, Link, Name, Text
from bot.policy.models.times import Zone

Weight = Annotated[float, Field(ge=0, le=1)]


class Component(StrictModel):
    """A component of the status page."""

    key: Key = Field(description="Its key.")
    name: Name = Field(default="", description="What customers call it; left out: made of the key.")
    description: Text = Field(default="", description="One line.")
    group: Name = Field(default="", description="The heading that it stands under.")
    order: Annotated[int, Field(strict=True)] | None = Field(default=None, description="Lower ones are shown first.")
    services: list[Key] = Field(default=[], description="Services whose incidents propose it.")
    probe: Text | None = Field(default=None, description="The probe that watches it.")
    only_show_if_degraded: bool = Field(default=False, description="Whether it is hidden while it is operational.")


class UptimeWeights(StrictModel):
    """How much of each state's time counts as downtime."""

    degraded: Weight = Field(default=0.0, description="Degraded performance.")
    partial: Weight = Field(default=0.3, description="Partial outage.")
    major: Weight = Field(default=1.0, description="Major outage.")


class StatusPage(StrictModel):
    """The status page."""

    preset: Literal["llm-platform"] | None = Field(
        default=None, description="Components that ship; those listed here are added, or replace one with their key."
    )
    name: Name = Field(default="Status", min_length=1, description="The page's name: your product, or company.")
    url: Link | None = Field(default=None, description="Its public address; left out: TOCSIN_URL with /status.")
    logo: Link | None = Field(default=None, description="The address of a picture.")
    support: Text | None = Field(default=None, description="Where customers get help: an address or e-mail address.")
    timezone: Zone | None = Field(default=None, description="Whose days the page shows; the policy's if left out.")
    components: list[Component] = Field(default=[], description="What customers know of the product.")
    visibility: Literal["public", "customers", "internal"] = Field(
        default="public", description="Who may see it; anything but public needs a link or a sign-in."
    )
    weights: UptimeWeights = Field(default=UptimeWeights(), description="How uptime is computed.")
    history_days: Annotated[int, Field(ge=1, le=366, strict=True)] = Field(
        default=90, description="Days in the uptime bars."
    )
    subscribe: list[Literal["email", "webhook", "slack"]] = Field(
        default=["email", "slack"],
        description="How people may subscribe.",
    )
    webhook_networks: list[Network] = Field(
        default=[], description="Networks outside the public internet that webhooks of subscribers may be in."
    )
