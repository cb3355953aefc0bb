"""Defines the context, which all use cases of one process share and take as their first argument."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access.identity import Identity, Membership
from bot.domain.actions.ticket import TrackerKind
from bot.domain.incident import Incident
from bot.domain.policy.automation_rules import AutomationRules
from bot.domain.policy.policy import Policy
from bot.domain.policy.service_ladder import for_services
from bot.domain.review.export import WikiKind
from bot.domain.timeline.source import Source
from bot.domain.values.outage_span import OutageSpan
from bot.templates.library import TemplateLibrary
from bot.usecases.backpressure import ForegroundGate, LapsedBacklog
from bot.usecases.outage import Outage
from playbooks.library_cache import LibraryCache
from playbooks.runners.protocol import Runners
from storage import policies
from storage.database import Database


class Clock(Protocol):
    """The clock of the domain, which may run faster than real time."""

    def now(self) -> datetime:
        """The present instant, aware."""
        ...

    def at(self, wall_s: float) -> datetime:
        """The domain's instant at a wall-clock time, which is given in seconds since 1970."""
        ...

    def wall(self, instant: datetime) -> float:
        """The wall-clock time at the domain's instant, in seconds since 1970."""
        ...


class Usergroups(Protocol):
    """The members of Slack's user groups, as last read."""

    def members(self, group: str) -> frozenset[str] | None:
        """The Slack IDs of its members; None while it has not been read."""
        ...

    def covers(self, group: str) -> Mapping[str, datetime]:
        """The Slack IDs of members who are in it only by a cover, each with the instant at which they took it."""
        ...

    def request_refresh(self) -> None:
        """Read the groups again soon. Returns at once."""
        ...


class Memberships(Protocol):
    """Whether people are members of the workspace, as Slack last said."""

    def known(self, user: str) -> Identity:
        """The identity of a Slack user, without asking Slack; the membership is unknown if it was not asked lately."""
        ...

    async def get(self, user: str) -> Identity:
        """The identity of a Slack user; Slack is asked unless that was done lately."""
        ...


class AllMembers:
    """Treats every user as a member, for processes on the machine itself, whose users are trusted."""

    def known(self, user: str) -> Identity:
        """The user as a member."""
        return Identity(user, Membership.MEMBER)

    async def get(self, user: str) -> Identity:
        """The user as a member."""
        return self.known(user)


class NoUsergroups:
    """Stands in for the user groups in a process that does not read them: every group's members are unknown."""

    def members(self, group: str) -> frozenset[str] | None:
        """Always None: not read."""
        return None

    def covers(self, group: str) -> Mapping[str, datetime]:
        """Nobody, since this directory reads no memberships."""
        return {}

    def request_refresh(self) -> None:
        """Do nothing."""
        return


class Names(Protocol):
    """Learns names by Slack IDs, for `storage.names`."""

    def request(self, ids: Iterable[str]) -> None:
        """Have these names looked up soon. Returns at once."""
        ...


class NoNames:
    """Ignores requests for names, for processes that do not ask Slack."""

    def request(self, ids: Iterable[str]) -> None:
        """Do nothing."""
        return


@dataclass(slots=True)
class Wakeups:
    """Wakes the workers after a commit, so that new work does not wait for their next tick."""

    outbox: asyncio.Event = field(default_factory=asyncio.Event)
    deadlines: asyncio.Event = field(default_factory=asyncio.Event)
    jobs: asyncio.Event = field(default_factory=asyncio.Event)
    alerts: asyncio.Event = field(default_factory=asyncio.Event)
    status_page: asyncio.Event = field(default_factory=asyncio.Event)  # a publication has changed

    def notify(self) -> None:
        """Wake the outbox and the scheduler. A use case that queues a job wakes the job runner itself."""
        self.outbox.set()
        self.deadlines.set()


@dataclass(slots=True)
class Policies:
    """The policy in force, and the policies that older incidents were declared under."""

    current: Policy
    document: dict[str, Any]  # of the current policy, as it is stored with incidents
    read: Callable[[dict[str, Any]], Policy]
    _by_digest: dict[str, Policy] = field(default_factory=dict)

    def cached(self, incident: Incident) -> Policy | None:
        """The incident's policy if it is in memory; None if `of` has to read it from the database."""
        if not incident.policy or incident.policy == self.current.digest:
            return for_services(self.current, incident.services)
        policy = self._by_digest.get(incident.policy)
        return None if policy is None else for_services(policy, incident.services)

    async def of(self, conn: AsyncConnection, incident: Incident) -> Policy:
        """The policy that the incident was declared under; the one in force if that was not stored."""
        if (cached := self.cached(incident)) is not None:
            return cached
        if incident.policy not in self._by_digest:
            document = await policies.get(conn, incident.policy)
            self._by_digest[incident.policy] = self.read(document) if document else self.current
        return for_services(self._by_digest[incident.policy], incident.services)

    def put_in_force(self, policy: Policy, document: dict[str, Any]) -> None:
        """Use this policy for every incident declared from now on. Earlier incidents keep theirs."""
        self._by_digest[self.current.digest] = self.current
        self.current, self.document = policy, document


@dataclass(slots=True)
class Context:
    """The parts that a use case works with."""

    database: Database
    policies: Policies
    clock: Clock
    wakeups: Wakeups = field(default_factory=Wakeups)
    methods: frozenset[str] = frozenset()  # of paging, besides Slack, that are set up
    url: str | None = None  # the public address of our web pages; None: they have none
    playbook_library: LibraryCache = field(default_factory=LibraryCache)
    foreground_gate: ForegroundGate = field(default_factory=ForegroundGate)
    lapsed_backlog: LapsedBacklog = field(default_factory=LapsedBacklog)
    templates: TemplateLibrary = field(default_factory=TemplateLibrary)  # of communications
    usergroups: Usergroups = field(default_factory=NoUsergroups)
    names: Names = field(default_factory=NoNames)
    memberships: Memberships = field(default_factory=AllMembers)
    runners: Callable[[AutomationRules], Runners] = lambda rules: {}  # of playbook steps, by the rules of a policy
    wikis: tuple[WikiKind, ...] = ()  # into which published reviews are written
    tracker: TrackerKind | None = None  # where action items get tickets; None: nowhere
    outage: Outage | None = None  # of Slack, as of the last check; None: it works
    past_outages: tuple[OutageSpan, ...] = ()  # those that are over, the last first
    restored_at: datetime | None = None  # when the database was last restored from a backup
    source: Source | None = None  # of the request that this context serves; None: Slack, or the bot itself
    precondition: Callable[[Incident], None] = lambda incident: None  # raises if a request no longer applies

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self.policies.current
