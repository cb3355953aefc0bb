"""Stores deadlines: rows that are planned with their incident, claimed when they lapse, and kept as a ledger.

The ledger has the outcome of each. See docs/architecture.md, decisions 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.actions.item import ActionItem
from bot.domain.deadlines import Deadline, DeadlineState
from bot.domain.outcome import LedgerDecision
from bot.domain.routing import keys
from bot.domain.routing.keys import Subject
from bot.domain.values.slack_ids import user_mention
from storage import actions
from storage.engine.dialect import AnyRow, in_list, list_param, microseconds, sql_now, sql_now_plus
from storage.lease import LEASE
from storage.schema import deadlines

_SKIPPED_WHEN_WITHDRAWN = ("acknowledge", "mitigate")
_WAITING = sa.text("state = 'waiting'")  # as in the partial index, word for word
_c = deadlines.c


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A deadline as it is stored: one line of the ledger."""

    dedup_key: str
    incident: int
    kind: str
    rung: int | None
    due_at: datetime
    state: DeadlineState
    reason: str
    sent_at: datetime | None
    fence: int  # counts the claims of this row, so that only the last claim may act on it
    subject: Subject | None = None  # what it is about; `None` if a newer version planned it


_COLUMNS = (
    _c.dedup_key, _c.incident, _c.kind, _c.rung, _c.due_at, _c.state, _c.reason, _c.sent_at, _c.fence, _c.subject,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class PlannedDeadlines:
    """The deadlines that an incident has from now on."""

    incident: int
    planned: Sequence[Deadline]
    withdrawn: Callable[[str], str]  # the reason why a deadline, by its `dedup_key`, is not planned any more


async def sync(
    conn: AsyncConnection, number: int, planned: Sequence[Deadline], withdrawn: Callable[[str], str], now: datetime
) -> None:
    """Do what `sync_many` does, for one incident."""
    await sync_many(conn, [PlannedDeadlines(number, planned, withdrawn)], now)


async def sync_many(conn: AsyncConnection, plans: Sequence[PlannedDeadlines], now: datetime) -> None:
    """Make the waiting rows of each incident equal to those that are planned. Lock the incidents first.

    A decision is final: an occurrence that was sent, is due, failed or was skipped by a decision gets no second row. An
    occurrence that was only withdrawn comes back when it is planned again.
    """
    if not plans:
        return
    stored = await _read_stored(conn, plans)
    new: list[dict[str, Any]] = []
    moved: list[dict[str, Any]] = []
    withdrawn: list[dict[str, Any]] = []
    for plan in plans:
        rows, planned = stored[plan.incident], {deadline.dedup_key: deadline for deadline in plan.planned}
        for dedup_key, deadline in planned.items():
            if dedup_key not in rows:
                new.append(_insert_values(plan.incident, deadline, now))
            elif _differs(rows[dedup_key], deadline):
                moved.append(_move_values(deadline, now))
        unplanned = [(dedup_key, row) for dedup_key, row in rows.items() if dedup_key not in planned]
        withdrawn += [_withdraw_values(row, plan.withdrawn(dedup_key), now) for dedup_key, row in unplanned]
    for statement, values in ((_INSERT, new), (_MOVE, moved), (_WITHDRAW, withdrawn)):
        if values:
            await conn.execute(statement, values)


async def _read_stored(conn: AsyncConnection, plans: Sequence[PlannedDeadlines]) -> dict[int, dict[str, AnyRow]]:
    """By incident and `dedup_key`, the rows that wait or that are planned."""
    dedup_keys = [deadline.dedup_key for plan in plans for deadline in plan.planned]
    numbers = [plan.incident for plan in plans]
    rows: dict[int, dict[str, AnyRow]] = {number: {} for number in numbers}
    values = {"numbers": list_param(conn, numbers), "dedup_keys": list_param(conn, dedup_keys)}
    for row in await conn.execute(_select_stored(conn.dialect.name), values):
        rows[row.incident][row.dedup_key] = row
    return rows


async def claim(conn: AsyncConnection, now: datetime, limit: int, lease: timedelta = LEASE) -> list[LedgerRow]:
    """Lease up to `limit` lapsed deadlines that are not leased already, the earliest first.

    `now` is the domain's clock, which decides what has lapsed. The lease goes by the wall clock.
    """
    values = {"now": now, "most": limit, "after_us": microseconds(lease)}
    rows = await conn.execute(_claim(conn.dialect.name), values)
    return sorted((_ledger_row(row) for row in rows), key=lambda row: (row.due_at, row.dedup_key))


@cache
def _claim(dialect: str) -> Any:
    lapsed = _select_lapsed(dialect)
    if dialect == "postgresql":
        lapsed = lapsed.with_for_update(skip_locked=True)
    picked = lapsed.cte("picked")
    return (
        sa.update(deadlines)
        .where(_c.dedup_key.in_(sa.select(picked.c.dedup_key)))
        .values(lease_until=sql_now_plus(dialect), fence=_c.fence + 1)
        .returning(*_COLUMNS)
    )


def _select_lapsed(dialect: str) -> sa.Select[Any]:
    """The rows `claim` picks from, by a partial index."""
    lapsed = sa.select(_c.dedup_key).where(_WAITING, _c.due_at <= sa.bindparam("now"), _is_unleased(dialect))
    return lapsed.order_by(_c.due_at).limit(sa.bindparam("most"))


async def is_claimed(conn: AsyncConnection, row: LedgerRow) -> bool:
    """Whether the claim that `row` came from still holds. Ask in the transaction that handles the deadline."""
    return await conn.scalar(_IS_CLAIMED, {"this": row.dedup_key, "fence": row.fence}) is not None


async def still_claimed(conn: AsyncConnection, rows: Sequence[LedgerRow]) -> set[str]:
    """The `dedup_key` of those `rows` for which `is_claimed` is true."""
    values = {"dedup_keys": list_param(conn, [row.dedup_key for row in rows])}
    fences = {row.dedup_key: row.fence for row in await conn.execute(_select_fences(conn.dialect.name), values)}
    return {row.dedup_key for row in rows if fences.get(row.dedup_key) == row.fence}


async def decide(conn: AsyncConnection, dedup_key: str, state: DeadlineState, reason: str, now: datetime) -> None:
    """Record the decision about a lapsed deadline: `DUE` if its message is about to be sent, else `SKIPPED` or so."""
    await conn.execute(_SETTLE, _decision_values(dedup_key, state, reason, now))


async def decide_many(conn: AsyncConnection, decisions: Sequence[LedgerDecision], now: datetime) -> None:
    """Record decisions about several deadlines. If there are several about one, the last counts."""
    by_key = {decision.dedup_key: decision for decision in decisions}
    if by_key:
        values = [_decision_values(key, decision.state, decision.reason, now) for key, decision in by_key.items()]
        await conn.execute(_SETTLE, values)


async def mark_sent(conn: AsyncConnection, dedup_key: str, at: datetime) -> None:
    """Record that the message of a deadline was sent."""
    await mark_many_sent(conn, [dedup_key], at)


async def mark_many_sent(conn: AsyncConnection, dedup_keys: Sequence[str], at: datetime) -> None:
    """Record that the messages of several deadlines were sent."""
    if dedup_keys:
        values = {"dedup_keys": list_param(conn, dedup_keys), "sent": at}
        await conn.execute(_mark_all_sent(conn.dialect.name), values)


@cache
def _mark_all_sent(dialect: str) -> Any:
    marking = sa.update(deadlines).where(in_list(dialect, _c.dedup_key, "dedup_keys"))
    return marking.values(state=str(DeadlineState.SENT), sent_at=sa.bindparam("sent"), lease_until=None)


async def mark_failed(conn: AsyncConnection, dedup_key: str, reason: str) -> None:
    """Record that the message of a deadline could not be sent."""
    await conn.execute(_SETTLE, _outcome_values(dedup_key, DeadlineState.FAILED, reason))


async def mark_skipped(conn: AsyncConnection, dedup_key: str, reason: str) -> None:
    """Record that the message of a due deadline was not needed any more when it was to be sent."""
    await conn.execute(_SETTLE, _outcome_values(dedup_key, DeadlineState.SKIPPED, reason))


async def get(conn: AsyncConnection, dedup_key: str) -> LedgerRow | None:
    """The deadline; `None` if there is none with this key."""
    row = (await conn.execute(sa.select(*_COLUMNS).where(_c.dedup_key == dedup_key))).one_or_none()
    return None if row is None else _ledger_row(row)


async def ledger(conn: AsyncConnection, number: int) -> list[LedgerRow]:
    """Every deadline that the incident ever had, and the next reminders of action items, by when they are due."""
    rows = await conn.execute(sa.select(*_COLUMNS).where(_c.incident == number))
    of_items = [_item_row(item, at) for item, at in await actions.planned_reminders(conn, number)]
    return sorted([*map(_ledger_row, rows), *of_items], key=lambda row: (row.due_at, row.dedup_key))


def _item_row(item: ActionItem, remind_at: datetime) -> LedgerRow:
    """The next reminder of an action item, which is stored with the item."""
    why = f"{item.id} {item.title}: {user_mention(item.owner or '')} is reminded, due {item.due}"
    key = f"item:{item.incident}:{item.number}"
    return LedgerRow(key, item.incident, "action", None, remind_at, DeadlineState.WAITING, why, None, 0)


async def waiting(conn: AsyncConnection, number: int) -> list[LedgerRow]:
    """The incident's deadlines that have not lapsed, ordered by when they are due."""
    return [_ledger_row(row) for row in await conn.execute(_SELECT_WAITING, {"number": number})]


async def next_due_at(conn: AsyncConnection) -> datetime | None:
    """When the next deadline lapses that is not leased; `None` if there is none."""
    due_at: datetime | None = await conn.scalar(_next_due_at(conn.dialect.name))
    return due_at


@cache
def _next_due_at(dialect: str) -> Any:
    return sa.select(_c.due_at).where(_WAITING, _is_unleased(dialect)).order_by(_c.due_at).limit(1)


def _is_unleased(dialect: str) -> sa.ColumnElement[bool]:
    return sa.or_(_c.lease_until.is_(None), _c.lease_until <= sql_now(dialect))


def _differs(row: AnyRow, deadline: Deadline) -> bool:
    if row.state == DeadlineState.WAITING:
        return bool(row.due_at != deadline.due_at or row.reason != deadline.reason)
    return bool(row.withdrawn and row.state in (DeadlineState.CANCELLED, DeadlineState.SKIPPED))


@cache
def _select_stored(dialect: str) -> Any:
    waiting_or_planned = sa.or_(_WAITING, in_list(dialect, _c.dedup_key, "dedup_keys"))
    columns = (_c.incident, _c.dedup_key, _c.kind, _c.due_at, _c.state, _c.reason, _c.withdrawn)
    return sa.select(*columns).where(in_list(dialect, _c.incident, "numbers"), waiting_or_planned)


@cache
def _select_fences(dialect: str) -> Any:
    fences = sa.select(_c.dedup_key, _c.fence).where(in_list(dialect, _c.dedup_key, "dedup_keys"), _WAITING)
    return fences.order_by(_c.dedup_key).with_for_update()


_INSERT = sa.insert(deadlines)
_SETTLE = sa.update(deadlines).where(_c.dedup_key == sa.bindparam("this"))
_IS_CLAIMED = (
    sa.select(sa.literal(1))
    .where(_c.dedup_key == sa.bindparam("this"), _WAITING, _c.fence == sa.bindparam("fence"))
    .with_for_update()
)
_SELECT_WAITING = (
    sa.select(*_COLUMNS).where(_c.incident == sa.bindparam("number"), _WAITING).order_by(_c.due_at, _c.dedup_key)
)
# The fence moves, so that a claim of the row as it was is lost, and the row is claimed again when it is due.
_MOVE = _SETTLE.values(
    state=str(DeadlineState.WAITING),
    withdrawn=False,
    due_at=sa.bindparam("new_due_at"),
    reason=sa.bindparam("new_reason"),
    armed_at=sa.bindparam("now"),
    decided_at=None,
    lease_until=None,
    fence=_c.fence + 1,
)
_WITHDRAW = _SETTLE.values(
    state=sa.bindparam("new_state"),
    withdrawn=True,
    reason=sa.bindparam("new_reason"),
    decided_at=sa.bindparam("now"),
    lease_until=None,
)


def _decision_values(dedup_key: str, state: DeadlineState, reason: str, now: datetime) -> dict[str, Any]:
    return {**_outcome_values(dedup_key, state, reason), "decided_at": now, "withdrawn": False}


def _outcome_values(dedup_key: str, state: DeadlineState, reason: str) -> dict[str, Any]:
    return {"this": dedup_key, "state": str(state), "reason": reason, "lease_until": None}


def _move_values(deadline: Deadline, now: datetime) -> dict[str, Any]:
    return {"this": deadline.dedup_key, "new_due_at": deadline.due_at, "new_reason": deadline.reason, "now": now}


def _withdraw_values(row: AnyRow, reason: str, now: datetime) -> dict[str, Any]:
    state = DeadlineState.SKIPPED if row.kind in _SKIPPED_WHEN_WITHDRAWN else DeadlineState.CANCELLED
    return {"this": row.dedup_key, "new_state": str(state), "new_reason": reason, "now": now}


def _insert_values(number: int, deadline: Deadline, now: datetime) -> dict[str, Any]:
    return {
        "dedup_key": deadline.dedup_key,
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


def _ledger_row(row: AnyRow) -> LedgerRow:
    return LedgerRow(
        row.dedup_key, row.incident, row.kind, row.rung, row.due_at, DeadlineState(row.state), row.reason, row.sent_at,
        row.fence,
        keys.from_json(row.subject) if row.subject else keys.parse(row.dedup_key),  # versions before 0009 wrote none
    )  # fmt: skip
