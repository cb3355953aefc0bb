"""Deletes the texts of incidents that ended long ago, in steps so small that other work hardly waits.

A purged entry keeps its place, its time, its actor and the hash of its content, so that the chain still verifies. A
`purged` entry in the same transaction names the entries: a text that vanished otherwise counts as a change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.timeline.entry import BOT, Entry
from storage.engine.dialect import AnyRow
from storage.schema import communications, deadlines, deliveries, incidents, jobs, outbox, timeline
from storage.timeline import chain, erasure
from storage.timeline.verify import PURGED

ENTRIES_PER_TRANSACTION = 500
ROWS_PER_TRANSACTION = 1000  # of other tables
# Kinds of notices that serve no purpose once sent; not those whose message is edited, invited to or looked up later.
FINISHED_KINDS = frozenset(
    {
        "news", "update", "thread", "duties", "nudge", "nudge_edit", "page_channel", "page_direct", "page_elsewhere",
        "page_edit", "page_drill", "notify", "handover", "handover_nudge", "handover_edit", "briefing", "declared",
        "comms_slack", "comms_mail", "comms_webhook", "comms_test",
    }
)  # fmt: skip
_ANSWER = sa.text("kind IN ('answer', 'declared')")  # private answers; as in the partial index, word for word
_DECIDED = ("sent", "skipped", "cancelled", "failed")
_c = timeline.c
_i = incidents.c
_o = outbox.c


@dataclass(frozen=True, slots=True)
class EndedIncident:
    """An incident that ended, as a position in the order of `ended_incidents`."""

    number: int
    ended_at: datetime


async def ended_incidents(
    conn: AsyncConnection, before: datetime, after: EndedIncident | None, limit: int = 50
) -> list[EndedIncident]:
    """Up to `limit` incidents that ended by `before` and may have texts from before it, in the order of their end.

    `after` is the last incident of the previous batch.
    """
    incidents_ended = sa.select(_i.number, _i.ended_at).where(
        _i.ended_at.is_not(None),
        _i.ended_at <= before,
        sa.or_(_i.unpurged_since.is_(None), _i.unpurged_since <= before),
    )
    if after is not None:
        incidents_ended = incidents_ended.where(
            sa.or_(_i.ended_at > after.ended_at, sa.and_(_i.ended_at == after.ended_at, _i.number > after.number))
        )
    rows = await conn.execute(incidents_ended.order_by(_i.ended_at, _i.number).limit(limit))
    return [EndedIncident(row.number, row.ended_at) for row in rows]


async def purge(
    conn: AsyncConnection,
    number: int,
    before: datetime,
    now: datetime,
    *,
    through: int | None = None,
    limit: int = ENTRIES_PER_TRANSACTION,
) -> int:
    """Purge up to `limit` of an incident's entries from `before`, and none after the entry `through`. Returns how many.

    Call it with the incident locked.
    """
    old = _c.at <= before if through is None else sa.and_(_c.at <= before, _c.seq <= through)
    rows = await erasure.rows(conn, number, old, limit)
    if not rows:
        return 0
    seal = await erasure.erase(conn, number, rows)
    await chain.append(conn, [(number, [_purge_entry(rows, seal, now)])])
    return len(rows)


async def note_oldest_text(conn: AsyncConnection, number: int, now: datetime) -> None:
    """Record the time of the oldest text that is left, once there is nothing more to purge for now."""
    texts_left = sa.select(sa.func.min(_c.at)).where(_c.incident == number, erasure.ERASABLE)
    oldest = await conn.scalar(texts_left)
    await conn.execute(sa.update(incidents).where(_i.number == number).values(unpurged_since=oldest or now))


async def drop_ledger(conn: AsyncConnection, number: int, limit: int = ROWS_PER_TRANSACTION) -> int:
    """Delete an incident's decided deadlines, sent notices that nothing needs, communications and its jobs' output.

    Returns how many rows it deleted or changed, up to `limit` of a table.
    """
    d = deadlines.c
    decided = sa.select(d.dedup_key).where(d.incident == number, d.state.in_(_DECIDED)).limit(limit)
    count = (await conn.execute(sa.delete(deadlines).where(d.dedup_key.in_(decided)))).rowcount
    over = sa.and_(_o.incident == number, _o.state.in_(("sent", "dropped")), _o.kind.in_(sorted(FINISHED_KINDS)))
    finished = sa.select(_o.id).where(over).limit(limit)
    printed = sa.and_(jobs.c.incident == number, jobs.c.finished_at.is_not(None), jobs.c.output != "")
    count += (await conn.execute(sa.update(jobs).where(printed).values(output=""))).rowcount
    count += (await conn.execute(sa.delete(communications).where(communications.c.incident == number))).rowcount
    return count + (await conn.execute(sa.delete(outbox).where(_o.id.in_(finished)))).rowcount


async def delete_deliveries(conn: AsyncConnection, before: datetime, limit: int = ROWS_PER_TRANSACTION) -> int:
    """Delete up to `limit` records of deliveries from before then, which will not be repeated. Returns how many."""
    d = deliveries.c
    old = sa.select(d.key).where(d.seen_at < before).order_by(d.seen_at).limit(limit)
    return (await conn.execute(sa.delete(deliveries).where(d.key.in_(old)))).rowcount


async def drop_answers(conn: AsyncConnection, before: datetime, limit: int = ROWS_PER_TRANSACTION) -> int:
    """Delete up to `limit` private answers that were queued before then and went out. Returns how many."""
    old = sa.select(_o.id).where(_ANSWER, _o.created_at < before, _o.state.in_(("sent", "dropped")))
    is_old = _o.id.in_(old.order_by(_o.created_at).limit(limit))
    return (await conn.execute(sa.delete(outbox).where(is_old))).rowcount


def _purge_entry(rows: Sequence[AnyRow], seal: str | None, now: datetime) -> Entry:
    """The entry that says which entries were purged, with the seal over those with a hash of the first kind."""
    first, last = rows[0].seq, rows[-1].seq
    data: dict[str, Any] = {"first": first, "last": last, "count": len(rows)} | ({"seal": seal} if seal else {})
    subject = f"The text of entry {first}" if first == last else f"The texts of entries {first} to {last}"
    verb = "was" if first == last else "were"
    return Entry(now, PURGED, BOT, f"{subject} {verb} purged, as the policy asks", None, data)
