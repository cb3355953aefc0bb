"""Reads incidents page by page, the newest first."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.incident import Incident
from storage import incidents as stored
from storage.engine.columns import dumps
from storage.schema import incidents, timeline

_c = incidents.c
_OPEN = sa.text("open")  # as in the partial index, word for word
_PRIVATE = sa.text("private")  # the same


@dataclass(frozen=True, slots=True)
class PageFilter:
    """Which incidents to read. An empty field narrows nothing down."""

    open_only: bool = False
    statuses: frozenset[str] = frozenset()
    severities: frozenset[str] = frozenset()
    service: str | None = None
    since: datetime | None = None  # declared then or later
    until: datetime | None = None  # declared before
    before: int | None = None  # only incidents with a smaller number
    at_least: int | None = None  # only incidents with this number or a higher one
    private: bool | None = None  # None: both
    concerning: str | None = None  # a person whom the incident names, or who joined its channel


async def read(conn: AsyncConnection, selection: PageFilter, limit: int) -> list[Incident]:
    """Up to `limit` incidents, the newest first."""
    states = sa.select(stored.STATE).where(*_conditions(selection)).order_by(_c.number.desc()).limit(limit)
    return [stored.ADAPTER.validate_json(state) for state in await conn.scalars(states)]


def _conditions(selection: PageFilter) -> list[Any]:
    conditions: list[Any] = [_OPEN] if selection.open_only else []
    if selection.statuses:
        conditions.append(_c.status.in_(sorted(selection.statuses)))
    if selection.severities:
        conditions.append(_c.severity.in_(sorted(selection.severities)))
    if selection.since is not None:
        conditions.append(_c.declared_at >= selection.since)
    if selection.until is not None:
        conditions.append(_c.declared_at < selection.until)
    if selection.before is not None:
        conditions.append(_c.number < selection.before)
    if selection.private is not None:
        conditions.append(_PRIVATE if selection.private else _c.private.is_(sa.false()))
    if selection.at_least is not None:
        conditions.append(_c.number >= selection.at_least)
    if selection.service is not None:
        conditions.append(_names(sa.cast(_c.state["services"], sa.Text), selection.service))
    if selection.concerning is not None:
        joined = sa.exists().where(
            timeline.c.incident == _c.number,
            timeline.c.kind == "joined",
            sa.text("kind <> 'message'"),
            timeline.c.actor == selection.concerning,
        )
        conditions.append(sa.or_(_names(stored.STATE, selection.concerning), joined))
    return conditions


def _names(stored: sa.ColumnElement[str], text: str) -> sa.ColumnElement[bool]:
    """Whether a text stands by itself in the stored JSON."""
    return stored.contains(dumps(text), autoescape=True)
