"""Creates one-time links that sign a person in to the console, and opens sessions with them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access.session import LINK_VALID_FOR, LoginLink, Session, SignIn, hash_of, new_secret
from bot.domain.access.token import Scope
from bot.usecases.access.sessions import open_session
from storage import login_links
from storage.database import Database

PATH = "/login/"


async def make(conn: AsyncConnection, person: str, now: datetime, scopes: tuple[Scope, ...] = (Scope.WRITE,)) -> str:
    """Create a link, and return its path below the address of our web pages. Only the hash of its secret is stored."""
    secret = new_secret()
    await login_links.insert(conn, LoginLink(person, scopes, now, now + LINK_VALID_FOR), hash_of(secret))
    return PATH + secret


async def look(database: Database, secret: str) -> LoginLink | None:
    """Read a link without using it, even if it is used or expired. None if there is no such link."""
    async with database.reading() as conn:
        return await login_links.get(conn, hash_of(secret))


async def use(database: Database, secret: str, now: datetime) -> tuple[Session, str] | None:
    """Open a session with a link and use it up. None if the link was used, has expired or does not exist."""
    async with database.transaction() as conn:
        link = await login_links.get(conn, hash_of(secret))
        if link is None or not await login_links.use(conn, hash_of(secret), now):
            return None
        return await open_session(conn, link.person, link.scopes, SignIn.LINK, now)
