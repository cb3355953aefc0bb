"""Replaces the generated keys of a database, which sign links, addresses and cookies."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from storage import console_sessions, key_value
from storage.key_value import Key


@dataclass(frozen=True, slots=True)
class GeneratedKey:
    """A key that the first start generated: where it is stored, and in words what stops working when it is replaced."""

    stored: Key[str]
    ends: str


KEYS = {
    "acknowledge": GeneratedKey(
        key_value.ACKNOWLEDGE_SECRET, "links for acknowledging, in pages that were sent so far, open nothing"
    ),
    "console": GeneratedKey(
        key_value.CONSOLE_KEY, "everybody is signed out of the console, and can sign in again after ten seconds"
    ),
    "feeds": GeneratedKey(key_value.FEED_SECRET, "every calendar feed has a new address: `tocsin feeds` prints them"),
    "messages": GeneratedKey(
        key_value.MESSAGE_SECRET,
        "after a restore of an older backup, messages that are signed anew may be sent once more; "
        "restart the bot, so that it signs with the new key",
    ),
    "status-page": GeneratedKey(
        key_value.STATUS_PAGE_SECRET,
        "links in mails to subscribers that were sent so far, and the address of a page that is not for everybody, "
        "open nothing",
    ),
}


async def rotate_key(conn: AsyncConnection, name: str, now: datetime) -> str:
    """Replace a key of `KEYS`. Returns in words what no longer works."""
    rotated = KEYS[name]
    await rotated.stored.put(conn, secrets.token_hex(32))
    if rotated.stored is key_value.CONSOLE_KEY:
        await console_sessions.revoke_all(conn, now)
    return rotated.ends
