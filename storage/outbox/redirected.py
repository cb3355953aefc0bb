"""Finds notices that went out as direct messages since their channel was unusable, and queues them for the channel."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.notice import NoticeKind
from storage.engine.dialect import in_list, list_param, sql_now, sql_random_hex
from storage.schema import outbox

_c = outbox.c
_WAITING = ("held", "queued", "unknown")


class DirectMessage(NamedTuple):
    """A notice that was sent as a direct message."""

    dedup_key: str
    kind: str
    receipt: dict[str, Any]


async def bring_back(conn: AsyncConnection, number: int, live_pages: Collection[str]) -> list[DirectMessage]:
    """Queue an incident's redirected notices for its channel, each as a new message. Returns those that were sent.

    They count as never sent, so that edits wait for the new messages. A page in the channel is only worth it while it
    is live. Notices that still wait go to the channel by themselves.
    """
    dialect, values = conn.dialect.name, {"number": number, "live_pages": list_param(conn, list(live_pages))}
    messages = [DirectMessage(*row) for row in await conn.execute(_select_sent(dialect), values)]
    await conn.execute(_undirect(), {"number": number})
    if messages:
        await conn.execute(_requeue(dialect), values)
    return messages


@cache
def _undirect() -> Any:
    waiting = sa.and_(_c.incident == sa.bindparam("number"), _c.redirected, _c.state.in_(_WAITING))
    return sa.update(outbox).where(waiting).values(redirected=sa.false())


def _was_sent(dialect: str) -> Any:
    still_wanted = sa.or_(_c.kind != str(NoticeKind.PAGE_CHANNEL), in_list(dialect, _c.dedup_key, "live_pages"))
    return sa.and_(_c.incident == sa.bindparam("number"), _c.redirected, _c.state == "sent", still_wanted)


@cache
def _select_sent(dialect: str) -> Any:
    return sa.select(_c.dedup_key, _c.kind, _c.receipt).where(_was_sent(dialect)).order_by(_c.id).with_for_update()


@cache
def _requeue(dialect: str) -> Any:
    now = sql_now(dialect)
    return sa.update(outbox).where(_was_sent(dialect)).values(
        state="queued", redirected=sa.false(), uncertain=sa.false(), metadata_key=sql_random_hex(dialect),
        version=_c.version + 1, attempts=0, first_try_at=sa.null(), next_try_at=now, queued_at=now,
        receipt=sa.null(), sent_at=sa.null(),
    )  # fmt: skip


async def tried_keys(conn: AsyncConnection, dedup_keys: Collection[str]) -> list[str]:
    """The keys of notices that were sent, or may have reached Slack."""
    if not dedup_keys:
        return []
    rows = await conn.scalars(_select_tried(conn.dialect.name), {"dedup_keys": list_param(conn, list(dedup_keys))})
    return sorted(rows)


@cache
def _select_tried(dialect: str) -> Any:
    begun = sa.or_(_c.state.in_(("sent", "leased", "unknown")), _c.uncertain)
    return sa.select(_c.dedup_key).where(in_list(dialect, _c.dedup_key, "dedup_keys"), begun)
