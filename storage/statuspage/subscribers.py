"""Stores the subscribers of the status page. Their addresses are never shown."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.statuspage.subscriber import Subscriber, SubscriberKind
from storage.engine.dialect import insert
from storage.schema import subscribers

_adapter = TypeAdapter(Subscriber)
_c = subscribers.c
_ACTIVE = sa.text("active")  # as in the partial index, word for word


class UnknownKind(Exception):
    """A newer version, which runs beside this one, has subscribers of a kind that this one does not know."""


async def save(conn: AsyncConnection, subscriber: Subscriber) -> None:
    """Store a subscriber, new or changed."""
    row = insert(conn, subscribers).values(
        id=subscriber.id,
        kind=str(subscriber.kind),
        address=subscriber.address,
        active=subscriber.active,
        asked_at=subscriber.asked_at,
        state=_adapter.dump_python(subscriber, mode="json"),
    )
    changed = {name: row.excluded[name] for name in ("active", "asked_at", "state")}
    await conn.execute(row.on_conflict_do_update(index_elements=["id"], set_=changed))


async def get(conn: AsyncConnection, subscriber: str) -> Subscriber | None:
    """The subscriber with this ID; `None` if there is none."""
    return _one(await conn.scalar(sa.select(_c.state).where(_c.id == subscriber)))


async def get_many(conn: AsyncConnection, ids: Collection[str]) -> dict[str, Subscriber]:
    """The subscribers with these IDs."""
    states = await conn.scalars(sa.select(_c.state).where(_c.id.in_(ids)))
    return {subscriber.id: subscriber for subscriber in map(_adapter.validate_python, states)}


async def of_address(conn: AsyncConnection, kind: SubscriberKind, address: str) -> Subscriber | None:
    """The subscriber with this address; `None` if there is none."""
    return _one(await conn.scalar(sa.select(_c.state).where(_c.kind == str(kind), _c.address == address)))


async def lock_address(conn: AsyncConnection, kind: SubscriberKind, address: str) -> Subscriber | None:
    """The subscriber with this address, kept from other writers until the transaction ends."""
    query = sa.select(_c.state).where(_c.kind == str(kind), _c.address == address)
    return _one(await conn.scalar(query.with_for_update()))


async def delete(conn: AsyncConnection, subscriber: str) -> bool:
    """Forget a subscriber with its address. Returns whether there was one."""
    return bool((await conn.execute(sa.delete(subscribers).where(_c.id == subscriber))).rowcount)


async def active_after(conn: AsyncConnection, after: str, limit: int) -> list[Subscriber]:
    """Up to `limit` subscribers that are told, those with the next higher IDs. May raise `UnknownKind`."""
    query = sa.select(_c.kind, _c.state).where(_ACTIVE, _c.id > after).order_by(_c.id).limit(limit)
    rows = (await conn.execute(query)).all()
    if unknown := {row.kind for row in rows} - set(SubscriberKind):
        raise UnknownKind(f"subscribers of the kind {', '.join(sorted(unknown))} are of a newer version")
    return [_adapter.validate_python(row.state) for row in rows]


async def asked_since(conn: AsyncConnection, since: datetime) -> int:
    """The number of addresses that were asked to confirm since then."""
    return int(await conn.scalar(sa.select(sa.func.count()).where(_c.asked_at > since)) or 0)


async def asked_between(
    conn: AsyncConnection, kind: SubscriberKind, addresses: tuple[str, str], since: datetime
) -> int:
    """The number of addresses from the first up to the second that were asked to confirm since then."""
    between = (_c.kind == str(kind), _c.address >= addresses[0], _c.address < addresses[1])
    return int(await conn.scalar(sa.select(sa.func.count()).where(*between, _c.asked_at > since)) or 0)


async def page(conn: AsyncConnection, after: str, limit: int) -> list[Subscriber]:
    """Up to `limit` subscribers, confirmed or not, those with the next higher IDs."""
    query = sa.select(_c.state).where(_c.id > after).order_by(_c.id).limit(limit)
    return [_adapter.validate_python(state) for state in await conn.scalars(query)]


async def counts(conn: AsyncConnection) -> dict[str, dict[str, int]]:
    """The number of subscribers of each kind: `active`, and `pending` ones that were not confirmed."""
    rows = await conn.execute(sa.select(_c.kind, _c.active, sa.func.count()).group_by(_c.kind, _c.active))
    counts_by_kind: dict[str, dict[str, int]] = {}
    for kind, active, count in rows:
        counts_by_kind.setdefault(kind, {"active": 0, "pending": 0})["active" if active else "pending"] = count
    return counts_by_kind


async def count(conn: AsyncConnection, kind: SubscriberKind) -> int:
    """The number of subscribers of a kind, confirmed or not."""
    return int(await conn.scalar(sa.select(sa.func.count()).where(_c.kind == str(kind))) or 0)


async def forget_pending(conn: AsyncConnection, asked_before: datetime) -> None:
    """Delete addresses that were asked before then and never confirmed."""
    await conn.execute(sa.delete(subscribers).where(sa.not_(_c.active), _c.asked_at < asked_before))


def _one(state: Any) -> Subscriber | None:
    return None if state is None else _adapter.validate_python(state)
