"""Puts notices (messages to send) into the outbox, and failed ones back into the queue."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.notice import Notice, OnDependencyFailure
from storage import key_value
from storage.engine.columns import clean_text
from storage.engine.dialect import in_list, insert_for, list_param, sql_now
from storage.outbox.dependencies import end_dependents, free_dependents, inherited_reason
from storage.schema import outbox

_c = outbox.c
_OVER = ("failed", "dropped")
_SECRET = "message_secret"  # noqa: S105 - a name


@dataclass(frozen=True, slots=True)
class _RowState:
    """The state of a row in the outbox, or the state in which a new row begins."""

    state: str
    sent_once: bool = False  # all that a dependent notice asks
    error: str = ""
    redirected: bool = False
    priority: int = 0


_CIRCULAR = _RowState("circular")  # while the state of what a notice depends on is worked out


async def put(conn: AsyncConnection, notices: Sequence[Notice]) -> None:
    """Store notices that are new, and queue those with `resend` again with their new payload. Calling it twice is safe.

    A notice is held while the one it depends on is not sent yet. A dependency that was never put holds nothing up.
    """
    batch = _one_per_key(notices)
    if not batch:
        return
    keys = set(batch) | {notice.depends_on for notice in batch.values() if notice.depends_on}
    stored = await _lock_states(conn, keys)
    starts: dict[str, _RowState] = {}
    for dedup_key in batch:
        _start(dedup_key, batch, stored, starts)
    lost_race = await _insert(conn, [notice for key, notice in batch.items() if key not in stored], starts)
    if lost_race:
        stored |= await _lock_states(conn, lost_race)
    resent = [notice for dedup_key, notice in batch.items() if dedup_key in stored and notice.resend]
    await _put_again(conn, resent, stored, starts)
    for dedup_key in lost_race:  # another process stored it a moment ago, and may have sent it since
        await _catch_up(conn, dedup_key, stored[dedup_key])


async def exists(conn: AsyncConnection, dedup_key: str) -> bool:
    """Whether a notice with this key was ever put, whatever its state is now."""
    return await conn.scalar(sa.select(_c.id).where(_c.dedup_key == dedup_key)) is not None


def _one_per_key(notices: Sequence[Notice]) -> dict[str, Notice]:
    """The first notice of each `dedup_key`, or the last with `resend` at the highest priority of them."""
    batch: dict[str, Notice] = {}
    for original in notices:
        depends_on = original.depends_on and clean_text(original.depends_on)
        notice = replace(original, dedup_key=clean_text(original.dedup_key), depends_on=depends_on)
        earlier = batch.get(notice.dedup_key)
        if earlier is None:
            batch[notice.dedup_key] = notice
        elif notice.resend:
            batch[notice.dedup_key] = replace(notice, priority=min(notice.priority, earlier.priority))
    return batch


async def _lock_states(conn: AsyncConnection, dedup_keys: Collection[str]) -> dict[str, _RowState]:
    """The stored rows with these keys, locked so that none of them is marked before this transaction commits."""
    rows = await conn.execute(_select_states(conn.dialect.name), {"dedup_keys": list_param(conn, sorted(dedup_keys))})
    return {
        row.dedup_key: _RowState(row.state, row.sent_at is not None, row.error or "", row.redirected, row.priority)
        for row in rows
    }


@cache
def _select_states(dialect: str) -> Any:
    states = sa.select(_c.dedup_key, _c.state, _c.priority, _c.sent_at, _c.error, _c.redirected)
    return states.where(in_list(dialect, _c.dedup_key, "dedup_keys")).order_by(_c.id).with_for_update()


def _start(
    dedup_key: str, batch: Mapping[str, Notice], stored: Mapping[str, _RowState], starts: dict[str, _RowState]
) -> _RowState:
    """The state a notice begins in, noted in `starts`. Raises `ValueError` for notices that depend on each other."""
    if dedup_key in starts:
        return starts[dedup_key]
    notice = batch[dedup_key]
    starts[dedup_key] = _CIRCULAR
    start = _RowState("queued")
    if notice.depends_on is not None:
        dependency = stored.get(notice.depends_on)
        if dependency is None and notice.depends_on in batch:
            dependency = _start(notice.depends_on, batch, stored, starts)
        start = _start_behind(notice.on_dependency_failure, dependency)
    starts[dedup_key] = start
    return start


def _start_behind(on_failure: str, dependency: _RowState | None) -> _RowState:
    if dependency is None or dependency.sent_once:
        return _RowState("queued")
    if dependency is _CIRCULAR:
        raise ValueError("notices depend on each other in a circle")
    if dependency.state not in _OVER:
        return _RowState("held")
    if on_failure == OnDependencyFailure.FAIL:
        return _RowState(dependency.state, error=inherited_reason(dependency.state, dependency.error))
    return _RowState("queued", redirected=on_failure == OnDependencyFailure.DIRECT)


async def _insert(conn: AsyncConnection, notices: Sequence[Notice], starts: Mapping[str, _RowState]) -> list[str]:
    """Store new rows. Returns the `dedup_key` of each that another transaction has stored in the meantime."""
    if not notices:
        return []
    secret = await _message_secret(conn)
    rows = [_row(notice, starts[notice.dedup_key], secret) for notice in notices]
    inserted = set((await conn.execute(_insert_rows(conn.dialect.name), rows)).scalars())
    return sorted(notice.dedup_key for notice in notices if notice.dedup_key not in inserted)


@cache
def _insert_rows(dialect: str) -> Any:
    now = sql_now(dialect)
    rows = insert_for(dialect, outbox).values(next_try_at=now, created_at=now, queued_at=now)
    return rows.on_conflict_do_nothing().returning(_c.dedup_key)


async def _put_again(
    conn: AsyncConnection,
    notices: Sequence[Notice],
    stored: Mapping[str, _RowState],
    starts: Mapping[str, _RowState],
) -> None:
    """Store new payloads, those that change the same columns in one statement."""
    alike: dict[tuple[bool, tuple[str, ...]], list[dict[str, Any]]] = {}
    for notice in notices:
        row = stored[notice.dedup_key]
        values = _values_again(notice, row, starts[notice.dedup_key])
        at_once = _is_over(row) or notice.priority < row.priority
        alike.setdefault((at_once, tuple(values)), []).append(values)
    for (at_once, _), rows in alike.items():
        await conn.execute(_update_again(conn.dialect.name, at_once=at_once), rows)


def _values_again(notice: Notice, stored: _RowState, start: _RowState) -> dict[str, Any]:
    """The changed columns. A row that is being sent stays leased; its new version makes the marker queue it again.

    What is still to be sent keeps its priority if that is higher.
    """
    values: dict[str, Any] = {
        "this": notice.dedup_key,
        "payload": notice.payload,
        "priority": int(notice.priority if _is_over(stored) else min(notice.priority, stored.priority)),
        "deadline": notice.deadline,
        "depends_on": notice.depends_on,
        "on_dependency_failure": str(notice.on_dependency_failure),
    }
    if stored.state != "leased":
        redirected = stored.redirected or start.redirected
        values |= {"state": start.state, "redirected": redirected, "error": start.error or None}
    if _is_over(stored):
        values |= {"attempts": 0, "first_try_at": None}
    return values


def _is_over(stored: _RowState) -> bool:
    return stored.state in ("sent", *_OVER)


@cache
def _update_again(dialect: str, *, at_once: bool) -> Any:
    """`at_once`: try it now; otherwise it keeps its back-off. A row that is being sent keeps its lease."""
    now = sql_now(dialect)
    update = sa.update(outbox).where(_c.dedup_key == sa.bindparam("this"))
    update = update.values(version=_c.version + 1, queued_at=now)
    next_try_at = sa.case((_c.state == "leased", _c.next_try_at), else_=now)
    return update.values(next_try_at=next_try_at) if at_once else update


async def _catch_up(conn: AsyncConnection, dedup_key: str, stored: _RowState) -> None:
    if stored.sent_once:
        await free_dependents(conn, [dedup_key])
    elif stored.state in _OVER:
        await end_dependents(conn, [dedup_key], stored.state, stored.error)


async def retry_failed(conn: AsyncConnection, number: int) -> int:
    """Queue an incident's failed notices again, each behind the one it depends on. Returns their number."""
    failed = sa.select(_c.id, _c.depends_on).where(_c.incident == number, _c.state == "failed")
    rows = (await conn.execute(failed.order_by(_c.id).with_for_update())).all()
    dependencies = await _lock_states(conn, {row.depends_on for row in rows if row.depends_on})
    held_ids = [row.id for row in rows if row.depends_on in dependencies and not dependencies[row.depends_on].sent_once]
    queued = [row.id for row in rows if row.id not in set(held_ids)]
    now = sql_now(conn.dialect.name)
    reset = {"attempts": 0, "first_try_at": None, "error": None, "next_try_at": now, "queued_at": now}
    for state, ids in (("held", held_ids), ("queued", queued)):
        if ids:
            update = sa.update(outbox).where(in_list(conn.dialect.name, _c.id, "ids"))
            await conn.execute(update.values(state=state, **reset), {"ids": list_param(conn, ids)})
    return len(rows)


async def _message_secret(conn: AsyncConnection) -> bytes:
    """The secret of this database, which is in its backups too. Each connection reads it once."""
    cached: bytes | None = conn.sync_connection.info.get(_SECRET) if conn.sync_connection else None
    if cached is not None:
        return cached
    stored = await key_value.MESSAGE_SECRET.get(conn)
    if stored is None:  # not cached: this transaction may be rolled back
        return bytes.fromhex(await key_value.MESSAGE_SECRET.lock(conn, secrets.token_hex(32)))
    if conn.sync_connection:
        conn.sync_connection.info[_SECRET] = bytes.fromhex(stored)
    return bytes.fromhex(stored)


def _message_key(dedup_key: str, secret: bytes) -> str:
    """The key in a message's metadata. After a restore the same notice has the same key, which reveals nothing."""
    return hmac.new(secret, dedup_key.encode("utf-8", "surrogatepass"), "sha256").hexdigest()[:32]


def _row(notice: Notice, start: _RowState, secret: bytes) -> dict[str, Any]:
    look_since = None if notice.resend else notice.look_since
    return {
        "dedup_key": notice.dedup_key,
        "incident": notice.incident,
        "kind": str(notice.kind),
        "payload": notice.payload,
        "metadata_key": _message_key(notice.dedup_key, secret),
        "depends_on": notice.depends_on,
        "on_dependency_failure": str(notice.on_dependency_failure),
        "redirected": start.redirected,
        "priority": int(notice.priority),
        "state": start.state,
        "attempts": 0,
        "uncertain": look_since is not None,
        "look_since": look_since,
        "fence": 0,
        "version": 1,
        "error": start.error or None,
        "deadline": notice.deadline,
    }
