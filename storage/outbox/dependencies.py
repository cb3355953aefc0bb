"""What becomes of the rows that were held for another, when that one ends."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.notice import OnDependencyFailure
from storage.engine.dialect import db_now, in_list, list_param
from storage.schema import outbox

_c = outbox.c
_HELD = sa.text("state = 'held'")  # as in the partial index, word for word


async def free_dependents(conn: AsyncConnection, dedup_keys: Collection[str]) -> None:
    """What was held for these may go."""
    await conn.execute(_free(conn.dialect.name), {"sent": list_param(conn, list(dedup_keys))})


@cache
def _free(dialect: str) -> Any:
    now = db_now(dialect)
    waiting = sa.and_(_HELD, in_list(dialect, _c.needs, "sent"))
    return sa.update(outbox).where(waiting).values(state="queued", next_try_at=now, queued_at=now)


async def end_dependents(conn: AsyncConnection, dedup_keys: Collection[str], state: str, why: str) -> list[str]:
    """Each held row does as it was told for this case; what ends so takes its own dependents along.

    `state` is what became of `onces`: what needed a notice that failed fails, what needed one that nobody needed any
    more is not needed either. Gives back the `dedup_key` of every row that ended so.
    """
    lost: list[str] = []
    ended = dedup_keys
    reason = because(state, why)
    while ended:
        given = {"ended": list_param(conn, list(ended))}
        await conn.execute(_go_on(conn.dialect.name), given)
        gone = await conn.scalars(_end(conn.dialect.name), {**given, "their_state": state, "why": reason})
        ended = sorted(gone)
        lost += ended
    return lost


@cache
def _go_on(dialect: str) -> Any:
    now = db_now(dialect)
    return (
        sa.update(outbox)
        .where(_HELD, in_list(dialect, _c.needs, "ended"), _c.if_need_fails != str(OnDependencyFailure.FAIL))
        .values(
            state="queued",
            redirected=_c.if_need_fails == str(OnDependencyFailure.DIRECT),
            next_try_at=now,
            queued_at=now,
        )
    )


@cache
def _end(dialect: str) -> Any:
    waiting = sa.and_(_HELD, in_list(dialect, _c.needs, "ended"))
    ended = sa.update(outbox).where(waiting).values(state=sa.bindparam("their_state"), error=sa.bindparam("why"))
    return ended.returning(_c.once)


def because(state: str, why: str) -> str:
    """The error of a row that ends with what it needed; the same words however long the chain is."""
    if state == "dropped":
        return why
    start = "what it needed could not be done: "
    return why if why.startswith(start) else start + why
