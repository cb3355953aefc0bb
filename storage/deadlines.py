"""Deadlines as rows: the plan kept in step with its incident, claimed when they lapse, and the ledger of what became
of each. Decisions 2 and 3 of the architecture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.deadlines import Deadline, DeadlineState
from bot.domain.outcome import LedgerDecision
from bot.domain.routing import keys
from bot.domain.routing.keys import Subject
from storage.engine.dialect import AnyRow, db_now, db_now_plus, in_list, list_param, microseconds
from storage.lease import LEASE
from storage.schema import deadlines

_SKIPPED_WHEN_WITHDRAWN = ("acknowledge", "mitigate")
_WAITING = sa.text("state = 'waiting'")  # as in the partial index, word for word
_c = deadlines.c


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One line of the ledger. `fence` counts its claims: a claim that is not the last one has lost it."""

    dedup_key: str
    incident: int
    kind: str
    rung: int | None
    due_at: datetime
    state: DeadlineState
    reason: str
    sent_at: datetime | None
    fence: int
    subject: Subject | None = None  # what it is about; None where a newer version planned it


_COLUMNS = (_c.once, _c.incident, _c.kind, _c.rung, _c.due_at, _c.state, _c.reason, _c.sent_at, _c.fence, _c.subject)


@dataclass(frozen=True, slots=True)
class PlannedDeadlines:
    """The deadlines an incident has from now on; `withdrawn` tells why one that it had is none any more."""

    incident: int
    planned: Sequence[Deadline]
    withdrawn: Callable[[str], str]


async def sync(
    conn: AsyncConnection, number: int, planned: Sequence[Deadline], withdrawn: Callable[[str], str], now: datetime
) -> None:
    """`sync_all` for one incident."""
    await sync_all(conn, [PlannedDeadlines(number, planned, withdrawn)], now)


async def sync_all(conn: AsyncConnection, plans: Sequence[PlannedDeadlines], now: datetime) -> None:
    """Make the waiting rows of each incident those that are planned; call it with the incidents locked.

    What was decided stays decided: of an occurrence that was sent, is due, failed or was skipped by a decision there
    is no other. One that was only withdrawn comes back when it is planned again.
    """
    if not plans:
        return
    dedup_keys = [deadline.dedup_key for plan in plans for deadline in plan.planned]
    given = {"numbers": list_param(conn, [plan.incident for plan in plans]), "onces": list_param(conn, dedup_keys)}
    rows: dict[int, dict[str, AnyRow]] = {plan.incident: {} for plan in plans}
    for row in await conn.execute(_known(conn.dialect.name), given):
        rows[row.incident][row.once] = row
    fresh: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    gone: list[dict[str, Any]] = []
    for plan in plans:
        known, planned = rows[plan.incident], {deadline.dedup_key: deadline for deadline in plan.planned}
        for dedup_key, deadline in planned.items():
            if dedup_key not in known:
                fresh.append(_new(plan.incident, deadline, now))
            elif _differs(known[dedup_key], deadline):
                moved.append(_planned(deadline, now))
        gone += [
            _withdrawn(row, plan.withdrawn(dedup_key), now)
            for dedup_key, row in known.items()
            if dedup_key not in planned
        ]
    for statement, values in ((_INSERT, fresh), (_MOVE, moved), (_WITHDRAW, gone)):
        if values:
            await conn.execute(statement, values)


async def claim(conn: AsyncConnection, now: datetime, limit: int, lease: timedelta = LEASE) -> list[LedgerRow]:
    """Up to `limit` lapsed deadlines that nobody else holds, earliest first; they are held until the lease ends.

    `now` is the domain's clock, which decides what has lapsed; the lease goes by the wall clock.
    """
    given = {"now": now, "most": limit, "after_us": microseconds(lease)}
    taken = await conn.execute(_claim(conn.dialect.name), given)
    return sorted((_row(row) for row in taken), key=lambda row: (row.due_at, row.dedup_key))


@cache
def _claim(dialect: str) -> Any:
    lapsed = _lapsed(dialect)
    if dialect == "postgresql":
        lapsed = lapsed.with_for_update(skip_locked=True)
    picked = lapsed.cte("picked")
    return (
        sa.update(deadlines)
        .where(_c.once.in_(sa.select(picked.c.once)))
        .values(lease_until=db_now_plus(dialect), fence=_c.fence + 1)
        .returning(*_COLUMNS)
    )


def _lapsed(dialect: str) -> sa.Select[Any]:
    """What `claim` picks from; a partial index answers it."""
    lapsed = sa.select(_c.once).where(_WAITING, _c.due_at <= sa.bindparam("now"), _free(dialect))
    return lapsed.order_by(_c.due_at).limit(sa.bindparam("most"))


async def is_claimed(conn: AsyncConnection, row: LedgerRow) -> bool:
    """Whether the claim `row` came from still holds: asked in the transaction that acts on it."""
    return await conn.scalar(_STILL_OURS, {"this": row.dedup_key, "fence": row.fence}) is not None


async def still_claimed(conn: AsyncConnection, rows: Sequence[LedgerRow]) -> set[str]:
    """The `dedup_key` of those of `rows` of which `still_ours` is true."""
    found = await conn.execute(_fences(conn.dialect.name), {"onces": list_param(conn, [row.dedup_key for row in rows])})
    fences = {row.once: row.fence for row in found}
    return {row.dedup_key for row in rows if fences.get(row.dedup_key) == row.fence}


async def record_decisions(conn: AsyncConnection, decisions: Sequence[LedgerDecision], now: datetime) -> None:
    """`decided` for several deadlines; the last decision about a deadline counts."""
    last = {decision.dedup_key: decision for decision in decisions}
    if last:
        await conn.execute(_SETTLE, [_decision(key, each.state, each.reason, now) for key, each in last.items()])


async def all_delivered(conn: AsyncConnection, dedup_keys: Sequence[str], at: datetime) -> None:
    """`delivered`, for several."""
    if dedup_keys:
        sent = {"state": str(DeadlineState.SENT), "sent_at": at, "lease_until": None}
        await conn.execute(_SETTLE, [{"this": dedup_key, **sent} for dedup_key in sorted(dedup_keys)])


async def decided(conn: AsyncConnection, dedup_key: str, state: DeadlineState, reason: str, now: datetime) -> None:
    """`DUE` when its message is on its way, `SKIPPED` and the like when there will be none."""
    await conn.execute(_SETTLE, _decision(dedup_key, state, reason, now))


async def delivered(conn: AsyncConnection, dedup_key: str, at: datetime) -> None:
    await _settle(conn, dedup_key, state=str(DeadlineState.SENT), sent_at=at)


async def failed(conn: AsyncConnection, dedup_key: str, reason: str) -> None:
    await _settle(conn, dedup_key, state=str(DeadlineState.FAILED), reason=reason)


async def skipped_late(conn: AsyncConnection, dedup_key: str, reason: str) -> None:
    """It was due, but when its message was to be sent it was not needed any more."""
    await _settle(conn, dedup_key, state=str(DeadlineState.SKIPPED), reason=reason)


async def get(conn: AsyncConnection, dedup_key: str) -> LedgerRow | None:
    found = (await conn.execute(sa.select(*_COLUMNS).where(_c.once == dedup_key))).one_or_none()
    return None if found is None else _row(found)


async def ledger(conn: AsyncConnection, number: int) -> list[LedgerRow]:
    """Every deadline the incident ever had, by when it was due."""
    found = await conn.execute(sa.select(*_COLUMNS).where(_c.incident == number).order_by(_c.due_at, _c.once))
    return [_row(row) for row in found]


async def waiting(conn: AsyncConnection, number: int) -> list[LedgerRow]:
    return [_row(row) for row in await conn.execute(_WAITING_OF, {"number": number})]


async def next_due_at(conn: AsyncConnection) -> datetime | None:
    """When the next deadline lapses that nobody holds."""
    found: datetime | None = await conn.scalar(_next_due_at(conn.dialect.name))
    return found


@cache
def _next_due_at(dialect: str) -> Any:
    return sa.select(_c.due_at).where(_WAITING, _free(dialect)).order_by(_c.due_at).limit(1)


def _free(dialect: str) -> sa.ColumnElement[bool]:
    return sa.or_(_c.lease_until.is_(None), _c.lease_until <= db_now(dialect))


def _decision(dedup_key: str, state: DeadlineState, reason: str, now: datetime) -> dict[str, Any]:
    return {
        "this": dedup_key,
        "state": str(state),
        "reason": reason,
        "decided_at": now,
        "withdrawn": False,
        "lease_until": None,
    }


async def _settle(conn: AsyncConnection, dedup_key: str, **values: Any) -> None:
    await conn.execute(_SETTLE, {"this": dedup_key, "lease_until": None, **values})


def _differs(row: AnyRow, deadline: Deadline) -> bool:
    if row.state == DeadlineState.WAITING:
        return bool(row.due_at != deadline.due_at or row.reason != deadline.reason)
    return bool(row.withdrawn and row.state in (DeadlineState.CANCELLED, DeadlineState.SKIPPED))


@cache
def _known(dialect: str) -> Any:
    return sa.select(_c.incident, _c.once, _c.kind, _c.rung, _c.due_at, _c.state, _c.reason, _c.withdrawn).where(
        in_list(dialect, _c.incident, "numbers"), sa.or_(_WAITING, in_list(dialect, _c.once, "onces"))
    )


@cache
def _fences(dialect: str) -> Any:
    wanted = sa.select(_c.once, _c.fence).where(in_list(dialect, _c.once, "onces"), _WAITING)
    return wanted.order_by(_c.once).with_for_update()


_INSERT = sa.insert(deadlines)
_SETTLE = sa.update(deadlines).where(_c.once == sa.bindparam("this"))
_STILL_OURS = (
    sa.select(sa.literal(1))
    .where(_c.once == sa.bindparam("this"), _WAITING, _c.fence == sa.bindparam("fence"))
    .with_for_update()
)
_WAITING_OF = sa.select(*_COLUMNS).where(_c.incident == sa.bindparam("number"), _WAITING).order_by(_c.due_at, _c.once)
# Whoever had claimed the row as it stood loses it: the fence moves, so that the row is looked at again when it is due.
_MOVE = (
    sa.update(deadlines)
    .where(_c.once == sa.bindparam("this"))
    .values(
        state=str(DeadlineState.WAITING),
        withdrawn=False,
        due_at=sa.bindparam("new_due_at"),
        reason=sa.bindparam("new_reason"),
        armed_at=sa.bindparam("now"),
        decided_at=None,
        lease_until=None,
        fence=_c.fence + 1,
    )
)
_WITHDRAW = (
    sa.update(deadlines)
    .where(_c.once == sa.bindparam("this"))
    .values(
        state=sa.bindparam("new_state"),
        withdrawn=True,
        reason=sa.bindparam("new_reason"),
        decided_at=sa.bindparam("now"),
        lease_until=None,
    )
)


def _planned(deadline: Deadline, now: datetime) -> dict[str, Any]:
    return {"this": deadline.dedup_key, "new_due_at": deadline.due_at, "new_reason": deadline.reason, "now": now}


def _withdrawn(row: AnyRow, reason: str, now: datetime) -> dict[str, Any]:
    state = DeadlineState.SKIPPED if row.kind in _SKIPPED_WHEN_WITHDRAWN else DeadlineState.CANCELLED
    return {"this": row.once, "new_state": str(state), "new_reason": reason, "now": now}


def _new(number: int, deadline: Deadline, now: datetime) -> dict[str, Any]:
    return {
        "once": deadline.dedup_key,
        "incident": number,
        "kind": deadline.kind,
        "rung": deadline.rung,
        "due_at": deadline.due_at,
        "state": str(DeadlineState.WAITING),
        "withdrawn": False,
        "reason": deadline.reason,
        "armed_at": now,
        "fence": 0,
        "subject": None if deadline.subject is None else keys.as_json(deadline.subject),
    }


def _row(row: AnyRow) -> LedgerRow:
    return LedgerRow(
        row.once,
        row.incident,
        row.kind,
        row.rung,
        row.due_at,
        DeadlineState(row.state),
        row.reason,
        row.sent_at,
        row.fence,
        keys.from_json(row.subject) if row.subject else keys.parse(row.once),  # versions before 0009 wrote none
    )
