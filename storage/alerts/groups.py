"""Stores each group of alerts as one JSON value, with columns beside it to search by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.alert import AlertStatus
from bot.domain.alerts.group import AlertGroup, Decision
from bot.domain.alerts.view import AlertTotals
from storage.alerts.occurrences import chunks
from storage.engine.dialect import in_list, insert_all, list_param
from storage.schema import alert_groups, alerts, counters

_adapter = TypeAdapter(AlertGroup)
_c = alert_groups.c
_COUNTER = "alert_group"
_COLUMNS = ("firing", "decision", "incident", "inhibited_by", "changed_at", "decided_at", "state")  # that change
_CHUNK = 500  # groups read at once
_LOCK = sa.select(counters.c.value).where(counters.c.name == _COUNTER).with_for_update()
_FIRING = sa.text("firing")  # as in the partial index, word for word
_FIRING_GROUPS = sa.text("alert_groups.firing")  # where another table has a column of that name
_NEWEST = sa.text("newest")
_DECLARED = sa.text("decision = 'declared'")


async def lock_all(conn: AsyncConnection) -> int:
    """Keep every group from other writers until the transaction ends. Returns the highest number in use.

    Take it before an incident's lock: then no two processes wait for each other.
    """
    return int((await conn.execute(_LOCK)).scalar_one())


async def set_highest_number(conn: AsyncConnection, number: int) -> None:
    """Store the highest number in use; lock the groups first."""
    await conn.execute(sa.update(counters).where(counters.c.name == _COUNTER).values(value=number))


async def newest_by_key(conn: AsyncConnection, keys: Collection[str]) -> dict[str, AlertGroup]:
    """The newest group of each of these keys, as far as there is one."""
    newest: dict[str, AlertGroup] = {}
    for part in chunks(sorted(keys)):
        states = await conn.scalars(_by_key(conn.dialect.name), {"keys": list_param(conn, part)})
        newest |= {group.key: group for group in map(_adapter.validate_python, states)}
    return newest


@cache
def _by_key(dialect: str) -> Any:
    return sa.select(_c.state).where(_NEWEST, in_list(dialect, _c.key, "keys"))


async def get_many(conn: AsyncConnection, numbers: Collection[int]) -> dict[int, AlertGroup]:
    """The groups with these numbers, as far as they exist."""
    groups: dict[int, AlertGroup] = {}
    for part in chunks(sorted(numbers)):
        states = await conn.scalars(_by_number(conn.dialect.name), {"numbers": list_param(conn, part)})
        groups |= {group.number: group for group in map(_adapter.validate_python, states)}
    return groups


@cache
def _by_number(dialect: str) -> Any:
    return sa.select(_c.state).where(in_list(dialect, _c.number, "numbers"))


async def get(conn: AsyncConnection, number: int) -> AlertGroup | None:
    """The group; `None` if there is none with this number."""
    return (await get_many(conn, [number])).get(number)


async def open_many(conn: AsyncConnection, groups: Sequence[AlertGroup]) -> None:
    """Store new groups. Each takes the place of the newest with its key."""
    for part in chunks(groups):
        keys = list_param(conn, [group.key for group in part])
        await conn.execute(_displace(conn.dialect.name), {"keys": keys})
        await insert_all(conn, alert_groups, [_row(group) for group in part])


@cache
def _displace(dialect: str) -> Any:
    return sa.update(alert_groups).where(_NEWEST, in_list(dialect, _c.key, "keys")).values(newest=False)


async def save_many(conn: AsyncConnection, groups: Sequence[AlertGroup]) -> None:
    """Store groups that changed."""
    for part in chunks(groups):
        rows = [_row(group) for group in part]
        await conn.execute(_save(), [{"this": row["number"], **{f"new_{c}": row[c] for c in _COLUMNS}} for row in rows])


@cache
def _save() -> Any:
    changed = {name: sa.bindparam(f"new_{name}", type_=_c[name].type) for name in _COLUMNS}
    return sa.update(alert_groups).where(_c.number == sa.bindparam("this")).values(changed)


async def firing(conn: AsyncConnection, limit: int, before: int | None = None) -> list[AlertGroup]:
    """Up to `limit` groups that fire, the newest first; `before`: those with a lower number only."""
    query = sa.select(_c.state).where(_FIRING).order_by(_c.number.desc()).limit(limit)
    return await _list(conn, query if before is None else query.where(_c.number < before))


async def firing_numbers(conn: AsyncConnection, decision: Decision) -> list[int]:
    """The numbers of all groups that fire and have this decision, the newest first."""
    query = sa.select(_c.number).where(_FIRING, _c.decision == str(decision))
    return list(await conn.scalars(query.order_by(_c.number.desc())))


async def count_firing(conn: AsyncConnection) -> dict[str, int]:
    """The number of groups that fire, by decision."""
    rows = await conn.execute(sa.select(_c.decision, sa.func.count()).where(_FIRING).group_by(_c.decision))
    return {decision: count for decision, count in rows}


async def newest(conn: AsyncConnection, limit: int, before: int | None = None) -> list[AlertGroup]:
    """Up to `limit` groups, the newest first; `before`: those with a lower number only."""
    query = sa.select(_c.state).order_by(_c.number.desc()).limit(limit)
    return await _list(conn, query if before is None else query.where(_c.number < before))


async def of_incident(conn: AsyncConnection, incident: int, limit: int, offset: int = 0) -> list[AlertGroup]:
    """Up to `limit` groups of an incident, those that fire first, then the newest first."""
    query = sa.select(_c.state).where(_c.incident == incident).order_by(_c.firing.desc(), _c.number.desc())
    return await _list(conn, query.limit(limit).offset(offset))


async def opened_since(conn: AsyncConnection, since: datetime, limit: int) -> list[AlertGroup]:
    """Up to `limit` groups that opened since then, the newest first: they open in the order of their numbers."""
    groups: list[AlertGroup] = []
    below: int | None = None
    while len(groups) < limit:
        query = sa.select(_c.state).order_by(_c.number.desc()).limit(min(_CHUNK, limit - len(groups)))
        part = await _list(conn, query if below is None else query.where(_c.number < below))
        groups += [group for group in part if group.opened_at >= since]
        if not part or part[-1].opened_at < since:
            break
        below = part[-1].number
    return groups


async def inhibited_by(conn: AsyncConnection, numbers: Collection[int]) -> list[int]:
    """The numbers of the groups that these keep quiet."""
    if not numbers:
        return []
    return list(
        await conn.scalars(_select_inhibited(conn.dialect.name), {"numbers": list_param(conn, sorted(numbers))})
    )


@cache
def _select_inhibited(dialect: str) -> Any:
    return sa.select(_c.number).where(in_list(dialect, _c.inhibited_by, "numbers")).order_by(_c.number)


async def fires_in_incident(conn: AsyncConnection, incident: int) -> bool:
    """Whether a group of this incident fires."""
    return await conn.scalar(sa.select(_c.number).where(_c.incident == incident, _c.firing).limit(1)) is not None


async def totals(conn: AsyncConnection, incident: int | None) -> AlertTotals:
    """The true numbers of the groups of an incident and of their alerts; without an incident, of all that fire."""
    chosen = _FIRING_GROUPS if incident is None else _c.incident == incident
    firing_groups = sa.func.coalesce(sa.func.sum(sa.case((_c.firing, 1), else_=0)), 0)
    count, firing_count = (await conn.execute(sa.select(sa.func.count(), firing_groups).where(chosen))).one()
    of_groups = sa.select(sa.func.count()).join_from(alert_groups, alerts, alerts.c.group_number == _c.number)
    return AlertTotals(count, firing_count, int(await conn.scalar(of_groups.where(chosen)) or 0))


async def declared_since(conn: AsyncConnection, since: datetime, limit: int) -> list[AlertGroup]:
    """Up to `limit` groups that declared an incident after `since`, the newest declaration first."""
    query = sa.select(_c.state).where(_DECLARED, _c.decided_at > since).order_by(_c.decided_at.desc(), _c.number.desc())
    return await _list(conn, query.limit(limit))


async def _list(conn: AsyncConnection, statement: Any) -> list[AlertGroup]:
    return [_adapter.validate_python(state) for state in await conn.scalars(statement)]


def _row(group: AlertGroup) -> dict[str, Any]:
    return {
        "number": group.number,
        "key": group.key,
        "newest": True,
        "firing": group.state is AlertStatus.FIRING,
        "decision": str(Decision(group.decision)),
        "incident": group.incident,
        "inhibited_by": group.inhibited_by,
        "changed_at": group.changed_at,
        "decided_at": group.decided_at,
        "state": _adapter.dump_python(group, mode="json"),
    }
