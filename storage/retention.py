"""Retention: taking away the words of what is long over. Every step is small, and stops nobody for long.

What is purged keeps its place, its time, who did it, and the hash of what it said, so that the chain still verifies.
A `purged` entry in the same transaction says which entries it were: words that vanished otherwise are a change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.timeline.entry import BOT, Entry, content_hash, entry_hash
from storage.engine.columns import to_microseconds
from storage.engine.dialect import AnyRow, in_list, list_param
from storage.schema import deadlines, deliveries, incidents, jobs, outbox, timeline
from storage.timeline import chain
from storage.timeline.verify import FIRST, PURGED, seal_line

AT_ONCE = 500  # entries of one transaction
ROWS_AT_ONCE = 1000  # of other tables
# What nobody asks for any more once it was sent: not what is edited, invited to, or looked up later.
FINISHED_KINDS = frozenset(
    {
        "news", "update", "thread", "duties", "nudge", "nudge_edit", "page_channel", "page_direct", "page_elsewhere",
        "page_edit", "page_drill", "notify", "handover", "handover_nudge", "handover_edit", "briefing", "declared",
    }
)  # fmt: skip
ANSWERS = ("answer", "declared")  # private answers, with the address they went to
_DECIDED = ("sent", "skipped", "cancelled", "failed")
_c = timeline.c
_i = incidents.c
_o = outbox.c


@dataclass(frozen=True, slots=True)
class Ended:
    number: int
    ended_at: datetime


async def ended(conn: AsyncConnection, before: datetime, after: Ended | None, limit: int = 50) -> list[Ended]:
    """Incidents that ended by then and may have words left from before it; in the order of their end, from `after`."""
    wanted = sa.select(_i.number, _i.ended_at).where(
        _i.ended_at.is_not(None),
        _i.ended_at <= before,
        sa.or_(_i.unpurged_since.is_(None), _i.unpurged_since <= before),
    )
    if after is not None:
        wanted = wanted.where(
            sa.or_(_i.ended_at > after.ended_at, sa.and_(_i.ended_at == after.ended_at, _i.number > after.number))
        )
    rows = await conn.execute(wanted.order_by(_i.ended_at, _i.number).limit(limit))
    return [Ended(row.number, row.ended_at) for row in rows]


async def purge(
    conn: AsyncConnection,
    number: int,
    before: datetime,
    now: datetime,
    *,
    through: int | None = None,
    limit: int = AT_ONCE,
) -> int:
    """Purge up to `limit` of an incident's entries from before then, none after the entry `through`; how many.

    Call it with the incident locked.
    """
    rows = await _unpurged(conn, number, before, through, limit)
    if not rows:
        return 0
    kept = [(row, _kept(row, number)) for row in rows]
    here = sa.and_(_c.incident == number, _c.seq == sa.bindparam("this"))
    gone = sa.update(timeline).where(here).values(text="", data=sa.bindparam("none"), purged=sa.bindparam("kept"))
    await conn.execute(gone, [{"this": row.seq, "kept": words, "none": {}} for row, words in kept])
    await chain.append(conn, [(number, [_said(kept, now)])])
    return len(rows)


async def looked_through(conn: AsyncConnection, number: int, now: datetime) -> None:
    """Nothing more to purge for now: note from when the oldest words are that are left."""
    left = sa.select(sa.func.min(_c.at)).where(_c.incident == number, _c.purged.is_(None), _c.kind != PURGED)
    oldest = await conn.scalar(left)
    await conn.execute(sa.update(incidents).where(_i.number == number).values(unpurged_since=oldest or now))


async def drop_ledger(conn: AsyncConnection, number: int, limit: int = ROWS_AT_ONCE) -> int:
    """Of an incident that is long over: decided deadlines, notices that were sent and serve nothing any more, and
    what its jobs printed.
    """
    d = deadlines.c
    decided = sa.select(d.once).where(d.incident == number, d.state.in_(_DECIDED)).limit(limit)
    count = (await conn.execute(sa.delete(deadlines).where(d.once.in_(decided)))).rowcount
    over = sa.and_(_o.incident == number, _o.state.in_(("sent", "dropped")), _o.kind.in_(sorted(FINISHED_KINDS)))
    finished = sa.select(_o.id).where(over).limit(limit)
    printed = sa.and_(jobs.c.incident == number, jobs.c.finished_at.is_not(None), jobs.c.output != "")
    count += (await conn.execute(sa.update(jobs).where(printed).values(output=""))).rowcount
    return count + (await conn.execute(sa.delete(outbox).where(_o.id.in_(finished)))).rowcount


async def forget_deliveries(conn: AsyncConnection, before: datetime, limit: int = ROWS_AT_ONCE) -> int:
    """Nobody delivers again what was delivered before then."""
    d = deliveries.c
    old = sa.select(d.key).where(d.seen_at < before).order_by(d.seen_at).limit(limit)
    return (await conn.execute(sa.delete(deliveries).where(d.key.in_(old)))).rowcount


async def drop_answers(
    conn: AsyncConnection, before: datetime, after: int, limit: int = ROWS_AT_ONCE
) -> tuple[int | None, int]:
    """Among the `limit` notices that follow `after`, private answers from before then; where to go on, and how many.

    The first is `None` at the end. By ID, which grows with time: no index is needed for it.
    """
    wanted = sa.select(_o.id, _o.kind, _o.state, _o.created_at).where(_o.id > after).order_by(_o.id).limit(limit)
    rows = (await conn.execute(wanted)).all()
    old = [row for row in rows if row.created_at < before]
    gone = [row.id for row in old if row.kind in ANSWERS and row.state in ("sent", "dropped")]
    if gone:
        theirs = sa.delete(outbox).where(in_list(conn.dialect.name, _o.id, "gone"), _o.state.in_(("sent", "dropped")))
        await conn.execute(theirs, {"gone": list_param(conn, gone)})
    return (rows[-1].id if len(rows) == limit and len(old) == len(rows) else None), len(gone)


async def _unpurged(
    conn: AsyncConnection, number: int, before: datetime, through: int | None, limit: int
) -> Sequence[AnyRow]:
    wanted = sa.select(*(column for column in _c if column.name != "data"), sa.cast(_c.data, sa.Text).label("data"))
    old = sa.and_(_c.incident == number, _c.purged.is_(None), _c.at <= before, _c.kind != PURGED)
    if through is not None:
        old = sa.and_(old, _c.seq <= through)
    return (await conn.execute(wanted.where(old).order_by(_c.seq).limit(limit))).all()


def _kept(row: AnyRow, number: int) -> str:
    """The hash of what it said; `FIRST` where its own hash was not made over that."""
    content = content_hash(row.text, row.data)
    item = Entry(row.at, row.kind, row.actor, "", row.source_ts, {}, row.once, row.key)
    made = entry_hash(row.previous, number, row.seq, item, content, by_person=row.by_person)
    return content if made == row.hash else FIRST


def _said(kept: Sequence[tuple[AnyRow, str]], now: datetime) -> Entry:
    first, last = kept[0][0].seq, kept[-1][0].seq
    data: dict[str, Any] = {"first": first, "last": last, "count": len(kept)}
    early = [row for row, words in kept if words == FIRST]
    if early:
        seal = hashlib.sha256()
        for row in early:
            seal.update(seal_line(row, to_microseconds(row.at)))
        data["seal"] = seal.hexdigest()
    what = f"entry {first}" if first == last else f"entries {first} to {last}"
    return Entry(now, PURGED, BOT, f"What {what} said was purged, as the policy asks", None, data)
