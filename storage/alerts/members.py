"""Stores the alerts of each group, as last told."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.alert import SOURCE_NAMES, Alert
from bot.domain.alerts.reception import CurrentOccurrence, grade_of
from storage.alerts.occurrences import chunks
from storage.engine.dialect import in_list, insert, list_param
from storage.schema import alert_groups, alerts

PAGE = 500  # alerts read at once
_adapter = TypeAdapter(Alert)
_c = alerts.c
_FIRING = sa.text("firing")  # as in the partial index, word for word


@dataclass(frozen=True, slots=True)
class Member:
    """An alert of a group."""

    group: int
    alert: Alert
    occurrences: int  # how often it fired
    firing: bool


@dataclass(frozen=True, slots=True)
class MemberCount:
    """The numbers of alerts of a group that fire and do not."""

    firing: int = 0
    resolved: int = 0


async def current_occurrences(conn: AsyncConnection, identities: Sequence[str]) -> dict[str, CurrentOccurrence]:
    """The occurrence in which each of these alerts fires, the latest where there are several."""
    current: dict[str, CurrentOccurrence] = {}
    for part in chunks(identities):
        for row in await conn.execute(_where_told(conn.dialect.name), {"identities": list_param(conn, part)}):
            occurrence = current.get(row.identity)
            if occurrence is None or occurrence.starts_at < row.starts_at:
                alert = _adapter.validate_python(row.state)
                current[row.identity] = CurrentOccurrence(row.occurrence, row.starts_at, grade_of(alert), alert.undated)
    return current


async def firing_occurrences(conn: AsyncConnection, identities: Sequence[str]) -> dict[str, list[tuple[int, str]]]:
    """The places where these alerts fire: by identity, the groups with the occurrence that fires in each."""
    firing_by_identity: dict[str, list[tuple[int, str]]] = {}
    for part in chunks(identities):
        for row in await conn.execute(_where_firing(conn.dialect.name), {"identities": list_param(conn, part)}):
            firing_by_identity.setdefault(row.identity, []).append((row.group_number, row.occurrence))
    return firing_by_identity


@cache
def _where_told(dialect: str) -> Any:
    columns = (_c.identity, _c.occurrence, _c.starts_at, _c.state)
    return sa.select(*columns).where(_FIRING, in_list(dialect, _c.identity, "identities"))


@cache
def _where_firing(dialect: str) -> Any:
    columns = (_c.identity, _c.group_number, _c.occurrence)
    return sa.select(*columns).where(_FIRING, in_list(dialect, _c.identity, "identities"))


async def fire(conn: AsyncConnection, members: Sequence[tuple[int, Alert]]) -> None:
    """Store alerts that fire, each in the group of this number. An alert that fired in it before counts once more."""
    await _upsert(conn, members, firing=True)


async def resolve(conn: AsyncConnection, members: Sequence[tuple[int, Alert]]) -> None:
    """Store that these alerts of these groups are over."""
    await _upsert(conn, members, firing=False)


async def _upsert(conn: AsyncConnection, members: Sequence[tuple[int, Alert]], *, firing: bool) -> None:
    rows = insert(conn, alerts)
    changed: dict[str, Any] = {name: rows.excluded[name] for name in ("occurrence", "firing", "starts_at", "state")}
    if firing:
        changed["occurrences"] = _c.occurrences + 1
    statement = rows.on_conflict_do_update(index_elements=["group_number", "identity"], set_=changed)
    for part in chunks(list({(group, alert.identity): (group, alert) for group, alert in members}.values())):
        await conn.execute(
            statement,
            [
                {
                    "group_number": group,
                    "identity": alert.identity,
                    "occurrence": alert.occurrence,
                    "firing": firing,
                    "occurrences": 1,
                    "starts_at": alert.starts_at,
                    "state": _adapter.dump_python(alert, mode="json"),
                }
                for group, alert in part
            ],
        )


async def counts(conn: AsyncConnection, groups: Collection[int]) -> dict[int, MemberCount]:
    """The numbers of alerts of each group that fire and do not."""
    if not groups:
        return {}
    rows = await conn.execute(_counts(conn.dialect.name), {"groups": list_param(conn, sorted(groups))})
    return {row.group_number: MemberCount(row.firing, row.total - row.firing) for row in rows}


@cache
def _counts(dialect: str) -> Any:
    firing = sa.func.sum(sa.case((_c.firing, 1), else_=0)).label("firing")
    query = sa.select(_c.group_number, firing, sa.func.count().label("total"))
    return query.where(in_list(dialect, _c.group_number, "groups")).group_by(_c.group_number)


async def of_group(conn: AsyncConnection, group: int, limit: int, after: Member | None = None) -> list[Member]:
    """Up to `limit` alerts of a group, those that fire first, then the earliest first; `after`: those after this."""
    if after is None:
        return (await of_groups(conn, [group], limit)).get(group, [])
    query = sa.select(_c.group_number, _c.state, _c.occurrences, _c.firing).where(_c.group_number == group)
    starts_at, identity = after.alert.starts_at, after.alert.identity
    later = sa.or_(_c.starts_at > starts_at, sa.and_(_c.starts_at == starts_at, _c.identity > identity))
    following = sa.and_(_c.firing.is_(after.firing), later)
    query = query.where(sa.or_(following, _c.firing.is_(False)) if after.firing else following)
    rows = await conn.execute(query.order_by(_c.firing.desc(), _c.starts_at, _c.identity).limit(limit))
    return [Member(row.group_number, _adapter.validate_python(row.state), row.occurrences, row.firing) for row in rows]


async def firing_pages(conn: AsyncConnection, group: int) -> AsyncIterator[list[Member]]:
    """All alerts of a group that fire, the earliest first, in pages."""
    last: Member | None = None
    while True:
        page = await of_group(conn, group, PAGE, last)
        firing = [member for member in page if member.firing]
        if firing:
            yield firing
        if len(firing) < PAGE:
            return
        last = page[-1]


async def of_groups(conn: AsyncConnection, groups: Collection[int], limit: int) -> dict[int, list[Member]]:
    """Up to `limit` alerts of each of these groups, in the order of `of_group`."""
    if not groups:
        return {}
    members_by_group: dict[int, list[Member]] = {}
    values = {"groups": list_param(conn, sorted(groups)), "most": limit}
    for row in await conn.execute(_of_groups(conn.dialect.name), values):
        alert = _adapter.validate_python(row.state)
        members_by_group.setdefault(row.group_number, []).append(
            Member(row.group_number, alert, row.occurrences, row.firing)
        )
    return members_by_group


@cache
def _of_groups(dialect: str) -> Any:
    order = (_c.firing.desc(), _c.starts_at, _c.identity)
    rank = sa.func.row_number().over(partition_by=_c.group_number, order_by=order).label("place")
    ranked = sa.select(_c.group_number, _c.identity, rank).where(in_list(dialect, _c.group_number, "groups")).subquery()
    same_alert = sa.and_(_c.group_number == ranked.c.group_number, _c.identity == ranked.c.identity)
    rows = sa.select(_c.group_number, _c.state, _c.occurrences, _c.firing).join_from(ranked, alerts, same_alert)
    return rows.where(ranked.c.place <= sa.bindparam("most")).order_by(ranked.c.group_number, ranked.c.place)


async def groups_of_fingerprint(conn: AsyncConnection, fingerprint: str, limit: int) -> list[int]:
    """Up to `limit` numbers of groups that an alert with this fingerprint is in, the newest first."""
    identities = [f"{source}:{fingerprint}" for source in SOURCE_NAMES]
    query = sa.select(_c.group_number).where(_c.identity.in_(identities)).distinct()
    return list(await conn.scalars(query.order_by(_c.group_number.desc()).limit(limit)))


async def labels_since(
    conn: AsyncConnection, since: datetime, most_groups: int, most_alerts: int
) -> list[Mapping[str, str]]:
    """The labels of up to `most_alerts` alerts in the newest `most_groups` groups that changed since then."""
    newest = sa.select(alert_groups.c.number).where(alert_groups.c.changed_at >= since)
    newest = newest.order_by(alert_groups.c.number.desc()).limit(most_groups)
    query = sa.select(_c.state).where(_c.group_number.in_(newest)).limit(most_alerts)
    return [_adapter.validate_python(state).labels for state in await conn.scalars(query)]
