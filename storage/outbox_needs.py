"""What becomes of the rows that were held for another, when that one ends."""

from __future__ import annotations

from collections.abc import Collection

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.notices import IfNeedFails
from storage.schema import outbox
from storage.sql import among, wall

_c = outbox.c
_HELD = sa.text("state = 'held'")  # as in the partial index, word for word


async def free_dependents(conn: AsyncConnection, once: str) -> None:
    now = wall(conn)
    waiting = sa.and_(_HELD, _c.needs == once)
    await conn.execute(sa.update(outbox).where(waiting).values(state="queued", next_try_at=now, queued_at=now))


async def end_dependents(conn: AsyncConnection, once: str, state: str, why: str) -> list[str]:
    """Each held row does as it was told for this case; what ends so takes its own dependents along.

    `state` is what became of `once`: what needed a notice that failed fails, what needed one that nobody needed any
    more is not needed either. Gives back the `once` of every row that ended so.
    """
    lost: list[str] = []
    ended: Collection[str] = [once]
    reason = because(state, why)
    while ended:
        waiting = sa.and_(_HELD, among(conn, _c.needs, ended))
        now = wall(conn)
        await conn.execute(
            sa.update(outbox)
            .where(waiting, _c.if_need_fails != str(IfNeedFails.FAIL))
            .values(
                state="queued",
                redirected=_c.if_need_fails == str(IfNeedFails.DIRECT),
                next_try_at=now,
                queued_at=now,
            )
        )
        gone = await conn.scalars(sa.update(outbox).where(waiting).values(state=state, error=reason).returning(_c.once))
        ended = sorted(gone)
        lost += ended
    return lost


def because(state: str, why: str) -> str:
    """The error of a row that ends with what it needed; the same words however long the chain is."""
    if state == "dropped":
        return why
    start = "what it needed could not be done: "
    return why if why.startswith(start) else start + why
