"""Adds later edits, deletions and redactions to the messages of a timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.timeline.entry import RecordedEntry, Redaction, ids_named_in, is_message
from bot.domain.values.slack_ids import ids_in
from storage import names
from storage.schema import timeline
from storage.timeline.verify import REDACTED

_FEW = 500  # messages that are named in the query; for more, every change of the incident is read
_c = timeline.c
_NO_MESSAGE = sa.text("kind <> 'message'")  # as in the partial index, word for word


async def added(conn: AsyncConnection, number: int, records: Sequence[RecordedEntry]) -> list[RecordedEntry]:
    """The records of one incident with their last text, whether they were deleted or redacted, and names."""
    messages = {record.entry.source_ts for record in records if is_message(record.entry)} - {None}
    texts, deleted = await _changes(conn, number, sorted(filter(None, messages))) if messages else ({}, set())
    redactions = await _redactions(conn, number) if any(record.purged for record in records) else {}
    ids = {
        record.seq: ids_named_in(record.entry) | ids_in(texts.get(record.entry.source_ts or "", ""))
        for record in records
    }
    names_by_id = await names.get_many(conn, set().union(*ids.values()))
    return [
        _changed(
            record,
            texts,
            deleted,
            redactions,
            {user_id: names_by_id[user_id] for user_id in ids[record.seq] if user_id in names_by_id},
        )
        for record in records
    ]


def _changed(
    record: RecordedEntry,
    texts: dict[str, str],
    deleted: set[str],
    redactions: dict[int, Redaction],
    user_names: dict[str, str],
) -> RecordedEntry:
    ts = record.entry.source_ts if is_message(record.entry) else None
    last = texts.get(ts) if ts else None
    return replace(
        record,
        last_text=None if last == record.entry.text else last,
        deleted=ts in deleted,
        redaction=redactions.get(record.seq),
        names=user_names,
    )


async def _changes(conn: AsyncConnection, number: int, messages: Sequence[str]) -> tuple[dict[str, str], set[str]]:
    """The last text of each message that was edited, and the messages that were deleted, by `ts`."""
    columns = (_c.kind, _c.source_ts, _c.text)
    kinds = ("message_edited", "message_deleted")
    rows = sa.select(*columns).where(_c.incident == number, _c.kind.in_(kinds), _NO_MESSAGE, _c.purged.is_(None))
    if len(messages) <= _FEW:
        rows = rows.where(_c.source_ts.in_(messages))
    texts: dict[str, str] = {}
    deleted: set[str] = set()
    for row in await conn.execute(rows.order_by(_c.at, _c.seq)):
        if row.kind == "message_deleted":
            deleted.add(row.source_ts)
        else:
            texts[row.source_ts] = row.text
    return texts, deleted


async def _redactions(conn: AsyncConnection, number: int) -> dict[int, Redaction]:
    """The redactions of an incident, by the `seq` of each entry whose words were removed."""
    rows: Any = sa.select(_c.actor, _c.text, _c.data).where(_c.incident == number, _c.kind == REDACTED, _NO_MESSAGE)
    return {
        int(seq): Redaction(row.actor, row.text)
        for row in await conn.execute(rows.order_by(_c.seq))
        for seq in row.data.get("seqs") or ()
    }
