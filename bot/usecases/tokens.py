"""Creates, revokes and checks API tokens."""

from __future__ import annotations

import shlex
from datetime import datetime, timedelta

from bot.domain.access.token import Scope, Token, check_name, check_person, hash_of, new_secret
from bot.domain.errors import NotFound, Refused
from storage import tokens
from storage.database import Database

USE_NOTED_EVERY = timedelta(minutes=1)


async def create(
    database: Database, name: str, person: str, scopes: tuple[Scope, ...], now: datetime, lasts: timedelta | None = None
) -> tuple[Token, str]:
    """Create a token and return it with its secret, which is not stored. Raises `Refused` for a name in use."""
    if lasts is not None and lasts <= timedelta(0):
        raise Refused("A token expires in the future. Example: --expires 90d")
    secret = new_secret()
    token = Token(0, check_name(name), check_person(person), scopes, now, now + lasts if lasts is not None else None)
    async with database.transaction() as conn:
        if await tokens.find(conn, token.name):
            command = f"tocsin token revoke {shlex.quote(token.name)}"
            raise Refused(f"There is a token “{token.name}”. Revoke it first: {command}")
        return await tokens.insert(conn, token, hash_of(secret)), secret


async def revoke(database: Database, name_or_id: str, now: datetime) -> Token:
    """Revoke a token by its name or ID, from the next request on. Raises `NotFound`."""
    async with database.transaction() as conn:
        for token in await tokens.find(conn, name_or_id):
            await tokens.revoke(conn, token.id, now)
            return token
    raise NotFound(f"There is no token “{name_or_id[:80]}” in use. See them: tocsin token list")


async def valid(database: Database, secret: str, now: datetime) -> Token | None:
    """The token with this secret, if it can be used."""
    async with database.reading() as conn:
        token = await tokens.by_hash(conn, hash_of(secret))
    return token if token is not None and token.is_valid(now) else None


async def note_use(database: Database, token: Token, now: datetime) -> None:
    """Record when a token was used, at most once a minute."""
    if token.last_used_at is None or now - token.last_used_at >= USE_NOTED_EVERY:
        await database.batched(lambda conn: tokens.note_use(conn, token.id, now, USE_NOTED_EVERY))
