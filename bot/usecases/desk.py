"""The desk: what every use case needs at hand, and the one way in which a change is committed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing, triggers
from bot.domain.deadlines import plan, withdrawn_because
from bot.domain.errors import NotFound
from bot.domain.incident import Change, Incident
from bot.domain.notices import Notice
from bot.domain.policy import Policy
from bot.domain.runners import AutomationRules
from bot.domain.timeline import Recorded
from bot.usecases import home, similar
from bot.usecases.hurry import Hurry
from bot.usecases.turns import with_turns
from playbooks.runners.protocol import Runners
from playbooks.shelf import Shelf
from storage import deadlines, deliveries, incidents, outbox, policies, timeline
from storage.database import Database


class Clock(Protocol):
    def now(self) -> datetime: ...

    def at(self, wall_s: float) -> datetime: ...


class Groups(Protocol):
    """The members of Slack's user groups, as far as they are known."""

    def members(self, group: str) -> frozenset[str] | None: ...

    def ask(self) -> None: ...


class NoGroups:
    """Where nobody reads them: nobody is known to be in any."""

    def members(self, group: str) -> frozenset[str] | None:
        return None

    def ask(self) -> None:
        return


class Repeated(Exception):
    """This delivery was accepted before; there is nothing to do but to say yes again."""


@dataclass(slots=True)
class Alarm:
    """Wakes the outbox and the scheduler after a commit, so that nobody waits for a tick."""

    outbox: asyncio.Event = field(default_factory=asyncio.Event)
    deadlines: asyncio.Event = field(default_factory=asyncio.Event)
    jobs: asyncio.Event = field(default_factory=asyncio.Event)

    def ring(self) -> None:
        self.outbox.set()
        self.deadlines.set()


@dataclass(slots=True)
class Policies:
    """The policy in force, and those that older incidents were declared under, by digest."""

    current: Policy
    document: dict[str, Any]
    read: Callable[[dict[str, Any]], Policy]
    _known: dict[str, Policy] = field(default_factory=dict)

    async def of(self, conn: AsyncConnection, incident: Incident) -> Policy:
        """The policy the incident was declared under; the one in force where that was never kept."""
        if not incident.policy or incident.policy == self.current.digest:
            return self.current
        if incident.policy not in self._known:
            document = await policies.get(conn, incident.policy)
            self._known[incident.policy] = self.read(document) if document else self.current
        return self._known[incident.policy]

    def put_in_force(self, policy: Policy, document: dict[str, Any]) -> None:
        """At once, for whatever is declared from now on. Incidents that were declared before keep theirs."""
        self._known[self.current.digest] = self.current
        self.current, self.document = policy, document


@dataclass(slots=True)
class Desk:
    """Everything a use case touches. `methods`: the ways of paging that are set up, besides Slack."""

    database: Database
    policies: Policies
    clock: Clock
    alarm: Alarm = field(default_factory=Alarm)
    methods: frozenset[str] = frozenset()
    url: str | None = None  # where people reach our pages; None: nowhere
    shelf: Shelf = field(default_factory=Shelf)
    hurry: Hurry = field(default_factory=Hurry)
    groups: Groups = field(default_factory=NoGroups)
    runners: Callable[[AutomationRules], Runners] = lambda rules: {}  # those of the policy in force

    @property
    def policy(self) -> Policy:
        return self.policies.current


@dataclass(slots=True)
class Work:
    """One incident, locked, in one transaction; `commit` writes everything that follows from a change."""

    desk: Desk
    conn: AsyncConnection
    incident: Incident
    policy: Policy
    now: datetime

    async def commit(self, change: Change, notices: Sequence[Notice] = ()) -> Incident:
        """Append the entries, then save incident, deadlines and notices. Returns the incident as saved."""
        before, after = self.incident, change.incident
        recorded = await timeline.append(self.conn, after.number, change.entries) if change.entries else []
        self.incident = await save(self.conn, before, after, recorded, self.policy, self.now, notices)
        return self.incident


async def save(
    conn: AsyncConnection,
    before: Incident,
    after: Incident,
    recorded: Sequence[Recorded],
    policy: Policy,
    now: datetime,
    notices: Sequence[Notice] = (),
) -> Incident:
    """Save a changed incident with what routing and planning say must follow."""
    if policy.triggers and after.open:
        after = triggers.stamped(after, policy, now)
    after = await with_turns(conn, before, after, policy, now)
    following = [*routing.on_change(before, after, recorded, policy), *notices]
    after = replace(after, **routing.without_settled(before, after, policy))
    if after != before:
        await incidents.save(conn, after)
        planned = plan(after, policy)
        if planned != plan(before, policy):
            await deadlines.sync(conn, after.number, planned, lambda once: withdrawn_because(once, before, after), now)
    await similar.follow(conn, before, after, recorded)
    if following:
        await outbox.put(conn, following)
    await home.refresh(conn, before, after, now)
    return after


@asynccontextmanager
async def working_on(desk: Desk, number: int, delivery: str | None = None) -> AsyncIterator[Work]:
    """Lock one incident for a verb. Raises `NotFound`, or `Repeated` for a delivery that was accepted before."""
    async with desk.database.transaction() as conn:
        now = desk.clock.now()
        incident = await incidents.lock(conn, number)
        if incident is None:
            raise NotFound(f"There is no incident INC-{number}.", "list all")
        await accept(conn, delivery, now)
        yield Work(desk, conn, incident, await desk.policies.of(conn, incident), now)
    desk.alarm.ring()


async def accept(conn: AsyncConnection, delivery: str | None, now: datetime) -> None:
    """Note a delivery within the accepting transaction; raises `Repeated` if it was accepted before."""
    if delivery is not None and not await deliveries.first(conn, delivery, now):
        raise Repeated(delivery)
