"""Stores which occurrences of alerts were told of: each is one fingerprint and one start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.alert import AlertStatus
from bot.domain.alerts.reception import ReceivedAlert, Reception
from storage.engine.dialect import in_list, insert, list_param
from storage.schema import alert_occurrences

CHUNK = 250  # rows in a statement: preparing more at once would hold up the event loop
_c = alert_occurrences.c


def chunks(values: Sequence[Any]) -> list[Sequence[Any]]:
    """The values in parts of at most `CHUNK`."""
    return [values[start : start + CHUNK] for start in range(0, len(values), CHUNK)]


async def known_statuses(conn: AsyncConnection, occurrences: Sequence[str]) -> dict[str, AlertStatus]:
    """The status of each of these occurrences that was told of before."""
    status: dict[str, AlertStatus] = {}
    for part in chunks(occurrences):
        rows = await conn.execute(_select(conn.dialect.name), {"keys": list_param(conn, part)})
        status |= {row.occurrence: AlertStatus.FIRING if row.firing else AlertStatus.RESOLVED for row in rows}
    return status


@cache
def _select(dialect: str) -> Any:
    return sa.select(_c.occurrence, _c.firing).where(in_list(dialect, _c.occurrence, "keys"))


async def save(conn: AsyncConnection, received: Sequence[ReceivedAlert], now: datetime) -> None:
    """Store received occurrences: whether each fires, and when it was last reported."""
    last = {report.alert.occurrence: report.alert for report in received if _is_stored(report)}
    rows = insert(conn, alert_occurrences)
    changed = {"firing": rows.excluded.firing, "last_seen_at": rows.excluded.last_seen_at}
    statement = rows.on_conflict_do_update(index_elements=["occurrence"], set_=changed)
    for part in chunks(list(last.values())):
        await conn.execute(
            statement,
            [
                {
                    "occurrence": alert.occurrence,
                    "firing": alert.status is AlertStatus.FIRING,
                    "first_seen_at": now,
                    "last_seen_at": now,
                }
                for alert in part
            ],
        )


def _is_stored(received: ReceivedAlert) -> bool:
    """Whether it belongs to an occurrence; the end of an alert that did not fire belongs to none."""
    of_none = received.alert.by_state and received.alert.status is AlertStatus.RESOLVED
    return received.reception is not Reception.STALE and not (of_none and received.reception is Reception.REPEATED)


async def ends(conn: AsyncConnection, identities: Sequence[str]) -> dict[str, datetime]:
    """When alerts without a start were last reported as over, by their identities."""
    ended: dict[str, datetime] = {}
    for part in chunks([_end_key(identity) for identity in identities]):
        rows = await conn.execute(_select_ends(conn.dialect.name), {"keys": list_param(conn, part)})
        ended |= {row.occurrence[:-1]: row.ended_at for row in rows}
    return ended


async def save_ends(conn: AsyncConnection, ended: Mapping[str, datetime], now: datetime) -> None:
    """Store when alerts without a start were reported as over, by their identities."""
    rows = insert(conn, alert_occurrences)
    changed = {"ended_at": rows.excluded.ended_at, "last_seen_at": rows.excluded.last_seen_at}
    statement = rows.on_conflict_do_update(index_elements=["occurrence"], set_=changed)
    defaults = {"firing": False, "first_seen_at": now, "last_seen_at": now}
    for part in chunks(sorted(ended.items())):
        values = [{"occurrence": _end_key(identity), "ended_at": at, **defaults} for identity, at in part]
        await conn.execute(statement, values)


def _end_key(identity: str) -> str:
    """The key of the row that keeps an alert's last end; every occurrence has something after the sign."""
    return f"{identity}@"


@cache
def _select_ends(dialect: str) -> Any:
    return sa.select(_c.occurrence, _c.ended_at).where(
        in_list(dialect, _c.occurrence, "keys"), _c.ended_at.is_not(None)
    )
