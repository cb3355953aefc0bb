"""Stores which Slack account an e-mail address belongs to, and which people Slack does not reach."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage import key_value
from storage.engine.dialect import in_list, list_param
from storage.key_value import ADDRESS_PREFIX, UNREACHABLE_PREFIX
from storage.schema import meta

_ADDRESSES = sa.select(meta.c.name, meta.c.value).where(meta.c.name.startswith(ADDRESS_PREFIX, autoescape=True))
LIMIT = 1000  # unreachable people read at once
_UNREACHABLE = (
    sa.select(meta.c.name, meta.c.value)
    .where(meta.c.name.startswith(UNREACHABLE_PREFIX, autoescape=True))
    .order_by(meta.c.name)
    .limit(LIMIT)
)


async def user_ids(conn: AsyncConnection, addresses: Collection[str]) -> dict[str, str]:
    """The Slack IDs found for these e-mail addresses, by address in small letters."""
    names = {key_value.user_of_address(address).name: address.lower() for address in addresses}
    if not names:
        return {}
    query = sa.select(meta.c.name, meta.c.value).where(in_list(conn.dialect.name, meta.c.name, "names"))
    rows = await conn.execute(query, {"names": list_param(conn, sorted(names))})
    return {names[row.name]: str(row.value) for row in rows if row.value}


async def addresses_of(conn: AsyncConnection, user: str) -> list[str]:
    """The e-mail addresses that were found to belong to a Slack ID, in small letters."""
    rows = await conn.execute(_ADDRESSES)
    return [row.name.removeprefix(ADDRESS_PREFIX) for row in rows if row.value == user]


async def unreachable(conn: AsyncConnection) -> dict[str, str]:
    """The reason why Slack does not reach a person, by Slack ID or address in small letters."""
    rows = await conn.execute(_UNREACHABLE)
    return {row.name.removeprefix(UNREACHABLE_PREFIX): str(row.value["reason"]) for row in rows if row.value}


async def remember_user(conn: AsyncConnection, address: str, user: str) -> bool:
    """Store the Slack ID that was found for an e-mail address. Returns whether it is new."""
    stored = key_value.user_of_address(address)
    if await stored.get(conn) == user:
        return False
    await stored.put(conn, user)
    return True


async def mark_unreachable(conn: AsyncConnection, name: str, reason: str, now: datetime) -> None:
    """Record that Slack does not reach this Slack ID or address, with the reason in words."""
    await key_value.unreachable(name).put(conn, {"reason": reason, "at": now.isoformat()})


async def mark_reachable(conn: AsyncConnection, names: Collection[str]) -> None:
    """Record that Slack reaches these Slack IDs and addresses."""
    await conn.execute(sa.delete(meta).where(meta.c.name.in_([key_value.unreachable(name).name for name in names])))
