"""Stores Slack's reports of people who joined and left an incident's channel: two for each move."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.timeline.entry import Entry
from bot.domain.timeline.memberships import NEARBY, MembershipReport
from storage.engine.dialect import insert
from storage.schema import membership_reports

LIMIT = 200  # reports of one person within a minute: Slack's own limits allow no more
_c = membership_reports.c


async def add(conn: AsyncConnection, number: int, report: MembershipReport) -> bool:
    """Store a report. False if it is stored already: Slack repeated it, or the history has it too."""
    entry = report.entry
    row = insert(conn, membership_reports).values(
        incident=number, user_id=entry.actor, dedup_key=entry.dedup_key, by_message=report.by_message, kind=entry.kind,
        at=entry.at, inviter=entry.data.get("inviter"),
    )  # fmt: skip
    return await conn.scalar(row.on_conflict_do_nothing().returning(_c.dedup_key)) is not None


async def around(conn: AsyncConnection, number: int, report: MembershipReport) -> list[MembershipReport]:
    """The person's other reports of about that time, the oldest first."""
    at = report.entry.at
    rows = sa.select(membership_reports).where(
        _c.incident == number, _c.user_id == report.entry.actor, _c.at.between(at - NEARBY, at + NEARBY)
    )
    reports = [
        MembershipReport(
            Entry(
                row.at, row.kind, row.user_id, row.kind, None, {"inviter": row.inviter} if row.inviter else {},
                row.dedup_key,
            ),
            row.by_message,
        )
        for row in await conn.execute(rows.order_by(_c.at, _c.dedup_key).limit(LIMIT))
    ]  # fmt: skip
    own_key = (report.entry.dedup_key, report.by_message)
    return [other for other in reports if (other.entry.dedup_key, other.by_message) != own_key]


async def keys(conn: AsyncConnection, number: int, user: str) -> set[str]:
    """The dedup keys of all reports about a person."""
    rows = sa.select(_c.dedup_key).where(_c.incident == number, _c.user_id == user)
    return set(await conn.scalars(rows))


async def latest_at(conn: AsyncConnection, number: int, user: str) -> datetime | None:
    """When the person's last reported move was; `None` if none was reported."""
    latest: datetime | None = await conn.scalar(
        sa.select(sa.func.max(_c.at, type_=_c.at.type)).where(_c.incident == number, _c.user_id == user)
    )
    return latest
