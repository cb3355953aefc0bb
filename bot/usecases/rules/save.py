"""Commits the states of rules and probes on the replica that holds the lease, and passes their alerts on."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TypeVar

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.alert import Alert, AlertBatch
from bot.usecases.alerts.receive import receive_alerts
from bot.usecases.context import Context
from storage.rules import leases
from storage.rules.states import StateStore

_State = TypeVar("_State")
AT_ONCE = 2000  # alerts that are received in one transaction


class LeaseLost(Exception):
    """Another replica has taken over the lease. Nothing was written, and the states of this one may be outdated."""


async def save_states(
    context: Context,
    lease: str,
    fence: int,
    store: StateStore[_State],
    states: Sequence[_State],
    gone: Collection[str] = (),
) -> None:
    """Write states, and delete those in `gone`, if this replica still holds the lease. Raises `LeaseLost`."""
    async with context.database.serialized() as conn:
        await check_lease(conn, lease, fence)
        await store.save(conn, states)
        await store.forget(conn, gone)


async def check_lease(conn: AsyncConnection, lease: str, fence: int) -> None:
    """Keep the lease until the transaction ends. Raises `LeaseLost` if another replica has it."""
    if not await leases.holds(conn, lease, fence):
        raise LeaseLost(lease)


async def pass_on(context: Context, alerts: Sequence[Alert]) -> None:
    """Receive alerts like those of any other source. Passing the same alert on again changes nothing."""
    for start in range(0, len(alerts), AT_ONCE):
        await receive_alerts(context, AlertBatch(tuple(alerts[start : start + AT_ONCE])))
