"""Leases of work that one replica does at a time, such as evaluating the alerting rules.

Leases go by the wall clock. Each claim by another holder has a higher fence: what a holder commits checks its own.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import insert, microseconds, sql_now, sql_now_plus
from storage.lease import LEASE
from storage.schema import worker_leases

_c = worker_leases.c


async def hold(conn: AsyncConnection, name: str, holder: str, lease: timedelta = LEASE) -> int | None:
    """Take the lease, or extend it if `holder` has it. Returns its fence; None while another has it."""
    new = insert(conn, worker_leases).values(name=name, holder="", fence=0, lease_until=None)
    await conn.execute(new.on_conflict_do_nothing(index_elements=["name"]))
    free = sa.or_(_c.lease_until.is_(None), _c.lease_until <= sql_now(conn.dialect.name))
    is_holder = _c.holder == holder
    row = await conn.execute(
        sa.update(worker_leases)
        .where(_c.name == name, sa.or_(is_holder, free))
        .values(
            holder=holder,
            fence=sa.case((is_holder, _c.fence), else_=_c.fence + 1),
            lease_until=sql_now_plus(conn.dialect.name),
        )
        .returning(_c.fence),
        {"after_us": microseconds(lease)},
    )
    fence: int | None = row.scalar_one_or_none()
    return fence


async def holds(conn: AsyncConnection, name: str, fence: int) -> bool:
    """Whether the claim with this fence is still the newest. Until the transaction ends, nobody else can claim."""
    row = await conn.scalar(sa.select(_c.fence).where(_c.name == name).with_for_update())
    return row == fence


async def release(conn: AsyncConnection, name: str, fence: int) -> None:
    """Let others take the lease at once, unless another has it."""
    await conn.execute(sa.update(worker_leases).where(_c.name == name, _c.fence == fence).values(lease_until=None))
