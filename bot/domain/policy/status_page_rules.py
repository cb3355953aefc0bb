"""Defines the policy's description of the status page: its components, and how uptime is computed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Component:
    """A part of the product as customers know it."""

    key: str
    name: str
    description: str = ""
    group: str = ""  # components of a group stand together under its name; empty: on its own
    order: int = 0  # lower ones first
    services: tuple[str, ...] = ()  # of the catalog; incidents of these services propose the component
    probe: str | None = None  # name of the probe that watches it
    only_show_if_degraded: bool = False


@dataclass(frozen=True, slots=True)
class UptimeWeights:
    """The share of each state's time that counts as downtime, from 0 to 1."""

    degraded: float = 0.0
    partial: float = 0.3
    major: float = 1.0


@dataclass(frozen=True, slots=True)
class StatusPageRules:
    """Everything the policy says about the status page."""

    name: str = "Status"
    url: str | None = None  # the public address of the page; None: TOCSIN_URL with /status
    logo: str | None = None
    support: str | None = None  # where customers get help
    timezone: str = "UTC"
    components: tuple[Component, ...] = ()  # in the order in which they are shown
    visibility: str = "public"  # or `customers`, `internal`
    weights: UptimeWeights = UptimeWeights()
    history_days: int = 90
    subscribe: tuple[str, ...] = ("email", "slack")
    webhook_networks: tuple[str, ...] = ()  # outside the public internet, where webhooks of subscribers may be

    def component(self, key: str) -> Component | None:
        """The component with this key or name, in whatever case; None if there is none."""
        folded = key.strip().lower()
        return next(
            (candidate for candidate in self.components if folded in (candidate.key.lower(), candidate.name.lower())),
            None,
        )
