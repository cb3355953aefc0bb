"""Verifies that an incident's row and its ledger are what the entries of its timeline say."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.deadlines import DeadlineState
from bot.domain.incident.seal import LEDGER, SEAL, SEALED_KINDS, reason_seal, seal
from storage import incidents as stored
from storage.engine.dialect import AnyRow
from storage.schema import deadlines, incidents

# What becomes of a deadline that was decided to be sent is up to its delivery.
_DELIVERY = frozenset({DeadlineState.DUE, DeadlineState.SENT, DeadlineState.FAILED, DeadlineState.SKIPPED})
_TO_BE_SENT = frozenset({DeadlineState.DUE, DeadlineState.SENT})


@dataclass(slots=True)
class Attestations:
    """The attestations of one timeline's entries about the incident's other rows: seals and decisions."""

    seal: str | None = None  # over the incident's row
    seal_seq: int = 0  # the entry that has it
    unsealed_seq: int = 0  # the last entry of a sealed kind without a seal, which an earlier version wrote
    erased: bool = False  # texts and data of entries were erased
    # By `dedup_key`: the entry, the state and the seal of the reason.
    decisions: dict[str, tuple[int, str, str]] = field(default_factory=dict)

    def note(self, row: AnyRow) -> None:
        """Note what an entry says, given as it is stored."""
        if row.purged is not None:
            self.erased = True
            return
        data = _data(row.data) if '"_' in str(row.data) else {}
        if isinstance(entry_seal := data.get(SEAL), str):
            self.seal, self.seal_seq = entry_seal, row.seq
        elif row.kind in SEALED_KINDS:
            self.unsealed_seq = row.seq
        for dedup_key, decision in (data.get(LEDGER) or {}).items():
            self.decisions[dedup_key] = (row.seq, str(decision[0]), str(decision[1]))


async def row_faults(conn: AsyncConnection, number: int, vouched: Attestations) -> list[str]:
    """The faults of the incident's row, one sentence each."""
    row = (await conn.execute(sa.select(incidents).where(incidents.c.number == number))).mappings().one_or_none()
    if row is None:
        return []  # reported as such
    try:
        incident = await stored.get(conn, number)
    except (ValidationError, ValueError):
        return ["the incident's row was changed: it cannot be read any more"]
    assert incident is not None  # noqa: S101 - its row is there
    columns = stored.columns(incident)
    changed = sorted(name for name, value in columns.items() if name != "state" and row[name] != value)
    if changed:
        return [f"the incident's row was changed: {', '.join(changed)}"]
    if vouched.seal is None or vouched.unsealed_seq > vouched.seal_seq or seal(incident) == vouched.seal:
        return []
    return [
        f"the incident's row was changed after entry {vouched.seal_seq}: its title, severity, status, roles, times or "
        "who may see it"
    ]


async def ledger_faults(conn: AsyncConnection, number: int, vouched: Attestations) -> list[str]:
    """The faults of the ledger, one sentence each. Of a purged incident it is deleted as well."""
    if vouched.erased or not vouched.decisions:
        return []
    d = deadlines.c
    rows = await conn.execute(sa.select(d.dedup_key, d.state, d.reason).where(d.incident == number))
    by_key = {row.dedup_key: row for row in rows}
    return [
        fault
        for dedup_key, decision in vouched.decisions.items()
        if (fault := _ledger_fault(dedup_key, decision, by_key.get(dedup_key)))
    ]


def _ledger_fault(dedup_key: str, decision: tuple[int, str, str], row: AnyRow | None) -> str | None:
    seq, state, reason = decision
    if row is None:
        return f"the reminder {dedup_key} is missing from the ledger, and entry {seq} decided about it"
    same_reason = reason_seal(row.reason) == reason
    as_decided = row.state == state and same_reason
    if state == DeadlineState.DUE:
        as_decided = row.state in _DELIVERY and (row.state not in _TO_BE_SENT or same_reason)
    return None if as_decided else f"the reminder {dedup_key} was changed in the ledger after entry {seq}"


def _data(text: Any) -> dict[str, Any]:
    try:
        data = json.loads(text)
    except ValueError:
        return {}
    return data if isinstance(data, dict) else {}
