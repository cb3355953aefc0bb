"""Stores every policy that was ever in force, by its digest.

So a change of the policy never rewrites the past.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import insert
from storage.schema import policies


async def remember(conn: AsyncConnection, digest: str, document: dict[str, Any], now: datetime) -> None:
    """Store a copy of the policy. Calling it twice is safe: the first copy stays."""
    row = insert(conn, policies).values(digest=digest, document=document, seen_at=now)
    await conn.execute(row.on_conflict_do_nothing())


async def get(conn: AsyncConnection, digest: str) -> dict[str, Any] | None:
    """The stored document; `None` if no policy has this digest."""
    document: dict[str, Any] | None = await conn.scalar(
        sa.select(policies.c.document).where(policies.c.digest == digest)
    )
    return document
