"""Writes a change of an incident, with all its consequences, in one transaction.

That is the unit of work: it locks the incident and adds entries, deadlines, notices and effects to the change.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import policy_change
from bot.domain.deadlines import Deadline, plan, withdrawal_reason
from bot.domain.errors import NotFound
from bot.domain.incident import Change, Incident
from bot.domain.incident.seal import LEDGER, SEAL, needs_seal, reason_seal, seal
from bot.domain.outcome import LedgerDecision, Outcome
from bot.domain.paging.context import PagingContext
from bot.domain.policy.policy import Policy
from bot.domain.policy.service_ladder import for_services
from bot.domain.routing.notice import Notice
from bot.domain.timeline.entry import Entry, ids_named_in
from bot.domain.timeline.source import Source, with_source
from bot.usecases.context import Context
from bot.usecases.effects import EFFECTS
from bot.usecases.effects.incident_save import IncidentSave
from bot.usecases.effects.on_call import current_paging_context
from bot.usecases.restored import looked_for
from storage import deadlines, incidents, ingest
from storage.outbox import enqueue
from storage.timeline import chain


class DuplicateDelivery(Exception):
    """Slack or a vendor repeated a request that the bot has accepted before. Answer it as accepted."""


@dataclass(frozen=True, slots=True)
class PendingChange:
    """The change of one incident, decided but not written yet."""

    before: Incident | None  # None: it is being declared
    outcome: Outcome  # its notices are in addition to those that follow from the change
    policy: Policy
    policy_before: Policy | None = None  # if the change brings another policy
    source: Source | None = None  # of the request; None: Slack, or the bot itself
    look_since: datetime | None = None  # its messages may have been sent since then
    planned: tuple[Deadline, ...] | None = None  # the deadlines before it, under `policy`, if they are known already

    def planned_before(self) -> tuple[Deadline, ...]:
        """The incident's deadlines before the change; none for one that is being declared."""
        if self.before is None:
            return ()
        return self.planned if self.planned is not None else plan(self.before, self.policy_before or self.policy)


@dataclass(slots=True)
class UnitOfWork:
    """One locked incident within a transaction. `commit` changes it; `incident` is its state after the last commit."""

    context: Context
    conn: AsyncConnection
    _incident: Incident
    policy: Policy
    now: datetime
    look_since: datetime | None = None  # real time: its messages may have been sent since then, before a restore
    _planned: tuple[Incident, Policy, tuple[Deadline, ...]] | None = None  # of this incident, under this policy

    @property
    def incident(self) -> Incident:
        """The incident as locked, or as last written in this transaction."""
        return self._incident

    @property
    def planned(self) -> tuple[Deadline, ...]:
        """The incident's deadlines, planned once for each of its states."""
        if self._planned is None or self._planned[0] is not self._incident or self._planned[1] is not self.policy:
            self._planned = (self._incident, self.policy, plan(self._incident, self.policy))
        return self._planned[2]

    async def commit(self, change: Change, notices: Sequence[Notice] = (), *, policy: Policy | None = None) -> Incident:
        """Write a change with all its consequences, and return the incident as saved.

        `policy` is the one that the incident follows from now on, if the change brings another.
        """
        outcome = Outcome(change, tuple(notices))
        if policy is None:
            return await self.write(outcome)
        pending = PendingChange(self._incident, outcome, policy, self.policy, self.context.source)
        (self._incident,), self.policy = await commit_many(self.conn, [pending], self.now), policy
        return self._incident

    async def write(self, outcome: Outcome) -> Incident:
        """Write an outcome with all its consequences, and return the incident as saved."""
        self.context.names.request(slack_id for entry in outcome.change.entries for slack_id in ids_named_in(entry))
        (self._incident,) = await commit_many(self.conn, [self.pending(outcome)], self.now)
        self.policy = for_services(self.policy, self._incident.services)
        return self._incident

    async def paging_context(self, policy: Policy | None = None, covers_until: datetime | None = None) -> PagingContext:
        """The context for a page of this incident, with the people on call now; `policy` replaces its own.

        With `covers_until`, covers that people took after it are left out.
        """
        policy, methods = policy or self.policy, self.context.methods
        return await current_paging_context(self.conn, policy, methods, self.now, covers_until)

    def pending(self, outcome: Outcome) -> PendingChange:
        """The outcome as a change that `commit_many` can write with others."""
        return PendingChange(
            self._incident, outcome, self.policy, source=self.context.source, look_since=self.look_since,
            planned=self.planned,
        )  # fmt: skip


async def commit_many(conn: AsyncConnection, pending: Sequence[PendingChange], now: datetime) -> list[Incident]:
    """Write changes of several locked incidents, in as many statements as one takes. Returns the incidents as saved.

    1. Insert incidents that are being declared. 2. Append the entries to their timelines. 3. Run the effects.
    4. Save the incidents. 5. Save the decisions about deadlines, and the planned deadlines. 6. Queue the notices.
    """
    pending = [_by_services(change, now) for change in pending]
    for change in pending:
        if change.before is None:
            await incidents.insert(conn, change.outcome.incident)
    plans_before = [change.planned_before() for change in pending]
    entries = [
        (change.outcome.incident.number, _sealed_entries(change, planned))
        for change, planned in zip(pending, plans_before, strict=True)
    ]
    saves = [
        IncidentSave(change.before, change.outcome.incident, recorded, change.policy, change.outcome.notices)
        for change, recorded in zip(pending, await chain.append(conn, entries), strict=True)
    ]
    for effect in EFFECTS:
        saves = [await effect(conn, save, now) for save in saves]
    stored = [change.before or change.outcome.incident for change in pending]
    await incidents.save_many(
        conn, [save.after for save, incident in zip(saves, stored, strict=True) if save.after != incident]
    )
    await deadlines.decide_many(conn, [decision for change in pending for decision in change.outcome.ledger], now)
    plans = [_planned_deadlines(save, planned) for save, planned in zip(saves, plans_before, strict=True)]
    await deadlines.sync_many(conn, [planned for planned in plans if planned is not None], now)
    looked = [looked_for(save.notices, change.look_since) for save, change in zip(saves, pending, strict=True)]
    await enqueue.put(conn, [notice for notices in looked for notice in notices])
    return [save.after for save in saves]


def _by_services(pending: PendingChange, now: datetime) -> PendingChange:
    """The change under the ladder of the incident's services after it; a new ladder continues where the old one was."""
    incident = pending.outcome.incident
    policy = for_services(pending.policy, incident.services)
    if policy.severities == pending.policy.severities:
        return pending
    if pending.before is None:
        return replace(pending, policy=policy)
    change = policy_change.follow_services(pending.outcome.change, pending.policy, policy, now)
    outcome = replace(pending.outcome, change=change)
    return replace(pending, outcome=outcome, policy=policy, policy_before=pending.policy_before or pending.policy)


def _sealed_entries(pending: PendingChange, planned: Sequence[Deadline]) -> tuple[Entry, ...]:
    """The entries of a change with their source; the last of them seals the incident's row and the ledger."""
    entries = tuple(with_source(entry, pending.source) for entry in pending.outcome.change.entries)
    ledger = _decisions_about_rows(pending, planned)
    if not entries:
        return entries
    seals: dict[str, object] = {}
    if needs_seal(pending.before, pending.outcome.incident, entries):
        seals[SEAL] = seal(pending.outcome.incident)
    if ledger:
        seals[LEDGER] = {
            ledger_decision.dedup_key: [str(ledger_decision.state), reason_seal(ledger_decision.reason)]
            for ledger_decision in ledger
        }
    if not seals:
        return entries
    return (*entries[:-1], replace(entries[-1], data={**entries[-1].data, **seals}))


def _decisions_about_rows(pending: PendingChange, planned: Sequence[Deadline]) -> list[LedgerDecision]:
    """The decisions about deadlines that were planned; others, such as a page by hand, have no row in the ledger."""
    if not pending.outcome.ledger:
        return []
    keys = {deadline.dedup_key for deadline in planned}
    return [decision for decision in pending.outcome.ledger if decision.dedup_key in keys]


def _planned_deadlines(save: IncidentSave, planned_before: tuple[Deadline, ...]) -> deadlines.PlannedDeadlines | None:
    """The incident's deadlines; None if the change leaves them as they were."""
    before, after = save.before, save.after
    planned = plan(after, save.policy)
    if before is None:
        return deadlines.PlannedDeadlines(after.number, planned, lambda key: "")
    if planned == planned_before:
        return None
    return deadlines.PlannedDeadlines(after.number, planned, lambda key: withdrawal_reason(key, before, after))


@asynccontextmanager
async def locked_incident(context: Context, number: int, delivery: str | None = None) -> AsyncIterator[UnitOfWork]:
    """Lock one incident for a use case; the transaction commits at the end of the block.

    Raises `NotFound`, and `DuplicateDelivery` if `delivery` was accepted before.
    """
    async with context.database.transaction() as conn:
        incident = await incidents.lock(conn, number)
        if incident is None:
            raise NotFound(f"There is no incident INC-{number}.", "list all")
        now = context.clock.now()  # once it is locked: a request that waited for the lock is later on the timeline
        await claim_delivery(conn, delivery, now)
        context.precondition(incident)
        yield UnitOfWork(context, conn, incident, await context.policies.of(conn, incident), now)
    context.wakeups.notify()


async def begin(context: Context, conn: AsyncConnection, incident: Incident) -> UnitOfWork:
    """A unit of work for an incident that is locked in this transaction already."""
    return UnitOfWork(context, conn, incident, await context.policies.of(conn, incident), context.clock.now())


async def claim_delivery(conn: AsyncConnection, delivery: str | None, now: datetime) -> None:
    """Record a delivery in the transaction that accepts it. Raises `DuplicateDelivery` if it is recorded already.

    Without an ID (None) there is nothing to compare, and nothing is recorded.
    """
    if delivery is not None and not await ingest.claim_delivery(conn, delivery, now):
        raise DuplicateDelivery(delivery)
