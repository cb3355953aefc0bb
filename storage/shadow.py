"""Stores the pages of shadow mode."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.shadow_page import ShadowPage
from storage.engine.dialect import insert
from storage.schema import shadow_pages

_adapter = TypeAdapter(ShadowPage)
_c = shadow_pages.c


async def save(conn: AsyncConnection, pages: Sequence[ShadowPage]) -> None:
    """Store pages; a repeated one changes nothing."""
    if not pages:
        return
    rows = [
        {"key": shadow_page.key, "at": shadow_page.at, "state": _adapter.dump_python(shadow_page, mode="json")}
        for shadow_page in pages
    ]
    await conn.execute(insert(conn, shadow_pages).on_conflict_do_nothing(index_elements=["key"]), rows)


async def between(conn: AsyncConnection, since: datetime, until: datetime, most: int) -> list[ShadowPage]:
    """Up to `most` pages of a span, the earliest first."""
    query = sa.select(_c.state).where(_c.at >= since, _c.at < until).order_by(_c.at, _c.key).limit(most)
    return [_adapter.validate_python(state) for state in await conn.scalars(query)]


async def update(conn: AsyncConnection, page: ShadowPage) -> None:
    """Store what has become known of a page."""
    state = _adapter.dump_python(page, mode="json")
    await conn.execute(sa.update(shadow_pages).where(_c.key == page.key).values(state=state))


async def with_keys(conn: AsyncConnection, keys: Collection[str]) -> dict[str, ShadowPage]:
    """The pages with these keys, as far as there are any."""
    rows = await conn.scalars(sa.select(_c.state).where(_c.key.in_(sorted(keys)))) if keys else ()
    return {page.key: page for page in map(_adapter.validate_python, rows)}


async def holds_all(conn: AsyncConnection, keys: Collection[str]) -> bool:
    """Whether there are such pages, and all of them were withheld."""
    query = sa.select(sa.func.count()).select_from(shadow_pages).where(_c.key.in_(sorted(keys)))
    return bool(keys) and await conn.scalar(query) == len(set(keys))


async def delete_before(conn: AsyncConnection, before: datetime, limit: int | None = None) -> int:
    """Delete pages of an earlier time in shadow mode, up to `limit` of them. Returns how many."""
    old = sa.select(_c.key).where(_c.at < before).order_by(_c.at).limit(limit)
    return (await conn.execute(sa.delete(shadow_pages).where(_c.key.in_(old)))).rowcount
