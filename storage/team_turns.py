"""Stores how often a member of each team was paged in turn, so that each page goes to the next."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.dialect import insert
from storage.schema import team_turns

_c = team_turns.c


async def read(conn: AsyncConnection, teams: Sequence[str]) -> Mapping[str, int]:
    """The turns of these teams so far; a team that is not there had none."""
    if not teams:
        return {}
    query = sa.select(_c.team, _c.turns).where(_c.team.in_(sorted(teams))).order_by(_c.team)
    return {row.team: row.turns for row in await conn.execute(query)}


async def advance(conn: AsyncConnection, team: str) -> None:
    """Give the turn to the next member."""
    row = insert(conn, team_turns).values(team=team, turns=1)
    await conn.execute(row.on_conflict_do_update(index_elements=["team"], set_={"turns": _c.turns + 1}))
