"""Counts the requests of probes by day (UTC), from which a service's uptime is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import insert
from storage.schema import probe_days

_c = probe_days.c


@dataclass(frozen=True, slots=True)
class ProbeDay:
    """The results of a probe's requests on one day."""

    day: datetime  # its start, in UTC
    succeeded: int
    failed: int

    @property
    def ratio(self) -> float:
        """The share of requests that succeeded, from 0 to 1."""
        return self.succeeded / (self.succeeded + self.failed)


@dataclass(frozen=True, slots=True)
class Uptime:
    """A probe's days, oldest first. Days without a request are missing."""

    days: tuple[ProbeDay, ...]

    @property
    def ratio(self) -> float | None:
        """The share of all their requests that succeeded, from 0 to 1; None without requests."""
        succeeded = sum(day.succeeded for day in self.days)
        total = succeeded + sum(day.failed for day in self.days)
        return succeeded / total if total else None


def day_of(instant: datetime) -> datetime:
    """The start of the instant's day in UTC."""
    return instant.replace(hour=0, minute=0, second=0, microsecond=0)


async def uptime(conn: AsyncConnection, probe: str, since: datetime) -> Uptime:
    """The days of a probe (its ID in the policy) from the day of `since` on."""
    query = sa.select(_c.day, _c.succeeded, _c.failed).where(_c.probe == probe, _c.day >= day_of(since))
    rows = await conn.execute(query.order_by(_c.day))
    return Uptime(tuple(ProbeDay(row.day, row.succeeded, row.failed) for row in rows))


async def count(conn: AsyncConnection, requests: Mapping[tuple[str, datetime], tuple[int, int]]) -> None:
    """Add requests: by probe and day, how many succeeded and failed."""
    if not requests:
        return
    rows = insert(conn, probe_days)
    added = {"succeeded": _c.succeeded + rows.excluded.succeeded, "failed": _c.failed + rows.excluded.failed}
    await conn.execute(
        rows.on_conflict_do_update(index_elements=["probe", "day"], set_=added),
        [
            {"probe": probe, "day": day, "succeeded": succeeded, "failed": failed}
            for (probe, day), (succeeded, failed) in requests.items()
        ],
    )
