"""Stores sessions of the console by the hash of their secret. An ended one stays until retention deletes it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access.session import GRACE, IDLE, LONGEST, Session, SignIn
from bot.domain.access.token import Scope
from storage.engine.dialect import AnyRow
from storage.schema import console_sessions

_c = console_sessions.c
_FIELDS = [column for column in _c if column.name not in {"hash", "previous_hash"}]
_BY_HASH = sa.select(*_FIELDS).where(
    sa.or_(
        _c.hash == sa.bindparam("this"),
        sa.and_(_c.previous_hash == sa.bindparam("this"), _c.rotated_at > sa.bindparam("since")),
    )
)
MOST = 200  # sessions in a list; the latest used


async def insert(conn: AsyncConnection, session: Session, secret_hash: str) -> Session:
    """Store a new session, and return it with its ID."""
    values = {
        "hash": secret_hash,
        "person": session.person,
        "scopes": ",".join(session.scopes),
        "way": str(session.way),
        "token_hash": session.token_hash,
        "created_at": session.created_at,
        "seen_at": session.seen_at,
        "rotated_at": session.rotated_at,
    }
    return _session((await conn.execute(sa.insert(console_sessions).values(**values).returning(*_FIELDS))).one())


async def by_hash(conn: AsyncConnection, secret_hash: str, now: datetime) -> Session | None:
    """The session whose secret, or whose secret before a moment ago, has this hash; also an ended one."""
    row = (await conn.execute(_BY_HASH, {"this": secret_hash, "since": now - GRACE})).one_or_none()
    return None if row is None else _session(row)


async def by_id(conn: AsyncConnection, session: int) -> Session | None:
    """The session with this ID; also an ended one."""
    row = (await conn.execute(sa.select(*_FIELDS).where(_c.id == session))).one_or_none()
    return None if row is None else _session(row)


async def rotate(conn: AsyncConnection, session: Session, secret_hash: str, now: datetime) -> bool:
    """Replace the secret's hash. False where another request has just done so."""
    changed = (
        sa.update(console_sessions)
        .where(_c.id == session.id, _c.rotated_at == session.rotated_at, _c.revoked_at.is_(None))
        .values(previous_hash=_c.hash, hash=secret_hash, rotated_at=now, seen_at=now)
    )
    return (await conn.execute(changed)).rowcount == 1


async def note_use(conn: AsyncConnection, session: int, now: datetime) -> None:
    """Record that a session is in use."""
    await conn.execute(sa.update(console_sessions).where(_c.id == session, _c.seen_at < now).values(seen_at=now))


async def revoke(conn: AsyncConnection, session: int, now: datetime) -> bool:
    """End a session. False where it had ended."""
    ended = sa.update(console_sessions).where(_c.id == session, _c.revoked_at.is_(None)).values(revoked_at=now)
    return (await conn.execute(ended)).rowcount == 1


async def revoke_all(conn: AsyncConnection, now: datetime) -> None:
    """End every session."""
    await conn.execute(sa.update(console_sessions).where(_c.revoked_at.is_(None)).values(revoked_at=now))


async def in_use(conn: AsyncConnection, now: datetime, person: str | None = None) -> list[Session]:
    """The sessions that have not ended, of a person or of all, the latest used first; at most `MOST`."""
    query = sa.select(*_FIELDS).where(_c.revoked_at.is_(None), _c.seen_at > now - IDLE, _c.created_at > now - LONGEST)
    if person is not None:
        query = query.where(_c.person == person)
    return [_session(row) for row in await conn.execute(query.order_by(_c.seen_at.desc()).limit(MOST))]


async def delete_before(conn: AsyncConnection, before: datetime, limit: int) -> int:
    """Delete up to `limit` sessions that were used last before then. Returns how many."""
    old = sa.select(_c.id).where(_c.seen_at < before).order_by(_c.seen_at).limit(limit)
    return (await conn.execute(sa.delete(console_sessions).where(_c.id.in_(old)))).rowcount


def _session(row: AnyRow) -> Session:
    return Session(
        id=row.id,
        person=row.person,
        scopes=tuple(Scope(name) for name in row.scopes.split(",")),
        way=SignIn(row.way),
        token_hash=row.token_hash,
        created_at=row.created_at,
        seen_at=row.seen_at,
        rotated_at=row.rotated_at,
        revoked_at=row.revoked_at,
    )
