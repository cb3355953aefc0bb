"""Searches the policy's services for those that an incident affects, and for those that may have caused it.

`depends_on` may contain cycles; every search here ends all the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.incident import Incident
from bot.domain.policy.policy import Contact, Policy, Service
from bot.domain.triage.similarity import SimilarIncident

RECENT = timedelta(days=7)
Services = Mapping[str, Service]


@dataclass(frozen=True, slots=True)
class ReachedService:
    """A service connected to the affected ones."""

    key: str
    distance: int  # in dependencies
    via: str  # the service before it on the shortest path from an affected one


@dataclass(frozen=True, slots=True)
class Cause:
    """A service that may have caused the incident, and why."""

    key: str
    reasons: tuple[str, ...]  # for people
    incidents: tuple[int, ...] = ()  # the incidents in the reasons


def dependents(services: Services, affected: Iterable[str]) -> tuple[ReachedService, ...]:
    """The blast radius: every service that depends on one of these, the nearest first."""
    dependents_of: dict[str, list[str]] = {}
    for key, service in services.items():
        for dependency in service.depends_on:
            dependents_of.setdefault(dependency, []).append(key)
    return _reachable(dependents_of, affected)


def dependencies(services: Services, affected: Iterable[str]) -> tuple[ReachedService, ...]:
    """Every service that these depend on, the nearest first. A service outside the catalog has no dependencies."""
    return _reachable({key: service.depends_on for key, service in services.items()}, affected)


def mentioned_services(names: Mapping[str, Sequence[frozenset[str]]], terms: Iterable[str]) -> tuple[str, ...]:
    """The services that a text mentions: all terms of a service's key or name are in `terms`.

    `names` has the terms of each key and name, by service.
    """
    present = set(terms)
    return tuple(key for key, term_sets in names.items() if any(name and name <= present for name in term_sets))


def probable_causes(
    services: Services,
    affected: Sequence[str],
    open_now: Iterable[Incident],
    similar: Iterable[SimilarIncident],
    now: datetime,
) -> tuple[Cause, ...]:
    """The services that may be the cause: dependencies of the affected ones that give a reason to suspect them.

    The reasons are an open incident, a similar incident recently, and that several affected services share the
    dependency. Those with the most incidents come first, then those with the most reasons.
    """
    causes: list[Cause] = []
    reached = [reach for reach in dependencies(services, affected) if reach.key not in affected]
    for reach in reached:
        reasons: list[str] = []
        numbers: list[int] = []
        for incident in open_now:
            if reach.key in incident.services:
                reasons.append(f"{incident.id} is open there")
                numbers.append(incident.number)
        for match in similar:
            if reach.key in match.incident.services and not match.incident.open and _is_recent(match.incident, now):
                reasons.append(f"it was affected in {match.incident.id}, a similar incident")
                numbers.append(match.incident.number)
        sharing = [
            key for key in affected if reach.key in {dependency.key for dependency in dependencies(services, [key])}
        ]
        if len(sharing) > 1:
            reasons.append(f"{len(sharing)} of the affected services need it")
        if reasons:
            causes.append(Cause(reach.key, tuple(reasons), tuple(dict.fromkeys(numbers))))
    return tuple(sorted(causes, key=lambda cause: (-len(cause.incidents), -len(cause.reasons))))


def contacts_and_links(policy: Policy, keys: Iterable[str]) -> tuple[tuple[Contact, ...], dict[str, str]]:
    """The contacts and links of these services, each once, in order."""
    services = [policy.services[key] for key in keys if key in policy.services]
    names = dict.fromkeys(name for service in services for name in service.contacts)
    links: dict[str, str] = {}
    for service in services:
        for title, address in service.links.items():
            several = len(services) > 1
            links.setdefault(f"{service.name or service.key}: {title}" if several else title, address)
    return tuple(policy.contacts[name] for name in names if name in policy.contacts), links


def _reachable(edges: Mapping[str, Sequence[str]], start: Iterable[str]) -> tuple[ReachedService, ...]:
    """Breadth-first search, so that each service is reached once and by a shortest path."""
    visited = dict.fromkeys(start)
    frontier = list(visited)
    reached: list[ReachedService] = []
    distance = 0
    while frontier:
        distance += 1
        ahead: list[str] = []
        for via in frontier:
            for key in edges.get(via, ()):
                if key not in visited:
                    visited[key] = None
                    ahead.append(key)
                    reached.append(ReachedService(key, distance, via))
        frontier = ahead
    return tuple(reached)


def _is_recent(incident: Incident, now: datetime) -> bool:
    return now - (incident.ended_at or incident.declared_at) <= RECENT
