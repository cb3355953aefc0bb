"""Defines the policy's rules for alerts: how they are grouped, which route takes them, and what their labels mean."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from bot.domain.policy.alerting_rules import EscalationRung


class AlertAction(StrEnum):
    """The action of a route on a group of alerts. The values are those of the policy's YAML."""

    DECLARE = "declare"  # an incident
    ASK = "ask"  # people, on a card
    ATTACH = "attach"  # to the open incident of the same service; without one, ask
    RECORD = "record"  # for the history only
    DROP = "drop"
    HEARTBEAT = "heartbeat"  # its absence is an alert


class OnResolved(StrEnum):
    """The effect on an incident when its alerts are over. The values are those of the policy's YAML."""

    NOTE = "note"  # it is noted
    PROPOSE = "propose"  # people are asked whether the incident is resolved


@dataclass(frozen=True, slots=True)
class AlertRoute:
    """Says which alerts it takes and what becomes of them."""

    name: str  # unique within the policy; part of the key of its groups
    do: AlertAction
    match: Mapping[str, str] = field(default_factory=dict)  # label → exact value, or `/re/`; empty: every alert
    channel: str | None = None  # of the card; None: the announcement channel
    goes_on: bool = False  # whether later routes take the alert as well
    at_least: int = 1  # so many alerts have to fire before anybody is told …
    within: timedelta = timedelta(minutes=10)  # … within this time
    resolve: OnResolved = OnResolved.NOTE
    escalate: tuple[EscalationRung, ...] = ()  # until somebody acts on the card
    every: timedelta = timedelta(minutes=5)  # how often a heartbeat has to be heard
    nodata_milder: bool = True  # whether an alert that only lacks data is one level milder


@dataclass(frozen=True, slots=True)
class SeverityLabel:
    """The label that says how bad an alert is, and what its values mean."""

    label: str = "severity"
    map: Mapping[str, str] = field(default_factory=dict)  # value in lower case → key of a severity
    otherwise: str | None = None  # key of a severity; None: the middle one of the policy


@dataclass(frozen=True, slots=True)
class ServiceLabel:
    """The labels that name a service of the catalog, by key or name."""

    label: str = "service"
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class StormGuard:
    """The most incidents that alerts may declare within a span; further groups join the newest of them."""

    incidents: int = 5
    within: timedelta = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While a source alert fires, nobody is told about target alerts whose `equal` labels have the same values."""

    source: Mapping[str, str]  # label → exact value, or `/re/`
    target: Mapping[str, str]
    equal: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlertRules:
    """Everything the policy says about alerts. Without routes they are recorded only."""

    group_by: tuple[str, ...] = ("alertname", "service")
    wait: timedelta = timedelta(seconds=20)  # gathers a group before anybody is told
    flap_window: timedelta = timedelta(minutes=15)  # a group that fires again within it is the same group
    join_within: timedelta = timedelta(hours=4)  # a new alert joins a firing group that changed within it
    stale_after: timedelta = timedelta(hours=6)  # a group of a source that repeats is stale if nothing is heard
    severity: SeverityLabel = SeverityLabel()
    service: ServiceLabel = ServiceLabel()
    at_most: StormGuard = StormGuard()
    routes: tuple[AlertRoute, ...] = ()
    inhibit: tuple[Inhibition, ...] = ()

    def route(self, name: str) -> AlertRoute:
        """The route with this name; one that records if the policy has it no more."""
        return next((route for route in self.routes if route.name == name), AlertRoute(name, AlertAction.RECORD))
