"""The service catalog: what an incident touches, how far it may spread, and where it may come from.

`depends_on` may go round in circles; every walk here ends all the same.
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
    """A service some steps away. `via` is the service next to it, on the way to what is affected."""

    key: str
    distance: int
    via: str


@dataclass(frozen=True, slots=True)
class Cause:
    """A service that the affected ones need, or one of them, and what speaks for the trouble coming from there."""

    key: str
    reasons: tuple[str, ...]
    incidents: tuple[int, ...] = ()


def dependents(services: Services, affected: Iterable[str]) -> tuple[ReachedService, ...]:
    """The blast radius: every service that cannot work without one of these, the nearest first."""
    needed_by: dict[str, list[str]] = {}
    for key, service in services.items():
        for need in service.depends_on:
            needed_by.setdefault(need, []).append(key)
    return _reachable(needed_by, affected)


def dependencies(services: Services, affected: Iterable[str]) -> tuple[ReachedService, ...]:
    """Everything that these cannot work without, the nearest first. What the catalog does not have ends the walk."""
    return _reachable({key: service.depends_on for key, service in services.items()}, affected)


def mentioned_services(names: Mapping[str, Sequence[frozenset[str]]], said: Iterable[str]) -> tuple[str, ...]:
    """Services whose key or name stands whole in what was said. `names`: for each service the terms of its names."""
    terms = set(said)
    return tuple(key for key, each in names.items() if any(name and name <= terms for name in each))


def probable_causes(
    services: Services,
    affected: Sequence[str],
    open_now: Iterable[Incident],
    similar: Iterable[SimilarIncident],
    now: datetime,
) -> tuple[Cause, ...]:
    """Where it may come from: what the affected services need that has an open incident, that lately had one like it,
    or that more than one of them needs. What has the most to be said for it comes first.
    """
    found: dict[str, Cause] = {}
    reached = [reach for reach in dependencies(services, affected) if reach.key not in affected]
    for reach in reached:
        said: list[str] = []
        numbers: list[int] = []
        for incident in open_now:
            if reach.key in incident.services:
                said.append(f"{incident.id} is open there")
                numbers.append(incident.number)
        for one in similar:
            if reach.key in one.incident.services and not one.incident.open and _is_recent(one.incident, now):
                said.append(f"it was the trouble in {one.incident.id}, which looked like this")
                numbers.append(one.incident.number)
        needing = [key for key in affected if reach.key in {each.key for each in dependencies(services, [key])}]
        if len(needing) > 1:
            said.append(f"{len(needing)} of the affected services need it")
        if said:
            found[reach.key] = Cause(reach.key, tuple(said), tuple(dict.fromkeys(numbers)))
    return tuple(sorted(found.values(), key=lambda cause: (-len(cause.incidents), -len(cause.reasons))))


def contacts_and_links(policy: Policy, keys: Iterable[str]) -> tuple[tuple[Contact, ...], dict[str, str]]:
    """Whom to call and where to look: contacts and links of these services, each once, in their order."""
    known = [policy.services[key] for key in keys if key in policy.services]
    people = dict.fromkeys(name for service in known for name in service.contacts)
    links: dict[str, str] = {}
    for service in known:
        for title, address in service.links.items():
            several = len(known) > 1
            links.setdefault(f"{service.name or service.key}: {title}" if several else title, address)
    return tuple(policy.contacts[name] for name in people if name in policy.contacts), links


def _reachable(edges: Mapping[str, Sequence[str]], start: Iterable[str]) -> tuple[ReachedService, ...]:
    """Breadth first, so that each is reached by its shortest way and once."""
    seen = dict.fromkeys(start)
    edge = list(seen)
    found: list[ReachedService] = []
    steps = 0
    while edge:
        steps += 1
        ahead: list[str] = []
        for via in edge:
            for key in edges.get(via, ()):
                if key not in seen:
                    seen[key] = None
                    ahead.append(key)
                    found.append(ReachedService(key, steps, via))
        edge = ahead
    return tuple(found)


def _is_recent(incident: Incident, now: datetime) -> bool:
    return now - (incident.ended_at or incident.declared_at) <= RECENT
