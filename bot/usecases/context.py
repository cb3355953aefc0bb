"""The desk: what every use case needs at hand, and the one way in which a change is committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.deadlines import plan, withdrawn_because
from bot.domain.errors import NotFound
from bot.domain.incident import Change, Incident
from bot.domain.paging import triggers
from bot.domain.policy.automation_rules import AutomationRules
from bot.domain.policy.policy import Policy
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import Recorded
from bot.usecases.backpressure import ForegroundGate
from bot.usecases.effects import home_tab, search_index
from bot.usecases.effects.role_shifts import with_turns
from playbooks.library_cache import Shelf
from playbooks.runners.protocol import Runners
from storage import deadlines, incidents, ingest, policies
from storage.database import Database
from storage.outbox import enqueue
from storage.timeline import chain


class Clock(Protocol):
    def now(self) -> datetime: ...

    def at(self, wall_s: float) -> datetime: ...


class Usergroups(Protocol):
    """The members of Slack's user groups, as far as they are known."""

    def members(self, group: str) -> frozenset[str] | None: ...

    def ask(self) -> None: ...


class NoUsergroups:
    """Where nobody reads them: nobody is known to be in any."""

    def members(self, group: str) -> frozenset[str] | None:
        return None

    def ask(self) -> None:
        return


class DuplicateDelivery(Exception):
    """This delivery was accepted before; there is nothing to do but to say yes again."""


@dataclass(slots=True)
class Wakeups:
    """Wakes the outbox and the scheduler after a commit, so that nobody waits for a tick."""

    outbox: asyncio.Event = field(default_factory=asyncio.Event)
    deadlines: asyncio.Event = field(default_factory=asyncio.Event)
    jobs: asyncio.Event = field(default_factory=asyncio.Event)

    def notify(self) -> None:
        self.outbox.set()
        self.deadlines.set()


@dataclass(slots=True)
class Policies:
    """The policy in force, and those that older incidents were declared under, by digest."""

    current: Policy
    document: dict[str, Any]
    read: Callable[[dict[str, Any]], Policy]
    _known: dict[str, Policy] = field(default_factory=dict)

    def cached(self, incident: Incident) -> Policy | None:
        """As `of`, where it need not be looked up."""
        if not incident.policy or incident.policy == self.current.digest:
            return self.current
        return self._known.get(incident.policy)

    async def of(self, conn: AsyncConnection, incident: Incident) -> Policy:
        """The policy the incident was declared under; the one in force where that was never kept."""
        if (known := self.cached(incident)) is not None:
            return known
        if incident.policy not in self._known:
            document = await policies.get(conn, incident.policy)
            self._known[incident.policy] = self.read(document) if document else self.current
        return self._known[incident.policy]

    def put_in_force(self, policy: Policy, document: dict[str, Any]) -> None:
        """At once, for whatever is declared from now on. Incidents that were declared before keep theirs."""
        self._known[self.current.digest] = self.current
        self.current, self.document = policy, document


@dataclass(slots=True)
class Context:
    """Everything a use case touches. `methods`: the ways of paging that are set up, besides Slack."""

    database: Database
    policies: Policies
    clock: Clock
    wakeups: Wakeups = field(default_factory=Wakeups)
    methods: frozenset[str] = frozenset()
    url: str | None = None  # where people reach our pages; None: nowhere
    library_cache: Shelf = field(default_factory=Shelf)
    foreground_gate: ForegroundGate = field(default_factory=ForegroundGate)
    usergroups: Usergroups = field(default_factory=NoUsergroups)
    runners: Callable[[AutomationRules], Runners] = lambda rules: {}  # those of the policy in force

    @property
    def policy(self) -> Policy:
        return self.policies.current


@dataclass(slots=True)
class UnitOfWork:
    """One incident, locked, in one transaction; `commit` writes everything that follows from a change."""

    context: Context
    conn: AsyncConnection
    incident: Incident
    policy: Policy
    now: datetime

    async def commit(self, change: Change, notices: Sequence[Notice] = ()) -> Incident:
        """Append the entries, then save incident, deadlines and notices. Returns the incident as saved."""
        await commit_many(self.conn, [PendingChange(self, change, notices)], self.now)
        return self.incident


@dataclass(frozen=True, slots=True)
class PendingChange:
    """What is to be written about one incident."""

    work: UnitOfWork
    change: Change
    notices: Sequence[Notice] = ()


async def commit_many(conn: AsyncConnection, steps: Sequence[PendingChange], now: datetime) -> None:
    """`Work.commit` of several incidents that are locked, in as many statements as for one."""
    written = [(step.change.incident.number, step.change.entries) for step in steps]
    recorded = await chain.append(conn, written)
    saved = [
        IncidentSave(step.work.incident, step.change.incident, found, step.work.policy, step.notices)
        for step, found in zip(steps, recorded, strict=True)
    ]
    for step, incident in zip(steps, await save(conn, saved, now), strict=True):
        step.work.incident = incident


@dataclass(frozen=True, slots=True)
class IncidentSave:
    """An incident before and after, with the entries that were written and what is to be told besides."""

    before: Incident
    after: Incident
    recorded: Sequence[Recorded]
    policy: Policy
    notices: Sequence[Notice] = ()


async def save(conn: AsyncConnection, savings: Sequence[IncidentSave], now: datetime) -> list[Incident]:
    """Save changed incidents with what routing and planning say must follow; as they are saved."""
    settled: list[IncidentSave] = []
    following: list[Notice] = []
    for one in savings:
        before, after, policy = one.before, one.after, one.policy
        if policy.triggers and after.open:
            after = triggers.stamped(after, policy, now)
        after = await with_turns(conn, before, after, policy, now)
        following += [*routing.on_change(before, after, one.recorded, policy), *one.notices]
        settled.append(replace(one, after=replace(after, **routing.without_settled(before, after, policy))))
    changed = [one for one in settled if one.after != one.before]
    await incidents.save_many(conn, [one.after for one in changed])
    await deadlines.sync_many(conn, [new for one in changed if (new := _planned(one)) is not None], now)
    for one in settled:
        await search_index.follow(conn, one.before, one.after, one.recorded)
    if following:
        await enqueue.put(conn, following)
    for one in settled:
        await home_tab.refresh(conn, one.before, one.after, now)
    return [one.after for one in settled]


def _planned(one: IncidentSave) -> deadlines.PlannedDeadlines | None:
    """The incident's deadlines, where they are others than before."""
    planned = plan(one.after, one.policy)
    if planned == plan(one.before, one.policy):
        return None
    return deadlines.PlannedDeadlines(
        one.after.number, planned, lambda key: withdrawn_because(key, one.before, one.after)
    )


@asynccontextmanager
async def locked_incident(context: Context, number: int, delivery: str | None = None) -> AsyncIterator[UnitOfWork]:
    """Lock one incident for a verb. Raises `NotFound`, or `Repeated` for a delivery that was accepted before."""
    async with context.database.transaction() as conn:
        now = context.clock.now()
        incident = await incidents.lock(conn, number)
        if incident is None:
            raise NotFound(f"There is no incident INC-{number}.", "list all")
        await claim_delivery(conn, delivery, now)
        yield UnitOfWork(context, conn, incident, await context.policies.of(conn, incident), now)
    context.wakeups.notify()


async def claim_delivery(conn: AsyncConnection, delivery: str | None, now: datetime) -> None:
    """Note a delivery within the accepting transaction; raises `Repeated` if it was accepted before."""
    if delivery is not None and not await ingest.claim_delivery(conn, delivery, now):
        raise DuplicateDelivery(delivery)
