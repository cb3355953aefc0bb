"""Makes links with which a person signs in to the console once, and opens a session with one."""

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
    """Make a link, and return the path that stands after the address of our web pages. It is kept nowhere else."""
    secret = new_secret()
    await login_links.insert(conn, LoginLink(person, scopes, now, now + LINK_VALID_FOR), hash_of(secret))
    return PATH + secret


async def look(database: Database, secret: str) -> LoginLink | None:
    """A link without using it, also a used or expired one; None for one that was never made."""
    async with database.reading() as conn:
        return await login_links.get(conn, hash_of(secret))


async def use(database: Database, secret: str, now: datetime) -> tuple[Session, str] | None:
    """Open a session with a link and use it up; None where it was used, has expired or was never made."""
    async with database.transaction() as conn:
        link = await login_links.get(conn, hash_of(secret))
        if link is None or not await login_links.use(conn, hash_of(secret), now):
            return None
        return await open_session(conn, link.person, link.scopes, SignIn.LINK, now)
