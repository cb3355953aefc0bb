"""Stores API tokens by the hash of their secret. A revoked one stays, so that the record names it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access.token import Scope, Token
from storage.engine.dialect import AnyRow
from storage.schema import api_tokens

_c = api_tokens.c
_FIELDS = [column for column in _c if column.name != "hash"]
_BY_HASH = sa.select(*_FIELDS).where(_c.hash == sa.bindparam("this"))
_USED = (
    sa.update(api_tokens)
    .where(_c.id == sa.bindparam("this"), sa.or_(_c.last_used_at.is_(None), _c.last_used_at < sa.bindparam("before")))
    .values(last_used_at=sa.bindparam("now"))
)
MOST = 1000  # tokens in a list; the newest


async def insert(conn: AsyncConnection, token: Token, secret_hash: str) -> Token:
    """Store a new token, and return it with its ID. Its name must not be in use: see `named`."""
    values: dict[str, Any] = {
        "name": token.name,
        "hash": secret_hash,
        "person": token.person,
        "scopes": ",".join(token.scopes),
        "created_at": token.created_at,
        "expires_at": token.expires_at,
    }
    return _token((await conn.execute(sa.insert(api_tokens).values(**values).returning(*_FIELDS))).one())


async def by_hash(conn: AsyncConnection, secret_hash: str) -> Token | None:
    """The token whose secret has this hash, also if it is revoked or expired; `None` if there is none."""
    row = (await conn.execute(_BY_HASH, {"this": secret_hash})).one_or_none()
    return None if row is None else _token(row)


async def find(conn: AsyncConnection, name_or_id: str) -> list[Token]:
    """The tokens with this name, or this ID, that are not revoked."""
    is_match = _c.id == int(name_or_id) if name_or_id.isdecimal() and len(name_or_id) < 16 else _c.name == name_or_id
    return [_token(row) for row in await conn.execute(sa.select(*_FIELDS).where(is_match, _c.revoked_at.is_(None)))]


async def newest(conn: AsyncConnection) -> list[Token]:
    """The tokens, the newest first; at most `MOST`."""
    return [_token(row) for row in await conn.execute(sa.select(*_FIELDS).order_by(_c.id.desc()).limit(MOST))]


async def revoke(conn: AsyncConnection, token: int, now: datetime) -> None:
    """Revoke a token."""
    await conn.execute(sa.update(api_tokens).where(_c.id == token, _c.revoked_at.is_(None)).values(revoked_at=now))


async def note_use(conn: AsyncConnection, token: int, now: datetime, unless_within: timedelta) -> None:
    """Record that a token was used, unless that was recorded shortly before."""
    await conn.execute(_USED, {"this": token, "now": now, "before": now - unless_within})


def _token(row: AnyRow) -> Token:
    return Token(
        id=row.id,
        name=row.name,
        person=row.person,
        scopes=tuple(Scope(name) for name in row.scopes.split(",")),
        created_at=row.created_at,
        expires_at=row.expires_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
