"""Reads whether notices are settled: sent, dropped or failed for good."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import in_list, list_param
from storage.schema import outbox

OVER = frozenset({"sent", "dropped", "failed"})
_c = outbox.c


async def states(conn: AsyncConnection, dedup_keys: Sequence[str]) -> dict[str, str]:
    """The state of each of these notices that exists, by dedup key."""
    rows = await conn.execute(_select(conn.dialect.name), {"dedup_keys": list_param(conn, dedup_keys)})
    return {row.dedup_key: row.state for row in rows}


@cache
def _select(dialect: str) -> Any:
    return sa.select(_c.dedup_key, _c.state).where(in_list(dialect, _c.dedup_key, "dedup_keys"))
