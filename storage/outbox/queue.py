"""Claims notices (messages to send) that are ready from the outbox, and records how each attempt ended.

States: held (waits for a notice it depends on) · queued · leased · sent · unknown (may have reached Slack) · failed ·
dropped. All times are the wall clock's. Only the last claim of a row may mark it: that is what the fence checks. See
docs/architecture.md, decisions 4 and 5.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.columns import dumps
from storage.engine.dialect import AnyRow, microseconds, sql_now, sql_now_plus
from storage.lease import LEASE
from storage.outbox.dependencies import end_dependents, free_dependents
from storage.outbox.marking import CLAIMS, DROPPED, SENT, mark_all_dropped, mark_all_sent, renew_all
from storage.schema import outbox

LEAST_URGENT = 1000  # a priority beyond all others
BLOCKED = "Waits: "  # begins the error of a notice that waits for an operator
LEASE_RAN_OUT = "the process that had claimed it stopped before recording a result"
_LIVE = sa.text("state IN ('queued', 'unknown', 'leased')")  # as in the partial index, word for word
_c = outbox.c
Claim = tuple[int, int]  # a row's ID and the fence of one of its claims


@dataclass(frozen=True, slots=True)
class ClaimedNotice:
    """A notice that this process has leased in order to send it."""

    id: int
    dedup_key: str
    kind: str
    incident: int | None
    payload: dict[str, Any]
    key: str  # goes into the message's metadata, so that the message can be found in Slack
    attempts: int  # this one included
    uncertain: bool  # an earlier attempt may have reached Slack: look for its message before sending again
    redirected: bool  # the notice it depended on failed, so it goes out as a direct message
    first_try_at: datetime
    created_at: datetime
    deadline: str | None  # the `dedup_key` of the deadline it reminds of
    fence: int  # counts the claims of this row
    version: int  # counts how often it was enqueued, with a new payload each time
    lease_ends_monotonic: float = math.inf  # on this process's monotonic clock: later, another process may claim it
    priority: int = 0  # lower goes first
    look_since: datetime | None = None  # a database that was lost may have sent it since then
    reclaimed: bool = False  # the process that claimed it before stopped without recording a result
    was_blocked: bool = False  # it waited for an operator until this attempt

    def lease_covers(self, within_s: float) -> bool:
        """Whether the lease still lasts for `within_s` seconds, the longest that an attempt takes."""
        return time.monotonic() + within_s <= self.lease_ends_monotonic

    @property
    def claim(self) -> Claim:
        """The row's ID and fence, which distinguish this claim from every other."""
        return self.id, self.fence


async def claim(
    conn: AsyncConnection,
    limit: int,
    lease: timedelta = LEASE,
    skip_kinds: Collection[str] = (),
    only_kinds: Collection[str] = (),
    least: int = LEAST_URGENT,
) -> list[ClaimedNotice]:
    """Lease up to `limit` notices to send now, most urgent first. One whose earlier lease ran out is `uncertain`.

    What is less urgent than the priority `least` is left.
    """
    lease_ends = time.monotonic() + lease.total_seconds()  # from before the claim: never later than the lease
    values = {"most": limit, "least": least, "after_us": microseconds(lease)}
    rows = await conn.execute(_claim(conn.dialect.name, frozenset(skip_kinds), frozenset(only_kinds)), values)
    return [_notice(row, lease_ends) for row in sorted(rows, key=lambda row: (row.priority, row.queued_at, row.id))]


@cache
def _claim(dialect: str, skip_kinds: frozenset[str], only_kinds: frozenset[str]) -> Any:
    ready = _next_rows(dialect, skip_kinds, only_kinds)
    if dialect == "postgresql":
        ready = ready.with_for_update(skip_locked=True)
    picked = ready.cte("picked")
    return (
        sa.update(outbox)
        .where(_c.id.in_(sa.select(picked.c.id)))
        .values(
            state="leased",
            uncertain=sa.or_(_c.uncertain, _c.state == "leased"),
            attempts=_c.attempts + 1,
            fence=_c.fence + 1,
            first_try_at=sa.func.coalesce(_c.first_try_at, sql_now(dialect)),
            next_try_at=sql_now_plus(dialect),
            error=sa.case((_c.state == "leased", LEASE_RAN_OUT), else_=_c.error),
        )
        .returning(outbox)
    )


def _next_rows(dialect: str, skip_kinds: Collection[str], only_kinds: Collection[str]) -> sa.Select[Any]:
    """The rows `claim` picks from, in the order of a partial index."""
    ready = sa.select(_c.id).where(_LIVE, _c.next_try_at <= sql_now(dialect), _c.priority <= sa.bindparam("least"))
    if only_kinds:
        ready = ready.where(_c.kind.in_(sorted(only_kinds)))
    if skip_kinds:
        ready = ready.where(_c.kind.not_in(sorted(skip_kinds)))
    return ready.order_by(_c.priority, _c.next_try_at, _c.id).limit(sa.bindparam("most"))


@dataclass(frozen=True, slots=True)
class ReadyNotice:
    """The notice that a claim would take first."""

    kind: str
    priority: int


async def first_ready(conn: AsyncConnection, skip_kinds: Collection[str] = ()) -> ReadyNotice | None:
    """The notice that a claim would take first, without claiming it. `None` if none is ready."""
    values = {"most": 1, "least": LEAST_URGENT}
    row = (await conn.execute(_first_ready(conn.dialect.name, frozenset(skip_kinds)), values)).one_or_none()
    return None if row is None else ReadyNotice(row.kind, row.priority)


@cache
def _first_ready(dialect: str, skip_kinds: frozenset[str]) -> Any:
    return _next_rows(dialect, skip_kinds, ()).add_columns(_c.kind, _c.priority)


async def renew(conn: AsyncConnection, rows: Sequence[ClaimedNotice], lease: timedelta = LEASE) -> list[ClaimedNotice]:
    """Let the leases of claimed notices begin anew. Returns those that no other process has claimed meanwhile."""
    ends = time.monotonic() + lease.total_seconds()
    values = {**CLAIMS.params(conn, [row.claim for row in rows]), "after_us": microseconds(lease)}
    renewed = {(row.id, row.fence) for row in await conn.execute(renew_all(conn.dialect.name), values)}
    return [replace(row, lease_ends_monotonic=ends) for row in rows if row.claim in renewed]


async def mark_sent(conn: AsyncConnection, row: ClaimedNotice, receipt: dict[str, Any]) -> bool:
    """Record that a notice was sent, and queue the notices held for it. False if another process claimed it meanwhile.

    If it was enqueued anew since the claim, it is queued again and keeps this receipt until the next.
    """
    return (await mark_many_sent(conn, [(row, receipt)]))[0]


async def mark_many_sent(conn: AsyncConnection, sent: Sequence[tuple[ClaimedNotice, dict[str, Any]]]) -> list[bool]:
    """Mark several notices as sent, each with its receipt. Two claims of the same row may be among them."""
    if not sent:
        return []
    parameter_rows = [
        (*row.claim, row.version, dumps(receipt), row.redirected or bool(receipt.get("redirected")))
        for row, receipt in sent
    ]
    rows = await conn.execute(mark_all_sent(conn.dialect.name), SENT.params(conn, parameter_rows))
    marked = {(row.id, row.fence) for row in rows}
    if freed := [row.dedup_key for row, _ in sent if row.claim in marked]:
        await free_dependents(conn, freed)
    return [row.claim in marked for row, _ in sent]


async def retry_later(
    conn: AsyncConnection, row: ClaimedNotice, after: timedelta, error: str, *, uncertain: bool
) -> bool:
    """Queue a notice for another attempt. False if another process claimed it meanwhile.

    `uncertain`: this attempt may have reached Slack; later attempts remember it.
    """
    mark = _retried(conn.dialect.name, uncertain=uncertain)
    return await _mark(conn, row, mark, after_us=microseconds(after), why=error) is not None


async def requeue(conn: AsyncConnection, row: ClaimedNotice, after: timedelta, why: str) -> bool:
    """Queue a notice that was not tried, so that this claim counts as no attempt. False if it was claimed meanwhile.

    If it was enqueued anew at a higher priority since the claim, it does not wait.
    """
    values = {"after_us": microseconds(after), "why": why, "our_priority": row.priority}
    return await _mark(conn, row, _requeued(conn.dialect.name), **values) is not None


async def wake(conn: AsyncConnection, incident: int | None = None) -> None:
    """Make every notice that waits for another attempt claimable now; of one incident, or of all."""
    await conn.execute(_wake(conn.dialect.name, one=incident is not None), {"number": incident} if incident else {})


@cache
def _wake(dialect: str, *, one: bool) -> Any:
    now = sql_now(dialect)
    waiting = sa.and_(_c.state.in_(("queued", "unknown")), _c.next_try_at > now)
    if one:
        waiting = sa.and_(waiting, _c.incident == sa.bindparam("number"))
    return sa.update(outbox).where(waiting).values(next_try_at=now)


async def hold(conn: AsyncConnection, row: ClaimedNotice, until: str, why: str) -> bool:
    """Hold a notice that was not sent until `dependencies.free_dependents` frees what waits for the key `until`.

    If it was enqueued anew since the claim, it is queued again instead. False if another process claimed it meanwhile.
    """
    mark = _held(conn.dialect.name)
    return await _mark(conn, row, mark, our_version=row.version, until_key=until, why=why) is not None


async def mark_failed(conn: AsyncConnection, row: ClaimedNotice, error: str) -> list[str] | None:
    """Record that a notice failed for good. Returns the `dedup_key` of each dependent notice that failed with it.

    If it was enqueued anew since the claim, it is queued again instead. None if another process claimed it meanwhile.
    """
    state = await _mark(conn, row, _failed(conn.dialect.name), our_version=row.version, why=error)
    if state == "failed":
        return await end_dependents(conn, [row.dedup_key], "failed", error)
    return None if state is None else []


async def mark_dropped(conn: AsyncConnection, row: ClaimedNotice, reason: str) -> bool:
    """Record that a notice and its dependents are no longer needed. False if it was claimed meanwhile."""
    return (await mark_many_dropped(conn, [(row, reason)]))[0]


async def mark_many_dropped(conn: AsyncConnection, dropped: Sequence[tuple[ClaimedNotice, str]]) -> list[bool]:
    """Mark several notices as dropped, each with its reason. Two claims of the same row may be among them."""
    if not dropped:
        return []
    parameter_rows = [(*row.claim, row.version, reason) for row, reason in dropped]
    rows = await conn.execute(mark_all_dropped(conn.dialect.name), DROPPED.params(conn, parameter_rows))
    states = {(row.id, row.fence): row.state for row in rows}
    ended: dict[str, list[str]] = {}
    for row, reason in dropped:
        if states.get(row.claim) == "dropped":
            ended.setdefault(reason, []).append(row.dedup_key)
    for reason, dedup_keys in ended.items():
        await end_dependents(conn, dedup_keys, "dropped", reason)
    return [row.claim in states for row, _ in dropped]


async def _mark(conn: AsyncConnection, row: ClaimedNotice, mark: sa.Update, **values: Any) -> str | None:
    """The row's new state; `None` if the fence was lost."""
    state: str | None = await conn.scalar(mark, {"this": row.id, "our_fence": row.fence, **values})
    return state


def _marking() -> Any:
    claimed = sa.and_(_c.id == sa.bindparam("this"), _c.fence == sa.bindparam("our_fence"), _c.state == "leased")
    return sa.update(outbox).where(claimed).returning(_c.state)


_UNCHANGED = _c.version == sa.bindparam("our_version")  # it was not enqueued anew since the claim


@cache
def _retried(dialect: str, *, uncertain: bool) -> Any:
    return _marking().values(
        state="unknown" if uncertain else "queued",
        uncertain=sa.true() if uncertain else _c.uncertain,
        next_try_at=sql_now_plus(dialect),
        error=sa.bindparam("why"),
    )


@cache
def _requeued(dialect: str) -> Any:
    return _marking().values(
        state=sa.case((_c.uncertain, "unknown"), else_="queued"),
        attempts=_c.attempts - 1,
        next_try_at=sa.case(
            (_c.priority < sa.bindparam("our_priority"), sql_now(dialect)), else_=sql_now_plus(dialect)
        ),
        error=sa.bindparam("why"),
    )


@cache
def _held(dialect: str) -> Any:
    return _marking().values(
        state=sa.case((_UNCHANGED, "held"), else_="queued"),
        depends_on=sa.case((_UNCHANGED, sa.bindparam("until_key", type_=_c.depends_on.type)), else_=_c.depends_on),
        attempts=0,
        first_try_at=sa.null(),
        next_try_at=sql_now(dialect),
        error=sa.bindparam("why"),
    )


@cache
def _failed(dialect: str) -> Any:
    return _marking().values(
        state=sa.case((_UNCHANGED, "failed"), else_="queued"),
        attempts=sa.case((_UNCHANGED, _c.attempts), else_=0),
        next_try_at=sql_now(dialect),
        error=sa.bindparam("why"),
    )


def _notice(row: AnyRow, lease_ends: float) -> ClaimedNotice:
    return ClaimedNotice(
        id=row.id,
        dedup_key=row.dedup_key,
        kind=row.kind,
        incident=row.incident,
        payload=row.payload,
        key=row.metadata_key,
        attempts=row.attempts,
        uncertain=row.uncertain,
        redirected=row.redirected,
        first_try_at=row.first_try_at,
        created_at=row.created_at,
        deadline=row.deadline,
        fence=row.fence,
        version=row.version,
        lease_ends_monotonic=lease_ends,
        priority=row.priority,
        look_since=row.look_since,
        reclaimed=row.error == LEASE_RAN_OUT,
        was_blocked=(row.error or "").startswith(BLOCKED),
    )
