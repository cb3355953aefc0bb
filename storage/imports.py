"""Stores the objects that were imported from another tool, so that importing them again changes nothing."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.oncall.schedule import Override
from storage.schema import imports, overrides

_i, _o = imports.c, overrides.c
Imported = tuple[str, str, str]  # source, kind, ID there


async def known_ids(conn: AsyncConnection, source: str, kind: str, externals: Sequence[str]) -> set[str]:
    """The IDs of these objects that were imported before."""
    query = sa.select(_i.external).where(_i.source == source, _i.kind == kind, _i.external.in_(list(externals)))
    return set((await conn.scalars(query)).all())


async def add(conn: AsyncConnection, rows: Sequence[tuple[Imported, int]], now: datetime) -> None:
    """Record the incidents that objects became."""
    if rows:
        values = [
            {"source": source, "kind": kind, "external": external, "incident": number, "at": now}
            for (source, kind, external), number in rows
        ]
        await conn.execute(sa.insert(imports), values)


async def sync_covers(
    conn: AsyncConnection, source: str, covers: Sequence[Override], since: datetime, now: datetime
) -> tuple[int, int]:
    """Record covers of a source that are new, and end those that it has no more. Returns how many of each.

    One that a person ended here stays ended. Those that were over `since` are left alone.
    """
    made_by = f"import:{source}"
    query = sa.select(_o.id, _o.schedule, _o.member, _o.starts_at, _o.ends_at, _o.layer, _o.ended_at)
    rows = (await conn.execute(query.where(_o.made_by == made_by, _o.ends_at > since))).all()
    recorded = {(row.schedule, row.member, row.starts_at, row.ends_at, row.layer or ""): row for row in rows}
    covers_by_key = {
        (cover.schedule, cover.member, cover.starts_at, cover.ends_at, cover.layer): cover for cover in covers
    }
    new = [cover for key, cover in covers_by_key.items() if key not in recorded and cover.ends_at > since]
    obsolete = [
        row.id
        for key, row in recorded.items()
        if key not in covers_by_key and row.ended_at is None and row.ends_at > now
    ]
    if new:
        values = [
            {
                "schedule": cover.schedule, "member": cover.member, "starts_at": cover.starts_at,
                "ends_at": cover.ends_at, "layer": cover.layer or None, "made_by": made_by, "made_at": now,
            }
            for cover in new
        ]  # fmt: skip
        await conn.execute(sa.insert(overrides), values)
    if obsolete:
        await conn.execute(sa.update(overrides).where(_o.id.in_(obsolete)).values(ended_at=now))
    return len(new), len(obsolete)
