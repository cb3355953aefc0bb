"""Stores the question whether an incident is resolved, since its alerts are over: one row for each incident."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import AnyRow, insert
from storage.schema import alert_proposals

_c = alert_proposals.c


class ProposalState(StrEnum):
    """The state of the question. The values are persisted."""

    ASKED = "asked"
    KEPT_OPEN = "kept_open"
    FIRED_AGAIN = "fired_again"


@dataclass(frozen=True, slots=True)
class Proposal:
    """The latest question of an incident."""

    incident: int
    turn: int  # how often it was asked
    group: int  # number of the group that resolved last
    state: ProposalState
    answered_by: str | None = None  # Slack ID of the person who keeps it open


async def ask(conn: AsyncConnection, incident: int, group: int) -> Proposal:
    """Store that the question is asked: for the first time, or once more as its next turn."""
    rows = insert(conn, alert_proposals)
    values = {"incident": incident, "turn": 1, "group_number": group, "state": str(ProposalState.ASKED)}
    changed: dict[str, Any] = {
        "turn": _c.turn + 1, "group_number": group, "state": str(ProposalState.ASKED), "answered_by": None,
    }  # fmt: skip
    statement = rows.on_conflict_do_update(index_elements=["incident"], set_=changed).returning(alert_proposals)
    return _proposal((await conn.execute(statement, values)).one())


async def of_incident(conn: AsyncConnection, incident: int) -> Proposal | None:
    """The latest question; `None` if it was never asked."""
    row = (await conn.execute(sa.select(alert_proposals).where(_c.incident == incident))).one_or_none()
    return None if row is None else _proposal(row)


async def fire_again(conn: AsyncConnection, incidents: Collection[int]) -> list[Proposal]:
    """Withdraw the questions of these incidents that nobody answered. Returns them."""
    withdrawn = []
    for number in sorted(incidents):
        open_question = sa.and_(_c.incident == number, _c.state == str(ProposalState.ASKED))
        update = sa.update(alert_proposals).where(open_question).values(state=str(ProposalState.FIRED_AGAIN))
        withdrawn += [_proposal(row) for row in await conn.execute(update.returning(alert_proposals))]
    return withdrawn


async def keep_open(conn: AsyncConnection, incident: int, turn: int, by: str) -> bool:
    """Answer the question of this turn; `False` if it is no longer asked."""
    open_question = sa.and_(_c.incident == incident, _c.turn == turn, _c.state == str(ProposalState.ASKED))
    update = sa.update(alert_proposals).where(open_question)
    result = await conn.execute(update.values(state=str(ProposalState.KEPT_OPEN), answered_by=by).returning(_c.turn))
    return result.one_or_none() is not None


def _proposal(row: AnyRow) -> Proposal:
    return Proposal(row.incident, row.turn, row.group_number, ProposalState(row.state), row.answered_by)
