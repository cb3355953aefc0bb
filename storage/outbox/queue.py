"""The outbox: notices by meaning, each a row that is sent once what it needs was sent. Decisions 4 and 5.

States: held (waits for its need) · queued · leased · sent · unknown (may have reached Slack) · failed · dropped.
All of it goes by the wall clock. Whoever marks a row must still hold its fence, that is, the last claim.
"""

from __future__ import annotations

import math
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import AnyRow, db_now, db_now_plus, in_list, list_param, microseconds
from storage.lease import LEASE
from storage.outbox.dependencies import end_dependents, free_dependents
from storage.outbox.enqueue import put, retry_failed
from storage.schema import outbox

__all__ = [
    "LEASE",
    "ClaimedNotice",
    "Failure",
    "Standing",
    "all_dropped",
    "all_sent",
    "census",
    "claim",
    "depth",
    "dropped",
    "failed",
    "failures",
    "known",
    "next_try_at",
    "oldest_waiting_at",
    "put",
    "put_back",
    "receipt",
    "receipts",
    "receipts_by_once",
    "retry",
    "retry_failed",
    "sent",
]  # fmt: skip

TAKEN_OVER = "whoever had it was gone before saying what came of it"
# As in the partial indexes, word for word.
_LIVE = sa.text("state IN ('queued', 'unknown', 'leased')")
_UNSENT = sa.text("state NOT IN ('sent', 'dropped')")
_c = outbox.c
Claim = tuple[int, int]  # a row, and which of its claims


@dataclass(frozen=True, slots=True)
class ClaimedNotice:
    """A notice as it was claimed. `key` goes into the message's metadata, `attempts` counts this one too.

    `uncertain`: an earlier attempt may have reached Slack, so look before repeating. `redirected`: what it needed
    failed, and it goes to direct messages. `version` moves when it is asked for again. `ours_until`, on this process's
    monotonic clock: afterwards somebody else may have claimed it. `taken_over`: whoever had it before is gone.
    """

    id: int
    dedup_key: str
    kind: str
    incident: int | None
    payload: dict[str, Any]
    key: str
    attempts: int
    uncertain: bool
    redirected: bool
    first_try_at: datetime
    created_at: datetime
    deadline: str | None
    fence: int
    version: int
    lease_ends_monotonic: float = math.inf
    priority: int = 0
    reclaimed: bool = False

    @property
    def claim(self) -> Claim:
        return self.id, self.fence


@dataclass(frozen=True, slots=True)
class Standing:
    """How many of one kind are in one state, and since when the oldest is wanted."""

    kind: str
    state: str
    rows: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """A notice that failed for good, and why."""

    dedup_key: str
    kind: str
    payload: dict[str, Any]
    error: str


async def claim(
    conn: AsyncConnection,
    limit: int,
    lease: timedelta = LEASE,
    skip_kinds: Collection[str] = (),
    only_kinds: Collection[str] = (),
) -> list[ClaimedNotice]:
    """Up to `limit` rows to send now, most urgent first. One whose lease ended unmarked comes back `uncertain`."""
    ours_until = time.monotonic() + lease.total_seconds()  # from before the claim: never later than the lease
    given = {"most": limit, "after_us": microseconds(lease)}
    taken = await conn.execute(_claim(conn.dialect.name, frozenset(skip_kinds), frozenset(only_kinds)), given)
    return [_row(row, ours_until) for row in sorted(taken, key=lambda row: (row.priority, row.queued_at, row.id))]


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
            first_try_at=sa.func.coalesce(_c.first_try_at, db_now(dialect)),
            next_try_at=db_now_plus(dialect),
            error=sa.case((_c.state == "leased", TAKEN_OVER), else_=_c.error),
        )
        .returning(outbox)
    )


def _next_rows(dialect: str, skip_kinds: Collection[str], only_kinds: Collection[str]) -> sa.Select[Any]:
    """What `claim` picks from; a partial index answers it, in its order."""
    wanted = sa.select(_c.id).where(_LIVE, _c.next_try_at <= db_now(dialect))
    if only_kinds:
        wanted = wanted.where(_c.kind.in_(sorted(only_kinds)))
    if skip_kinds:
        wanted = wanted.where(_c.kind.not_in(sorted(skip_kinds)))
    return wanted.order_by(_c.priority, _c.next_try_at, _c.id).limit(sa.bindparam("most"))


async def sent(conn: AsyncConnection, row: ClaimedNotice, receipt: dict[str, Any]) -> bool:
    """Done: whatever was held for it may go. False if somebody else claimed it meanwhile.

    If it was asked for again since the claim, it is queued again, and keeps this receipt until the next.
    """
    return (await all_sent(conn, [(row, receipt)]))[0]


async def all_sent(conn: AsyncConnection, done: Sequence[tuple[ClaimedNotice, dict[str, Any]]]) -> list[bool]:
    """`sent` for several, with the receipt of each. The same row may be among them by two claims of it."""
    ours: dict[Claim, bool] = {}
    for row, receipt in sorted(done, key=lambda pair: pair[0].id):
        mark = _sent(conn.dialect.name)
        ours[row.claim] = await _mark(conn, row, mark, our_version=row.version, given_receipt=receipt) is not None
    if freed := [row.dedup_key for row, _ in done if ours[row.claim]]:
        await free_dependents(conn, freed)
    return [ours[row.claim] for row, _ in done]


async def retry(conn: AsyncConnection, row: ClaimedNotice, after: timedelta, error: str, *, uncertain: bool) -> bool:
    """Try again later. `uncertain`: this attempt may have reached Slack; that is not forgotten by later ones."""
    again = _retried(conn.dialect.name, uncertain=uncertain)
    return await _mark(conn, row, again, after_us=microseconds(after), why=error) is not None


async def put_back(conn: AsyncConnection, row: ClaimedNotice, after: timedelta, why: str) -> bool:
    """It was not its turn yet: nothing was tried, and this claim counts as no attempt."""
    return await _mark(conn, row, _put_back(conn.dialect.name), after_us=microseconds(after), why=why) is not None


async def failed(conn: AsyncConnection, row: ClaimedNotice, error: str) -> list[str] | None:
    """Failed for good: the `dedup_key` of each notice that failed with it, because it needed this one.

    If it was asked for again since the claim, it is queued again instead. None if somebody else claimed it meanwhile.
    """
    ended = await _end(conn, row, "failed", error)
    if ended:
        return await end_dependents(conn, [row.dedup_key], "failed", error)
    return None if ended is None else []


async def dropped(conn: AsyncConnection, row: ClaimedNotice, reason: str) -> bool:
    """Not needed any more when it was to be sent, nor what needed it. False if somebody else claimed it meanwhile."""
    return (await all_dropped(conn, [(row, reason)]))[0]


async def all_dropped(conn: AsyncConnection, gone: Sequence[tuple[ClaimedNotice, str]]) -> list[bool]:
    """`dropped` for several, with the reason of each. The same row may be among them by two claims of it."""
    ours: dict[Claim, bool] = {}
    ended: dict[str, list[str]] = {}
    for row, reason in sorted(gone, key=lambda pair: pair[0].id):
        state = await _end(conn, row, "dropped", reason)
        ours[row.claim] = state is not None
        if state:
            ended.setdefault(reason, []).append(row.dedup_key)
    for reason, dedup_keys in ended.items():
        await end_dependents(conn, dedup_keys, "dropped", reason)
    return [ours[row.claim] for row, _ in gone]


async def receipt(conn: AsyncConnection, dedup_key: str) -> dict[str, Any] | None:
    """What Slack gave back for it; `None` until it was sent."""
    found: dict[str, Any] | None = await conn.scalar(_RECEIPT, {"this": dedup_key})
    return found


async def receipts_by_once(conn: AsyncConnection, dedup_keys: Collection[str]) -> dict[str, dict[str, Any]]:
    """`receipt` of several."""
    found = await conn.execute(_receipts(conn.dialect.name), {"onces": list_param(conn, dedup_keys)})
    return {row.once: row.receipt for row in found}


async def receipts(conn: AsyncConnection, number: int) -> dict[str, dict[str, Any]]:
    """`dedup_key` → receipt of all that was sent about an incident."""
    there = sa.and_(_c.incident == number, _c.receipt.is_not(None))
    return {row.once: row.receipt for row in await conn.execute(sa.select(_c.once, _c.receipt).where(there))}


async def known(conn: AsyncConnection, dedup_key: str) -> bool:
    """Whether this was ever put, whatever became of it."""
    return await conn.scalar(sa.select(_c.id).where(_c.once == dedup_key)) is not None


async def failures(conn: AsyncConnection, number: int) -> list[Failure]:
    """What failed for good about an incident, oldest first."""
    found = await conn.execute(_FAILURES, {"number": number})
    return [Failure(row.once, row.kind, row.payload, row.error or "") for row in found]


async def oldest_waiting_at(conn: AsyncConnection) -> datetime | None:
    """Since when the oldest row that could be sent has been wanted."""
    found: datetime | None = await conn.scalar(sa.select(sa.func.min(_c.queued_at)).where(_LIVE))
    return found


async def next_try_at(conn: AsyncConnection) -> datetime | None:
    """When the next row may be claimed: it is queued for then, or its lease ends."""
    found: datetime | None = await conn.scalar(sa.select(sa.func.min(_c.next_try_at)).where(_LIVE))
    return found


async def depth(conn: AsyncConnection) -> dict[str, int]:
    """How many rows are in each state but `sent` and `dropped`."""
    counted = await conn.execute(sa.select(_c.state, sa.func.count()).where(_UNSENT).group_by(_c.state))
    return dict.fromkeys(("held", "queued", "leased", "unknown", "failed"), 0) | {row[0]: row[1] for row in counted}


async def census(conn: AsyncConnection) -> list[Standing]:
    """What is not over yet, by kind and state."""
    wanted = sa.select(_c.kind, _c.state, sa.func.count().label("rows"), sa.func.min(_c.queued_at).label("oldest_at"))
    found = await conn.execute(wanted.where(_UNSENT, _c.state != "failed").group_by(_c.kind, _c.state))
    return [Standing(row.kind, row.state, row.rows, row.oldest_at) for row in found]


async def _end(conn: AsyncConnection, row: ClaimedNotice, state: str, why: str) -> bool | None:
    """Whether it ended so, or was queued again; `None` if the fence was lost."""
    now = await _mark(conn, row, _ended(conn.dialect.name, state), our_version=row.version, why=why)
    return None if now is None else now == state


async def _mark(conn: AsyncConnection, row: ClaimedNotice, mark: sa.Update, **given: Any) -> str | None:
    """The state it is in now; `None` if the fence was lost."""
    state: str | None = await conn.scalar(mark, {"this": row.id, "our_fence": row.fence, **given})
    return state


def _marking() -> Any:
    ours = sa.and_(_c.id == sa.bindparam("this"), _c.fence == sa.bindparam("our_fence"), _c.state == "leased")
    return sa.update(outbox).where(ours).returning(_c.state)


_NEWEST = _c.version == sa.bindparam("our_version")  # it was not asked for again since the claim
_RECEIPT = sa.select(_c.receipt).where(_c.once == sa.bindparam("this"))
_FAILURES = (
    sa.select(_c.once, _c.kind, _c.payload, _c.error)
    .where(_c.incident == sa.bindparam("number"), _c.state == "failed")
    .order_by(_c.id)
)


@cache
def _receipts(dialect: str) -> Any:
    return sa.select(_c.once, _c.receipt).where(in_list(dialect, _c.once, "onces"), _c.receipt.is_not(None))


@cache
def _sent(dialect: str) -> Any:
    return _marking().values(
        state=sa.case((_NEWEST, "sent"), else_="queued"),
        attempts=sa.case((_NEWEST, _c.attempts), else_=0),
        first_try_at=sa.case((_NEWEST, _c.first_try_at), else_=sa.null()),
        next_try_at=db_now(dialect),
        uncertain=False,
        receipt=sa.bindparam("given_receipt", type_=_c.receipt.type),
        error=None,
        sent_at=db_now(dialect),
    )


@cache
def _retried(dialect: str, *, uncertain: bool) -> Any:
    return _marking().values(
        state="unknown" if uncertain else "queued",
        uncertain=sa.true() if uncertain else _c.uncertain,
        next_try_at=db_now_plus(dialect),
        error=sa.bindparam("why"),
    )


@cache
def _put_back(dialect: str) -> Any:
    return _marking().values(
        state=sa.case((_c.uncertain, "unknown"), else_="queued"),
        attempts=_c.attempts - 1,
        next_try_at=db_now_plus(dialect),
        error=sa.bindparam("why"),
    )


@cache
def _ended(dialect: str, state: str) -> Any:
    return _marking().values(
        state=sa.case((_NEWEST, state), else_="queued"),
        attempts=sa.case((_NEWEST, _c.attempts), else_=0),
        next_try_at=db_now(dialect),
        error=sa.bindparam("why"),
    )


def _row(row: AnyRow, ours_until: float) -> ClaimedNotice:
    return ClaimedNotice(
        id=row.id,
        dedup_key=row.once,
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
        lease_ends_monotonic=ours_until,
        priority=row.priority,
        reclaimed=row.error == TAKEN_OVER,
    )
