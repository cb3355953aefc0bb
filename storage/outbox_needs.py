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


async def fail_dependents(conn: AsyncConnection, once: str, why: str) -> list[str]:
    """Each held row does as it was told for this case; what fails so takes its own dependents along.

    Gives back the `once` of every row that failed.
    """
    lost: list[str] = []
    ended: Collection[str] = [once]
    reason = because(why)
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
        gone = await conn.scalars(
            sa.update(outbox).where(waiting).values(state="failed", error=reason).returning(_c.once)
        )
        ended = sorted(gone)
        lost += ended
    return lost


def because(why: str) -> str:
    """The error of a row that fails with what it needed; the same words however long the chain is."""
    start = "what it needed could not be done: "
    return why if why.startswith(start) else start + why
