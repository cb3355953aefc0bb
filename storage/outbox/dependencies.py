"""Queues or ends notices that are held for another notice, once the other is sent or fails."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.notice import OnDependencyFailure
from storage.engine.dialect import in_list, list_param, sql_now
from storage.schema import outbox

_c = outbox.c
_HELD = sa.text("state = 'held'")  # as in the partial index, word for word
INHERITED = "a notice it depends on failed: "


async def free_dependents(conn: AsyncConnection, dedup_keys: Collection[str]) -> None:
    """Queue the notices that are held for those with these keys, which were sent."""
    await conn.execute(_free(conn.dialect.name), {"sent": list_param(conn, list(dedup_keys))})


@cache
def _free(dialect: str) -> Any:
    now = sql_now(dialect)
    is_held = sa.and_(_HELD, in_list(dialect, _c.depends_on, "sent"))
    return sa.update(outbox).where(is_held).values(state="queued", next_try_at=now, queued_at=now)


async def end_dependents(conn: AsyncConnection, dedup_keys: Collection[str], state: str, why: str) -> list[str]:
    """Apply `on_dependency_failure` to the notices held for these, which ended in `state`, `failed` or `dropped`.

    A notice that ends this way gets the same state, and so do its own dependents. Returns the `dedup_key` of each.
    """
    all_ended: list[str] = []
    ended = dedup_keys
    reason = inherited_reason(state, why)
    while ended:
        values = {"ended": list_param(conn, list(ended))}
        await conn.execute(_go_on(conn.dialect.name), values)
        dependents = await conn.scalars(_end(conn.dialect.name), {**values, "their_state": state, "why": reason})
        ended = sorted(dependents)
        all_ended += ended
    return all_ended


@cache
def _go_on(dialect: str) -> Any:
    now = sql_now(dialect)
    return (
        sa.update(outbox)
        .where(
            _HELD,
            in_list(dialect, _c.depends_on, "ended"),
            _c.on_dependency_failure != str(OnDependencyFailure.FAIL),
        )
        .values(
            state="queued",
            redirected=_c.on_dependency_failure == str(OnDependencyFailure.DIRECT),
            next_try_at=now,
            queued_at=now,
        )
    )


@cache
def _end(dialect: str) -> Any:
    is_held = sa.and_(_HELD, in_list(dialect, _c.depends_on, "ended"))
    end = sa.update(outbox).where(is_held).values(state=sa.bindparam("their_state"), error=sa.bindparam("why"))
    return end.returning(_c.dedup_key)


def inherited_reason(state: str, why: str) -> str:
    """The error of a notice that ends with the one it depends on; the same words at any length of the chain."""
    if state == "dropped":
        return why
    return why if why.startswith(INHERITED) else INHERITED + why
