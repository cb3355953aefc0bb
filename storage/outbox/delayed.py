"""Finds the notices that could not be posted while Slack was down, and ends those that a digest replaces."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.routing.digests import ANNOUNCEMENT, GATHERED, WITHHELD
from bot.domain.routing.notice import NoticeKind, Priority
from bot.domain.values.outage_span import NOTICED_LATE, OutageSpan
from storage.engine.dialect import in_list, list_param, sql_now, sql_now_plus
from storage.outbox.dependencies import end_dependents
from storage.schema import incidents, outbox, timeline

_c = outbox.c
_UNSENT = sa.text("state NOT IN ('sent', 'dropped')")  # as in the partial index, word for word
_KEY = sa.text("key")  # likewise
_WAKEABLE = sa.and_(
    sa.text("state IN ('queued', 'unknown', 'leased')"), _c.state != "leased",
    sa.or_(_c.kind.not_in([str(kind) for kind in WITHHELD]), _c.uncertain),
)  # fmt: skip
_WAITING = ("held", "queued", "unknown", "leased")
MOST_RANKS = Priority.CARD - Priority.CHANNEL - 1  # Slack lets few channels be made: by priority, not only by time
TOLD = "told in the digest of what happened while Slack was down"


class WaitingNotice(NamedTuple):
    """A notice of an incident that waits to be sent."""

    id: int
    dedup_key: str
    kind: str
    payload: dict[str, Any]
    state: str
    uncertain: bool
    deadline: str | None


async def affected_incidents(conn: AsyncConnection, span: OutageSpan, kinds: Collection[str]) -> list[int]:
    """The incidents with messages that wait, or with entries of these kinds from the outage."""
    waiting = sa.select(_c.incident).where(
        _UNSENT, _c.kind.in_([str(kind) for kind in WITHHELD]), _c.created_at <= span.until_wall,
        _c.incident.is_not(None),
    )  # fmt: skip
    i, t = incidents.c, timeline.c
    told_entry = (t.incident == i.number) & t.at.between(span.since, span.until) & t.kind.in_(sorted(kinds))
    busy = sa.select(i.number).where(i.open | (i.ended_at >= span.since), sa.exists().where(told_entry))
    key = t.at.between(span.since, span.until) & t.kind.in_(sorted(kinds)) & _KEY  # also of one that ended before
    results = [
        await conn.scalars(query) for query in (waiting.distinct(), busy, sa.select(t.incident).where(key).distinct())
    ]
    return sorted({number for numbers in results for number in numbers})


async def waiting(conn: AsyncConnection, number: int, until_wall: datetime) -> list[WaitingNotice]:
    """The messages to the channel and under the announcement that were queued by then, in order."""
    columns = (_c.id, _c.dedup_key, _c.kind, _c.payload, _c.state, _c.uncertain, _c.deadline)
    rows = sa.select(*columns).where(
        _c.incident == number, _c.state.in_(_WAITING), _c.created_at <= until_wall,
        _c.kind.in_([str(kind) for kind in WITHHELD]),
    )  # fmt: skip
    return [WaitingNotice(*row) for row in await conn.execute(rows.order_by(_c.id).with_for_update())]


async def payloads_beside_digest(conn: AsyncConnection, number: int, span: OutageSpan) -> list[dict[str, Any]]:
    """The payloads of messages from the time of the outage that tell by themselves: sent, or queued after its end.

    Digests of an earlier outage that were sent since then are among them.
    """
    kinds = [str(kind) for kind in (*GATHERED, NoticeKind.DIGEST)]
    rows = sa.select(_c.payload).where(
        _c.incident == number, _c.kind.in_(kinds), _c.created_at >= span.since_wall - NOTICED_LATE,
        sa.or_(_c.state == "sent", (_c.created_at > span.until_wall) & (_c.kind != str(NoticeKind.DIGEST))),
    )  # fmt: skip
    this = span.until.isoformat()
    return [
        payload
        for payload in await conn.scalars(rows)
        if payload.get("place") != ANNOUNCEMENT and payload.get("until") != this
    ]


async def payloads_in_digest(conn: AsyncConnection, number: int, span: OutageSpan) -> list[dict[str, Any]]:
    """The payloads of news and updates from the time of the outage that were dropped for the digest."""
    rows = sa.select(_c.payload).where(
        _c.incident == number, _c.state == "dropped", _c.created_at >= span.since_wall - NOTICED_LATE,
        _c.kind.in_([str(kind) for kind in GATHERED]), _c.error == TOLD,
    )  # fmt: skip
    return list(await conn.scalars(rows))


async def end(conn: AsyncConnection, notices: Sequence[WaitingNotice]) -> None:
    """End these notices and their dependents: a digest replaces them."""
    if not notices:
        return
    values = {"ids": list_param(conn, [notice.id for notice in notices]), "why": TOLD}
    await conn.execute(_end(conn.dialect.name), values)
    await end_dependents(conn, [notice.dedup_key for notice in notices], "dropped", TOLD)


@cache
def _end(dialect: str) -> Any:
    is_unfinished = sa.and_(in_list(dialect, _c.id, "ids"), _c.state.in_(("held", "queued", "unknown")))
    return sa.update(outbox).where(is_unfinished).values(state="dropped", error=sa.bindparam("why"))


async def wake_worst_first(conn: AsyncConnection, severities: Sequence[str]) -> None:
    """Make what waits for another attempt claimable now, in the order of these severities.

    What belongs to no incident, and to one that has ended, comes last; what is told in digests is left to `gather`.
    """
    await wake(conn)
    earlier = sql_now_plus(conn.dialect.name)
    for rank, severity in enumerate(severities):
        of_severity = sa.select(incidents.c.number).where(incidents.c.open, incidents.c.severity == severity)
        sooner = sa.update(outbox).where(_WAKEABLE, _c.incident.in_(of_severity))
        values = {"after_us": -1_000_000 * (len(severities) - rank)}
        await conn.execute(sooner.values(next_try_at=earlier, queued_at=earlier), values)
        channels = sa.update(outbox).where(_WAKEABLE, _c.incident.in_(of_severity), _c.kind == str(NoticeKind.CHANNEL))
        await conn.execute(channels.values(priority=Priority.CHANNEL + min(rank, MOST_RANKS)))


async def wake(conn: AsyncConnection, incident: int | None = None) -> None:
    """Make what waits for another attempt claimable now, except what is told in digests; of one incident, or of all."""
    now = sql_now(conn.dialect.name)
    of_incident = sa.true() if incident is None else _c.incident == incident
    await conn.execute(sa.update(outbox).where(_WAKEABLE, of_incident, _c.next_try_at > now).values(next_try_at=now))
