"""Stores whether people are members, guests or of another organisation, as Slack last reported.

Other processes, and this one while Slack does not answer, go by it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.access.identity import Identity, Membership
from storage.key_value import Key


def _key(user: str) -> Key[dict[str, Any]]:
    return Key(f"identity:{user}")


async def get(conn: AsyncConnection, user: str) -> Identity | None:
    """The person's identity; `None` if Slack was never asked."""
    stored = await _key(user).get(conn)
    if stored is None:
        return None
    return Identity(
        user, Membership(stored["membership"]), stored.get("address"), active=bool(stored.get("active", True))
    )


async def remember(conn: AsyncConnection, identity: Identity) -> None:
    """Store what Slack said."""
    value = {"membership": str(identity.membership), "address": identity.address, "active": identity.active}
    await _key(identity.user).put(conn, value)
