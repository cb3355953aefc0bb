"""Reads receipts: what Slack or a vendor returned for a notice that was sent, such as the message's `ts`."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import in_list, list_param
from storage.schema import outbox

_c = outbox.c
_NOTICE = sa.select(_c.kind, _c.payload, _c.created_at, _c.sent_at).where(_c.dedup_key == sa.bindparam("this"))
_GET = sa.select(_c.receipt).where(_c.dedup_key == sa.bindparam("this"))

_LOCK = sa.select(_c.state, _c.receipt).where(_c.dedup_key == sa.bindparam("this")).with_for_update()


async def get(conn: AsyncConnection, dedup_key: str) -> dict[str, Any] | None:
    """The receipt of a notice; `None` until it was sent."""
    receipt: dict[str, Any] | None = await conn.scalar(_GET, {"this": dedup_key})
    return receipt


async def lock_posted(conn: AsyncConnection, dedup_key: str) -> dict[str, Any] | None:
    """The receipt of a notice, locked until the transaction ends. `None` if it is (again) still to be sent."""
    row = (await conn.execute(_LOCK, {"this": dedup_key})).one_or_none()
    return None if row is None or row.state in ("held", "queued", "leased", "unknown") else row.receipt


class Outcome(NamedTuple):
    """The progress of a notice: its state, the receipt once it is sent, and the last error."""

    state: str
    receipt: dict[str, Any] | None
    error: str | None


_OUTCOME = sa.select(_c.state, _c.receipt, _c.error).where(_c.dedup_key == sa.bindparam("this"))


async def outcome(conn: AsyncConnection, dedup_key: str) -> Outcome | None:
    """The progress of the notice with this key; `None` if there is none."""
    row = (await conn.execute(_OUTCOME, {"this": dedup_key})).one_or_none()
    return None if row is None else Outcome(row.state, row.receipt, row.error)


class StoredNotice(NamedTuple):
    """A notice as it was queued, in order to render it again."""

    kind: str
    payload: dict[str, Any]
    created_at: datetime  # of the wall clock
    sent_at: datetime | None = None  # last; of the wall clock


async def notice(conn: AsyncConnection, dedup_key: str) -> StoredNotice | None:
    """The notice with this key; `None` if there is none."""
    row = (await conn.execute(_NOTICE, {"this": dedup_key})).one_or_none()
    return None if row is None else StoredNotice(row.kind, row.payload, row.created_at, row.sent_at)


async def get_many(conn: AsyncConnection, dedup_keys: Collection[str]) -> dict[str, dict[str, Any]]:
    """The receipts of those notices that were sent, by `dedup_key`."""
    rows = await conn.execute(_get_many(conn.dialect.name), {"dedup_keys": list_param(conn, dedup_keys)})
    return {row.dedup_key: row.receipt for row in rows}


@cache
def _get_many(dialect: str) -> Any:
    receipts = sa.select(_c.dedup_key, _c.receipt)
    return receipts.where(in_list(dialect, _c.dedup_key, "dedup_keys"), _c.receipt.is_not(None))
