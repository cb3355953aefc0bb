"""Stores links with which a person signs in to the console once, by the hash of their secret."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access.session import LoginLink
from bot.domain.access.token import Scope
from storage.schema import login_links

_c = login_links.c


async def insert(conn: AsyncConnection, link: LoginLink, secret_hash: str) -> None:
    """Store a new link."""
    values = {
        "hash": secret_hash,
        "person": link.person,
        "scopes": ",".join(link.scopes),
        "created_at": link.created_at,
        "expires_at": link.expires_at,
    }
    await conn.execute(sa.insert(login_links).values(**values))


async def get(conn: AsyncConnection, secret_hash: str) -> LoginLink | None:
    """The link, also a used or expired one."""
    row = (await conn.execute(sa.select(login_links).where(_c.hash == secret_hash))).one_or_none()
    if row is None:
        return None
    scopes = tuple(Scope(name) for name in row.scopes.split(","))
    return LoginLink(row.person, scopes, row.created_at, row.expires_at, row.used_at)


async def use(conn: AsyncConnection, secret_hash: str, now: datetime) -> bool:
    """Use a link up. False where it was used or has expired: of two who try at once, one succeeds."""
    used = (
        sa.update(login_links)
        .where(_c.hash == secret_hash, _c.used_at.is_(None), _c.expires_at > now)
        .values(used_at=now)
    )
    return (await conn.execute(used)).rowcount == 1


async def delete_before(conn: AsyncConnection, before: datetime, limit: int) -> int:
    """Delete up to `limit` links that expired before then. Returns how many."""
    old = sa.select(_c.hash).where(_c.expires_at < before).order_by(_c.expires_at).limit(limit)
    return (await conn.execute(sa.delete(login_links).where(_c.hash.in_(old)))).rowcount
