"""Putting notices into the outbox, and putting failed ones in again."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.notice import Notice, OnDependencyFailure
from storage.engine.columns import clean_text
from storage.engine.dialect import db_now, db_now_s, in_list, insert_for, list_param
from storage.outbox.dependencies import because, end_dependents, free_dependents
from storage.schema import outbox

_c = outbox.c
_OVER = ("failed", "dropped")


@dataclass(frozen=True, slots=True)
class _Standing:
    """How a row stands. `done`: it was sent at least once, which is all that a dependent asks."""

    state: str
    done: bool = False
    error: str = ""
    redirected: bool = False


async def put(conn: AsyncConnection, notices: Sequence[Notice]) -> None:
    """Store what is not there yet; put again what says `again`, with its new payload. Twice is safe.

    A notice is held while what it `needs` is under way. A need that nobody ever put holds nothing up.
    """
    batch = _one_each(notices)
    if not batch:
        return
    names = set(batch) | {notice.depends_on for notice in batch.values() if notice.depends_on}
    known = await _standing(conn, names)
    starts: dict[str, _Standing] = {}
    for dedup_key in batch:
        _start(dedup_key, batch, known, starts)
    lost_race = await _insert(conn, [n for dedup_key, n in batch.items() if dedup_key not in known], starts)
    if lost_race:
        known |= await _standing(conn, lost_race)
    for dedup_key, notice in batch.items():
        if dedup_key in known and notice.resend:
            await _again(conn, notice, known[dedup_key], starts[dedup_key])
    for dedup_key in lost_race:  # another process put it a moment ago: what became of it since also counts for ours
        await _catch_up(conn, dedup_key, known[dedup_key])


def _one_each(notices: Sequence[Notice]) -> dict[str, Notice]:
    """The first notice of each `dedup_key`, or the last that says `again`."""
    batch: dict[str, Notice] = {}
    for given in notices:
        notice = replace(
            given, dedup_key=clean_text(given.dedup_key), depends_on=given.depends_on and clean_text(given.depends_on)
        )
        if notice.resend or notice.dedup_key not in batch:
            batch[notice.dedup_key] = notice
    return batch


async def _standing(conn: AsyncConnection, names: Collection[str]) -> dict[str, _Standing]:
    """Locked, so that nobody marks a row sent or failed between our look at it and our commit."""
    rows = await conn.execute(_wanted(conn.dialect.name), {"names": list_param(conn, sorted(names))})
    return {row.once: _Standing(row.state, row.sent_at is not None, row.error or "", row.redirected) for row in rows}


@cache
def _wanted(dialect: str) -> Any:
    wanted = sa.select(_c.once, _c.state, _c.sent_at, _c.error, _c.redirected)
    return wanted.where(in_list(dialect, _c.once, "names")).order_by(_c.id).with_for_update()


def _start(
    dedup_key: str, batch: Mapping[str, Notice], known: Mapping[str, _Standing], starts: dict[str, _Standing]
) -> _Standing:
    """The state `dedup_key` begins in, or begins anew in. Raises `ValueError` for notices that need each other."""
    if dedup_key in starts:
        return starts[dedup_key]
    notice = batch[dedup_key]
    starts[dedup_key] = _Standing("circle")
    start = _Standing("queued")
    if notice.depends_on is not None:
        need = known.get(notice.depends_on)
        if need is None and notice.depends_on in batch:
            need = _start(notice.depends_on, batch, known, starts)
        start = _beside(notice.on_dependency_failure, need)
    starts[dedup_key] = start
    return start


def _beside(if_need_fails: str, need: _Standing | None) -> _Standing:
    if need is None or need.done:
        return _Standing("queued")
    if need.state == "circle":
        raise ValueError("notices need one another in a circle")
    if need.state not in _OVER:
        return _Standing("held")
    if if_need_fails == OnDependencyFailure.FAIL:
        return _Standing(need.state, error=because(need.state, need.error))
    return _Standing("queued", redirected=if_need_fails == OnDependencyFailure.DIRECT)


async def _insert(conn: AsyncConnection, fresh: Sequence[Notice], starts: Mapping[str, _Standing]) -> list[str]:
    """The `dedup_key` of each that another transaction has stored in the meantime."""
    if not fresh:
        return []
    rows = [_row(notice, starts[notice.dedup_key]) for notice in fresh]
    stored = await conn.execute(_into(conn.dialect.name), rows)
    done = set(stored.scalars())
    return sorted(notice.dedup_key for notice in fresh if notice.dedup_key not in done)


@cache
def _into(dialect: str) -> Any:
    now = db_now(dialect)
    into = insert_for(dialect, outbox).values(next_try_at=now, created_at=now, queued_at=now)
    return into.on_conflict_do_nothing().returning(_c.once)


async def _again(conn: AsyncConnection, notice: Notice, now: _Standing, start: _Standing) -> None:
    """A new payload. One being sent stays leased: its version tells the marker to queue it again."""
    values: dict[str, Any] = {
        "payload": notice.payload,
        "priority": int(notice.priority),
        "deadline": notice.deadline,
        "needs": notice.depends_on,
        "if_need_fails": str(notice.on_dependency_failure),
    }
    if now.state != "leased":
        values |= {"state": start.state, "redirected": now.redirected or start.redirected, "error": start.error or None}
    over = now.state in ("sent", *_OVER)
    if over:
        values |= {"attempts": 0, "first_try_at": None}
    await conn.execute(_put_again(conn.dialect.name, anew=over), {"this": notice.dedup_key, **values})


@cache
def _put_again(dialect: str, *, anew: bool) -> Any:
    """`anew` is tried at once; others keep their back-off."""
    now = db_now(dialect)
    again = sa.update(outbox).where(_c.once == sa.bindparam("this")).values(version=_c.version + 1, queued_at=now)
    return again.values(next_try_at=now) if anew else again


async def _catch_up(conn: AsyncConnection, dedup_key: str, now: _Standing) -> None:
    if now.done:
        await free_dependents(conn, [dedup_key])
    elif now.state in _OVER:
        await end_dependents(conn, [dedup_key], now.state, now.error)


async def retry_failed(conn: AsyncConnection, number: int) -> int:
    """Put an incident's failed notices in again, each behind what it needs; how many."""
    rows = (
        await conn.execute(
            sa.select(_c.id, _c.needs)
            .where(_c.incident == number, _c.state == "failed")
            .order_by(_c.id)
            .with_for_update()
        )
    ).all()
    needs = await _standing(conn, {row.needs for row in rows if row.needs})
    held = [row.id for row in rows if row.needs in needs and not needs[row.needs].done]
    queued = [row.id for row in rows if row.id not in set(held)]
    now = db_now_s(conn)
    anew = {"attempts": 0, "first_try_at": None, "error": None, "next_try_at": now, "queued_at": now}
    for state, ids in (("held", held), ("queued", queued)):
        if ids:
            theirs = sa.update(outbox).where(in_list(conn.dialect.name, _c.id, "ids"))
            await conn.execute(theirs.values(state=state, **anew), {"ids": list_param(conn, ids)})
    return len(rows)


def _row(notice: Notice, start: _Standing) -> dict[str, Any]:
    return {
        "once": notice.dedup_key,
        "incident": notice.incident,
        "kind": str(notice.kind),
        "payload": notice.payload,
        "metadata_key": secrets.token_hex(16),
        "needs": notice.depends_on,
        "if_need_fails": str(notice.on_dependency_failure),
        "redirected": start.redirected,
        "priority": int(notice.priority),
        "state": start.state,
        "attempts": 0,
        "uncertain": False,
        "fence": 0,
        "version": 1,
        "error": start.error or None,
        "deadline": notice.deadline,
    }
