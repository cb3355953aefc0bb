"""Walks of playbooks: the whole value as JSON, and beside it the columns that are searched by. Save them with the
incident locked."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.playbook.definition import Playbook
from bot.domain.playbook.run import PlaybookRun
from storage.engine.dialect import insert
from storage.schema import incidents, playbook_reminders, playbooks, walks

_walk = TypeAdapter(PlaybookRun)
_playbook = TypeAdapter(Playbook)
_c = walks.c
# As in the partial indexes, word for word.
_GOING, _OPEN = sa.text("walks.ended_at IS NULL"), sa.text("open")


async def put(conn: AsyncConnection, walk: PlaybookRun) -> None:
    """New, or over what is stored."""
    row = insert(conn, walks).values(_row(walk))
    changed = {name: row.excluded[name] for name in ("ended_at", "state")}
    await conn.execute(row.on_conflict_do_update(index_elements=["incident", "number"], set_=changed))


async def get(conn: AsyncConnection, incident: int, number: int) -> PlaybookRun | None:
    state = await conn.scalar(sa.select(_c.state).where(_c.incident == incident, _c.number == number))
    return None if state is None else _walk.validate_python(state)


async def of_incident(conn: AsyncConnection, incident: int) -> list[PlaybookRun]:
    """In the order in which they were opened."""
    found = await conn.scalars(sa.select(_c.state).where(_c.incident == incident).order_by(_c.number))
    return [_walk.validate_python(state) for state in found]


async def of_playbook(conn: AsyncConnection, playbook: str, limit: int = 1000) -> list[PlaybookRun]:
    """The latest first, drills left out."""
    wanted = sa.select(_c.state).where(_c.playbook == playbook, _c.drill.is_(sa.false()))
    found = await conn.scalars(wanted.order_by(_c.opened_at.desc()).limit(limit))
    return [_walk.validate_python(state) for state in found]


async def going(conn: AsyncConnection) -> list[PlaybookRun]:
    """Every walk that goes on in an open incident."""
    wanted = sa.select(_c.state).join(incidents, incidents.c.number == _c.incident).where(_GOING, _OPEN)
    found = await conn.scalars(wanted.order_by(_c.incident, _c.number))
    return [_walk.validate_python(state) for state in found]


async def walked(conn: AsyncConnection) -> list[str]:
    """The ids of playbooks that were ever opened outside a drill."""
    wanted = sa.select(_c.playbook).where(_c.drill.is_(sa.false())).distinct()
    return sorted(await conn.scalars(wanted))


async def remember(conn: AsyncConnection, playbook: Playbook, now: datetime) -> None:
    """The playbook as it is now, so that a walk does not change with its file. Twice is safe: the first copy stays."""
    document = _playbook.dump_python(playbook, mode="json")
    row = insert(conn, playbooks).values(digest=playbook.digest, playbook=playbook.id, document=document, seen_at=now)
    await conn.execute(row.on_conflict_do_nothing())


async def as_it_was(conn: AsyncConnection, digest: str) -> Playbook | None:
    document = await conn.scalar(sa.select(playbooks.c.document).where(playbooks.c.digest == digest))
    return None if document is None else _playbook.validate_python(document)


async def first_reminder(conn: AsyncConnection, dedup_key: str, playbook: str, now: datetime) -> bool:
    """Whether the owner was not told of this before; from now on they were."""
    row = insert(conn, playbook_reminders).values(once=dedup_key, playbook=playbook, sent_at=now)
    done = await conn.execute(row.on_conflict_do_nothing())
    return bool(done.rowcount)


def _row(walk: PlaybookRun) -> dict[str, Any]:
    return {
        "incident": walk.incident,
        "number": walk.number,
        "playbook": walk.playbook,
        "digest": walk.digest,
        "drill": walk.drill,
        "opened_at": walk.opened_at,
        "ended_at": walk.ended_at,
        "state": _walk.dump_python(walk, mode="json"),
    }
