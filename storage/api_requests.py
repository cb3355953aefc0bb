"""Stores requests of the API that carry an Idempotency-Key, with their answers, for a day."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.columns import to_microseconds
from storage.engine.dialect import insert
from storage.schema import api_requests

_c = api_requests.c


@dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was sent."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class StoredRequest:
    """A request, with the incident that it declared and its answer, as far as they are stored."""

    key: str
    fingerprint: str
    seen_at: datetime
    incident: int | None = None
    answer: StoredAnswer | None = None

    @property
    def delivery(self) -> str:
        """The key under which a use case acts on it once. A key that is used again after a day is another request."""
        return f"api:{self.key}:{to_microseconds(self.seen_at)}"


async def remember(
    conn: AsyncConnection, key: str, fingerprint: str, now: datetime, valid_since: datetime
) -> StoredRequest:
    """The request with this key since `valid_since`; stored now where there is none."""
    row = insert(conn, api_requests).values(key=key, fingerprint=fingerprint, seen_at=now)
    expired = row.on_conflict_do_update(
        index_elements=["key"],
        set_={
            "fingerprint": fingerprint, "seen_at": now, "incident": None, "status": None, "headers": None, "body": None,
        },
        where=_c.seen_at < valid_since,
    )  # fmt: skip
    await conn.execute(expired)
    stored = await get(conn, key)
    assert stored is not None  # noqa: S101 - inserted above
    return stored


async def get(conn: AsyncConnection, key: str) -> StoredRequest | None:
    """The request with this key."""
    row = (await conn.execute(sa.select(api_requests).where(_c.key == key))).one_or_none()
    if row is None:
        return None
    answer = None if row.status is None else StoredAnswer(row.status, json.loads(row.headers), bytes(row.body))
    return StoredRequest(row.key, row.fingerprint, row.seen_at, row.incident, answer)


async def note_incident(conn: AsyncConnection, key: str, incident: int) -> None:
    """Record the incident that a request declared, in the transaction that declares it."""
    await conn.execute(sa.update(api_requests).where(_c.key == key).values(incident=incident))


async def note_answer(conn: AsyncConnection, key: str, answer: StoredAnswer) -> None:
    """Store the answer."""
    values = {"status": answer.status, "headers": json.dumps(dict(answer.headers)), "body": answer.body}
    await conn.execute(sa.update(api_requests).where(_c.key == key).values(**values))


async def delete_before(conn: AsyncConnection, before: datetime, limit: int) -> int:
    """Delete up to `limit` requests from before then. Returns how many."""
    old = sa.select(_c.key).where(_c.seen_at < before).order_by(_c.seen_at).limit(limit)
    return (await conn.execute(sa.delete(api_requests).where(_c.key.in_(old)))).rowcount
