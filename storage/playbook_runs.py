"""Stores each playbook run as one JSON value, with columns beside it to search by.

Lock the incident before saving one of its runs.
"""

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

_run = TypeAdapter(PlaybookRun)
_playbook = TypeAdapter(Playbook)
_c = walks.c
# As in the partial indexes, word for word.
_RUNNING, _OPEN = sa.text("walks.ended_at IS NULL"), sa.text("open")


async def save(conn: AsyncConnection, run: PlaybookRun) -> None:
    """Store a run, new or in place of its earlier state."""
    row = insert(conn, walks).values(_row(run))
    changed = {name: row.excluded[name] for name in ("ended_at", "state")}
    await conn.execute(row.on_conflict_do_update(index_elements=["incident", "number"], set_=changed))


async def get(conn: AsyncConnection, incident: int, number: int) -> PlaybookRun | None:
    """The run with this number in the incident; `None` if there is none."""
    state = await conn.scalar(sa.select(_c.state).where(_c.incident == incident, _c.number == number))
    return None if state is None else _run.validate_python(state)


async def of_incident(conn: AsyncConnection, incident: int) -> list[PlaybookRun]:
    """The incident's runs, in the order in which they were opened."""
    return await _runs(conn, sa.select(_c.state).where(_c.incident == incident).order_by(_c.number))


async def of_playbook(conn: AsyncConnection, playbook: str, limit: int = 1000) -> list[PlaybookRun]:
    """The playbook's runs without drills, the latest first."""
    runs = sa.select(_c.state).where(_c.playbook == playbook, _c.drill.is_(sa.false()))
    return await _runs(conn, runs.order_by(_c.opened_at.desc()).limit(limit))


async def in_public(conn: AsyncConnection, playbook: str, limit: int = 1000) -> list[PlaybookRun]:
    """The same without the runs of private incidents, for figures that people in Slack see."""
    runs = sa.select(_c.state).join(incidents, incidents.c.number == _c.incident)
    runs = runs.where(_c.playbook == playbook, _c.drill.is_(sa.false()), incidents.c.private.is_(sa.false()))
    return await _runs(conn, runs.order_by(_c.opened_at.desc()).limit(limit))


async def running(conn: AsyncConnection) -> list[PlaybookRun]:
    """Every run that has not ended, in an open incident."""
    runs = sa.select(_c.state).join(incidents, incidents.c.number == _c.incident).where(_RUNNING, _OPEN)
    return await _runs(conn, runs.order_by(_c.incident, _c.number))


async def used_playbooks(conn: AsyncConnection) -> list[str]:
    """The IDs of playbooks that were ever opened outside a drill."""
    playbook_ids = sa.select(_c.playbook).where(_c.drill.is_(sa.false())).distinct()
    return sorted(await conn.scalars(playbook_ids))


async def save_playbook(conn: AsyncConnection, playbook: Playbook, now: datetime) -> None:
    """Store the playbook as it is now, so that a run does not change with its file. Calling it twice is safe."""
    document = _playbook.dump_python(playbook, mode="json")
    row = insert(conn, playbooks).values(digest=playbook.digest, playbook=playbook.id, document=document, seen_at=now)
    await conn.execute(row.on_conflict_do_nothing())


async def playbook_version(conn: AsyncConnection, digest: str) -> Playbook | None:
    """The playbook as it was when it had this digest; `None` if it was never stored."""
    document = await conn.scalar(sa.select(playbooks.c.document).where(playbooks.c.digest == digest))
    return None if document is None else _playbook.validate_python(document)


async def claim_reminder(conn: AsyncConnection, dedup_key: str, playbook: str, now: datetime) -> bool:
    """Record that the playbook's owner is reminded of something. False if they were reminded of it before."""
    row = insert(conn, playbook_reminders).values(dedup_key=dedup_key, playbook=playbook, sent_at=now)
    inserted = await conn.execute(row.on_conflict_do_nothing())
    return bool(inserted.rowcount)


async def _runs(conn: AsyncConnection, states: sa.Select[Any]) -> list[PlaybookRun]:
    return [_run.validate_python(state) for state in await conn.scalars(states)]


def _row(run: PlaybookRun) -> dict[str, Any]:
    return {
        "incident": run.incident,
        "number": run.number,
        "playbook": run.playbook,
        "digest": run.digest,
        "drill": run.drill,
        "opened_at": run.opened_at,
        "ended_at": run.ended_at,
        "state": _run.dump_python(run, mode="json"),
    }
