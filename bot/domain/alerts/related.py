"""Finds groups that fail for the same reason: a service that theirs depends on, or that depends on theirs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.alerts.group import AlertGroup, Decision
from bot.domain.incident import Incident
from bot.domain.policy.policy import Policy, Service


@dataclass(frozen=True, slots=True)
class Situation:
    """The other groups and incidents at the time when a group is decided."""

    firing: Sequence[AlertGroup]  # the newest groups that fire, and older related ones; the group itself left out
    open_incidents: Mapping[int, Incident]  # by number
    declared: Sequence[AlertGroup]  # that declared an incident within the span of the storm guard, the newest first
    compared: int | None = None  # if so many groups fire that not all were looked at: how many were


@dataclass(frozen=True, slots=True)
class Related:
    """A group that fails for the same reason."""

    group: AlertGroup
    service: str  # of it


def dependencies(services: Mapping[str, Service], start: Sequence[str]) -> list[str]:
    """Every service that these depend on, the nearest first; `depends_on` may contain cycles."""
    return _reachable_from({key: service.depends_on for key, service in services.items()}, start)


def dependents(services: Mapping[str, Service], start: Sequence[str]) -> list[str]:
    """Every service that depends on these, the nearest first."""
    users: dict[str, list[str]] = {}
    for key, service in services.items():
        for used in service.depends_on:
            users.setdefault(used, []).append(key)
    return _reachable_from(users, start)


def related_services(group: AlertGroup, policy: Policy) -> set[str]:
    """The services whose groups can matter to this one: its own, those around it, and what those depend on."""
    users = dependents(policy.services, group.services)
    return {*group.services, *users, *dependencies(policy.services, [*group.services, *users])}


def upstream(group: AlertGroup, situation: Situation, policy: Policy) -> list[Related]:
    """The firing groups of services that this group's services depend on, the nearest first."""
    by_service = _by_service(situation.firing)
    reached = dependencies(policy.services, group.services)
    return [Related(related_group, service) for service in reached for related_group in by_service.get(service, ())]


def declared_downstream(group: AlertGroup, situation: Situation, policy: Policy) -> Related | None:
    """A firing group that declared an open incident, that depends on this group's services, and has no root yet.

    Its alerts came first, or its route was faster: this group is the root.
    """
    by_service = _by_service(situation.firing)
    for service in dependents(policy.services, group.services):
        for downstream in by_service.get(service, ()):
            if downstream.decision is Decision.DECLARED and downstream.incident in situation.open_incidents:
                roots = {*dependencies(policy.services, downstream.services)} - {*downstream.services}
                members = [member for member in situation.firing if member.incident == downstream.incident]
                if not any(roots & {*member.services} for member in members):
                    return Related(downstream, service)
    return None


def is_recent(group: AlertGroup, join_within: timedelta, now: datetime) -> bool:
    """Whether it changed lately. An old incident that people have acknowledged swallows no new outage."""
    return now - group.changed_at <= join_within


def _by_service(groups: Sequence[AlertGroup]) -> dict[str, list[AlertGroup]]:
    by_service: dict[str, list[AlertGroup]] = {}
    for group in groups:
        for service in group.services:
            by_service.setdefault(service, []).append(group)
    return by_service


def _reachable_from(edges: Mapping[str, Sequence[str]], start: Sequence[str]) -> list[str]:
    visited = dict.fromkeys(start)
    frontier = list(visited)
    reached: list[str] = []
    while frontier:
        ahead = dict.fromkeys(key for via in frontier for key in edges.get(via, ()) if key not in visited)
        visited |= ahead
        frontier = list(ahead)
        reached += frontier
    return reached
