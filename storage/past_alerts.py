"""Stores alerts that another tool had, each once, with the words that they are searched by."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.alerts.past_alert import PastAlert
from storage.schema import past_alert_words, past_alerts

MOST_MATCHES = 2_000  # alerts that are ranked for one search: of common words, the newest count
_adapter = TypeAdapter(PastAlert)
_a, _w = past_alerts.c, past_alert_words.c


async def known_ids(conn: AsyncConnection, source: str, externals: Collection[str]) -> set[str]:
    """The IDs of these alerts that are stored already."""
    query = sa.select(_a.external).where(_a.source == source, _a.external.in_(list(externals)))
    return set((await conn.scalars(query)).all())


async def add(conn: AsyncConnection, alerts: Sequence[tuple[PastAlert, Collection[str]]]) -> None:
    """Store alerts that are new, each with its words."""
    if not alerts:
        return
    rows = [
        {"source": alert.source, "external": alert.id, "fired_at": alert.fired_at,
         "state": _adapter.dump_python(alert, mode="json")}
        for alert, _ in alerts
    ]  # fmt: skip
    await conn.execute(sa.insert(past_alerts), rows)
    stored = sa.select(_a.id, _a.source, _a.external).where(
        sa.tuple_(_a.source, _a.external).in_([(alert.source, alert.id) for alert, _ in alerts])
    )
    numbers = {(row.source, row.external): row.id for row in await conn.execute(stored)}
    words = [
        {"word": word, "alert": numbers[alert.source, alert.id]}
        for alert, alert_words in alerts
        for word in dict.fromkeys(alert_words)
    ]
    if words:
        await conn.execute(sa.insert(past_alert_words), words)


async def find(conn: AsyncConnection, words: Collection[str], limit: int) -> list[PastAlert]:
    """Up to `limit` alerts that have most of these words, the newest first among equals.

    Rare words are looked up first, until `MOST_MATCHES` alerts are ranked.
    """
    counts = sa.select(_w.word, sa.func.count().label("alerts")).where(_w.word.in_(list(words))).group_by(_w.word)
    searched: list[str] = []
    matches = 0
    for row in sorted((await conn.execute(counts)).all(), key=lambda row: (row.alerts, row.word)):
        matches += row.alerts
        if searched and matches > MOST_MATCHES:
            break
        searched.append(row.word)
    if not searched:
        return []
    newest = sa.select(_w.alert).where(_w.word.in_(searched)).order_by(_w.alert.desc()).limit(MOST_MATCHES).subquery()
    ranked = sa.select(newest.c.alert, sa.func.count().label("shared")).group_by(newest.c.alert).subquery()
    query = sa.select(_a.state).join(ranked, ranked.c.alert == _a.id)
    query = query.order_by(ranked.c.shared.desc(), _a.fired_at.desc(), _a.id.desc()).limit(limit)
    return [_adapter.validate_python(state) for state in await conn.scalars(query)]


async def delete_before(conn: AsyncConnection, before: datetime, limit: int) -> int:
    """Delete up to `limit` alerts that fired before then. Returns how many."""
    numbers = list(await conn.scalars(sa.select(_a.id).where(_a.fired_at < before).order_by(_a.fired_at).limit(limit)))
    if numbers:
        await conn.execute(sa.delete(past_alert_words).where(_w.alert.in_(numbers)))
        await conn.execute(sa.delete(past_alerts).where(_a.id.in_(numbers)))
    return len(numbers)
