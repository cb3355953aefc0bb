"""Opens, finds, renews and ends sessions of the console."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access.session import ROTATED_EVERY, Session, SignIn, hash_of, new_secret
from bot.domain.access.token import Scope
from storage import console_sessions, key_value, tokens
from storage.database import Database

USE_NOTED_EVERY = timedelta(minutes=1)
KEY_READ_EVERY = timedelta(seconds=10)  # how soon every replica signs with a key that was replaced


async def make_key(conn: AsyncConnection) -> None:
    """Create the key that signs cookies and forms of this database, if it has none."""
    await key_value.CONSOLE_KEY.put_new(conn, secrets.token_hex(32))


async def key(database: Database) -> str:
    """The key that signs cookies and forms; created by the first process that needs it."""
    async with database.reading() as conn:
        stored = await key_value.CONSOLE_KEY.get(conn)
    if stored is not None:
        return stored
    async with database.transaction() as conn:
        await make_key(conn)
        return await key_value.CONSOLE_KEY.get(conn) or ""


async def open_session(
    conn: AsyncConnection,
    person: str,
    scopes: tuple[Scope, ...],
    method: SignIn,
    now: datetime,
    token_hash: str | None = None,
) -> tuple[Session, str]:
    """Open a session, and return it with its secret, which is not stored."""
    secret = new_secret()
    session = Session(0, person, scopes, method, token_hash, now, now, now)
    return await console_sessions.insert(conn, session, hash_of(secret)), secret


async def find(database: Database, secret: str, bootstrap: frozenset[str], now: datetime) -> Session | None:
    """The session with this secret, if it can be used.

    One that began with a token ends with that token. `bootstrap` are the hashes of the settings' own tokens.
    """
    async with database.reading() as conn:
        session = await console_sessions.by_hash(conn, hash_of(secret), now)
        return await _if_usable(conn, session, bootstrap, now)


async def find_by_id(database: Database, session: int, bootstrap: frozenset[str], now: datetime) -> Session | None:
    """The session with this ID, if it can be used, as `find` says."""
    async with database.reading() as conn:
        return await _if_usable(conn, await console_sessions.by_id(conn, session), bootstrap, now)


async def _if_usable(
    conn: AsyncConnection, session: Session | None, bootstrap: frozenset[str], now: datetime
) -> Session | None:
    if session is None or not session.is_valid(now):
        return None
    if session.token_hash is None or session.token_hash in bootstrap:
        return session
    token = await tokens.by_hash(conn, session.token_hash)
    return session if token is not None and token.is_valid(now) else None


async def keep(database: Database, session: Session, now: datetime, *, rotate: bool = True) -> str | None:
    """Note that a session is in use. Returns a new secret if its rotation is due and `rotate` permits it."""
    if rotate and now - session.rotated_at >= ROTATED_EVERY:
        secret = new_secret()
        async with database.transaction() as conn:
            return secret if await console_sessions.rotate(conn, session, hash_of(secret), now) else None
    if now - session.seen_at >= USE_NOTED_EVERY:
        await database.batched(lambda conn: console_sessions.note_use(conn, session.id, now))
    return None


async def end(database: Database, session: int, now: datetime) -> bool:
    """End a session, from the next request on. False if it had ended before."""
    async with database.transaction() as conn:
        return await console_sessions.revoke(conn, session, now)
