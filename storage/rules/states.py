"""Stores the states of alerting rules and of probes, so that a restart continues from them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.rules.life import RuleState
from bot.domain.rules.probing import ProbeState
from storage.engine.dialect import insert
from storage.schema import probe_states, rule_states

_State = TypeVar("_State")
CHUNK = 500  # rows in a statement: preparing more at once would hold up the event loop


class StateStore(Generic[_State]):
    """The states of one kind, each by the ID that the policy gives it."""

    def __init__(self, table: sa.Table, key: str, adapter: TypeAdapter[_State]) -> None:
        self._table, self._key, self._adapter = table, key, adapter

    async def all(self, conn: AsyncConnection) -> dict[str, _State]:
        """Every state, by ID."""
        rows = await conn.execute(sa.select(self._table))
        return {row[0]: self._adapter.validate_python(row.state) for row in rows}

    async def save(self, conn: AsyncConnection, states: Sequence[_State]) -> None:
        """Store these states in place of earlier ones."""
        rows = insert(conn, self._table)
        statement = rows.on_conflict_do_update(index_elements=[self._key], set_={"state": rows.excluded.state})
        for start in range(0, len(states), CHUNK):
            part = states[start : start + CHUNK]
            await conn.execute(statement, [self._row(state) for state in part])

    async def forget(self, conn: AsyncConnection, ids: Collection[str]) -> None:
        """Delete the states with these IDs."""
        for state_id in ids:
            await conn.execute(sa.delete(self._table).where(self._table.c[self._key] == state_id))

    def _row(self, state: _State) -> dict[str, Any]:
        return {self._key: getattr(state, self._key), "state": self._adapter.dump_python(state, mode="json")}


RULES = StateStore(rule_states, "rule", TypeAdapter(RuleState))
PROBES = StateStore(probe_states, "probe", TypeAdapter(ProbeState))
