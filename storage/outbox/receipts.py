"""Receipts: what Slack or a vendor returned for a notice that was sent, such as the message's channel and `ts`."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import in_list, list_param
from storage.schema import outbox

_c = outbox.c
_GET = sa.select(_c.receipt).where(_c.dedup_key == sa.bindparam("this"))


async def get(conn: AsyncConnection, dedup_key: str) -> dict[str, Any] | None:
    """The receipt of a notice; `None` until it was sent."""
    receipt: dict[str, Any] | None = await conn.scalar(_GET, {"this": dedup_key})
    return receipt


async def get_many(conn: AsyncConnection, dedup_keys: Collection[str]) -> dict[str, dict[str, Any]]:
    """The receipts of those notices that were sent, by `dedup_key`."""
    rows = await conn.execute(_get_many(conn.dialect.name), {"dedup_keys": list_param(conn, dedup_keys)})
    return {row.dedup_key: row.receipt for row in rows}


@cache
def _get_many(dialect: str) -> Any:
    receipts = sa.select(_c.dedup_key, _c.receipt)
    return receipts.where(in_list(dialect, _c.dedup_key, "dedup_keys"), _c.receipt.is_not(None))
