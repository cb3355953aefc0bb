"""Verifies by hash chains that no timeline entry was altered and no incident is missing.

Limits: a person who may write to the database can delete the newest entries, or make a chain anew, and adjust the
chain's head and the incident counter to match. To detect that, keep the heads of the chains (`heads`) elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.timeline.entry import GENESIS, Entry, content_hash, entry_hash, entry_hash_v1, is_from_person
from storage.engine.columns import from_microseconds
from storage.engine.dialect import AnyRow
from storage.schema import chains, counters, incidents, timeline
from storage.timeline.pagination import BY_SEQ, iter_rows
from storage.timeline.verify_rows import Attestations, ledger_faults, row_faults

PURGED = "purged"  # the kind of an entry that says which earlier entries were purged for their age
REDACTED = "redacted"  # the kind of an entry that says which earlier entries were redacted
KEPT_KINDS = frozenset({PURGED, REDACTED})  # never erased themselves: they prove that others were
FIRST = ""  # in the column `purged`: the entry has a hash of the first kind, and its purge has a seal
_c = timeline.c
Head = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """One difference between the record and what was written."""

    message: str
    seq: int | None = None  # the entry's place in the chain, if it is about one entry


@dataclass(slots=True)
class Report:
    """The result for one incident."""

    incident: Any
    entries: int = 0
    purged: int = 0
    head: Head | None = None  # the end of its chain, by which the chain can be checked later
    faults: list[Fault] = field(default_factory=list)
    vouched: Attestations = field(default_factory=Attestations)

    def add_fault(self, message: str, seq: int | None = None) -> None:
        """Add a fault to the report."""
        self.faults.append(Fault(message, seq))


async def chain_faults(conn: AsyncConnection, number: int) -> list[str]:
    """The messages of the faults in an incident's chain; empty if it is intact."""
    return [fault.message for fault in (await verify_chain(conn, number)).faults]


async def verify_all(
    snapshot: Callable[[], AbstractAsyncContextManager[AsyncConnection]], earlier: Mapping[int, Head] = {}
) -> AsyncGenerator[Report, None]:
    """Verify every incident in order, each in a snapshot of its own, so that the bot can go on writing.

    `earlier` are heads of chains that were kept elsewhere; each must still be part of its chain.
    """
    async with snapshot() as conn:
        declared = await _declared_count(conn)
    if declared is None:
        yield Report(0, faults=[Fault("the counter of incidents is missing")])
    last: Any = None
    expected = 1
    while True:
        async with snapshot() as conn:
            number = await _next_number(conn, last)
            if number is None:
                break
            report = await verify_chain(conn, number, earlier.get(number) if isinstance(number, int) else None)
            await _check_incident(conn, number, report)
        if isinstance(number, int):
            if number > expected:
                yield _missing(expected, number - 1)
            expected = max(expected, number + 1)
        yield report
        last = number
    if (declared or 0) >= expected:
        yield _missing(expected, declared or 0)
    for number in sorted(number for number in earlier if number >= max(expected, (declared or 0) + 1)):
        yield Report(number, faults=[Fault(f"INC-{number} is missing: it was there before")])


async def verify_incident(conn: AsyncConnection, number: int, earlier: Head | None = None) -> Report | None:
    """Verify one incident; `None` if nothing is left of it, or it never existed."""
    report = await verify_chain(conn, number, earlier)
    exists = await conn.scalar(sa.select(sa.literal(1)).where(incidents.c.number == number))
    if exists is None and not report.entries and report.head is None:
        return None
    await _check_incident(conn, number, report)
    return report


async def verify_chain(conn: AsyncConnection, number: Any, earlier: Head | None = None) -> Report:
    """Check an incident's entries against their hashes, each other and the head of the chain. Reads in pages."""
    report = Report(number)
    purges = await _purges(conn, number)
    previous, seq, met = GENESIS, 0, earlier is None or earlier[0] == 0
    async for row in iter_rows(conn, sa.select(*_COLUMNS).where(_c.incident == number), BY_SEQ):
        if type(row.seq) is not int:
            report.add_fault(f"an entry has the place {str(row.seq)[:40]!r}, which is not a number")
            continue
        if row.seq != seq + 1:
            gap = f"entry {seq + 1} is" if row.seq == seq + 2 else f"entries {seq + 1} to {row.seq - 1} are"
            report.add_fault(f"{gap} missing" if row.seq > seq else f"entry {row.seq} is before the first")
        elif row.previous != previous:
            report.add_fault(f"entry {row.seq} does not follow entry {seq}", row.seq)
        _check_entry(report, row, number, purges)
        report.vouched.note(row)
        if earlier is not None and row.seq == earlier[0]:
            met = True
            if row.hash != earlier[1]:
                report.add_fault(f"entry {row.seq} is not the one that was there before", row.seq)
        previous, seq = row.hash, row.seq
        report.entries += 1
    for purge in purges:
        purge.check(report)
    await _check_head(conn, number, report, (seq, previous))
    if not met and earlier is not None:
        report.add_fault(f"entry {earlier[0]}, which was there before, is missing", earlier[0])
    return report


@dataclass(slots=True)
class _Purge:
    """Entries that were erased together. A seal covers those with a hash of the first kind."""

    seq: int  # of the entry that names them
    seqs: Collection[int]
    seal: str | None
    seen: Any = field(default_factory=hashlib.sha256)

    def check(self, report: Report) -> None:
        """Compare the seal with the entries seen."""
        if self.seal is not None and self.seen.hexdigest() != self.seal:
            report.add_fault(f"entries {min(self.seqs)} to {max(self.seqs)}, which are purged, were changed")


def seal_line(row: Any, at: int) -> bytes:
    """The bytes of an entry that a seal covers, if its hash is of the first kind; `at` is in microseconds."""
    values = [row.seq, at, row.kind, row.actor, row.source_ts, row.dedup_key, bool(row.key), bool(row.by_person)]
    return (json.dumps([*values, row.hash], ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def _check_entry(report: Report, row: AnyRow, number: Any, purges: list[_Purge]) -> None:
    if row.purged is not None:
        report.purged += 1
        purge = next((purge for purge in purges if row.seq in purge.seqs and row.seq < purge.seq), None)
        if purge is None:
            report.add_fault(f"entry {row.seq} is marked as purged, and no purge is on the timeline", row.seq)
            return
        if row.purged == FIRST and purge.seal is not None:
            purge.seen.update(seal_line(row, row.at))
            if (row.text, row.data) != ("", "{}"):
                report.add_fault(f"entry {row.seq} was changed", row.seq)
            return
    if not _hash_fits(row, number):
        report.add_fault(f"entry {row.seq} was changed", row.seq)


def _hash_fits(row: AnyRow, number: Any) -> bool:
    """Whether the entry has its hash, of either kind. It is strict about types, since SQLite is not."""
    if not (type(row.at) is int and type(row.kind) is type(row.actor) is type(row.text) is type(row.data) is str):
        return False
    if row.key not in (0, 1) or row.by_person not in (0, 1):
        return False
    key, spoken = bool(row.key), bool(row.by_person)
    try:
        item = Entry(from_microseconds(row.at), row.kind, row.actor, "", row.source_ts, {}, row.dedup_key, key)
        if row.purged is not None:
            content = row.purged if (row.text, row.data) == ("", "{}") else None
        else:
            content = content_hash(row.text, row.data)
        if entry_hash(row.previous, number, row.seq, item, str(content), by_person=spoken) == row.hash:
            return True
        if row.purged is not None:
            return False
        data = json.loads(row.data)
        full_entry = Entry(item.at, row.kind, row.actor, row.text, row.source_ts, data, row.dedup_key, key)
        return (
            entry_hash_v1(row.previous, number, row.seq, full_entry) == row.hash
            and is_from_person(full_entry) == spoken
        )
    except (ValueError, OverflowError, TypeError, AttributeError):
        return False


async def _check_head(conn: AsyncConnection, number: Any, report: Report, end: Head) -> None:
    """Compare the end of the chain as it was read with the stored head."""
    head = sa.select(_raw(chains.c.seq), chains.c.head).where(chains.c.incident == number)
    row = (await conn.execute(head)).one_or_none()
    if row is None:
        if end[0]:
            report.add_fault(f"the head of the chain is missing; the chain ends with entry {end[0]} now")
        return
    report.head = (row.seq, row.head)
    if type(row.seq) is not int:
        report.add_fault("the head of the chain was changed")
    elif row.seq > end[0]:
        report.add_fault(f"the last {row.seq - end[0]} of {row.seq} entries are missing")
    elif (row.seq, row.head) != end:
        report.add_fault(f"the head of the chain is at entry {row.seq}, and the chain ends otherwise")


async def _check_incident(conn: AsyncConnection, number: Any, report: Report) -> None:
    exists = await conn.scalar(sa.select(sa.literal(1)).where(incidents.c.number == number))
    declared = await _declared_count(conn)
    if exists is None:
        report.add_fault(f"there are entries for {_name(number)}, and there is no such incident")
    elif not report.entries and not report.faults:
        report.add_fault(f"{_name(number)} has no entries at all")
    elif declared is not None and number > declared:
        report.add_fault(f"{_name(number)} exists, but only {declared} were declared")
    if exists is not None:
        for fault in await row_faults(conn, number, report.vouched) + await ledger_faults(conn, number, report.vouched):
            report.add_fault(fault)


def _missing(first: int, last: int) -> Report:
    subject = f"INC-{first} is missing" if first == last else f"INC-{first} to INC-{last} are missing"
    return Report(first, faults=[Fault(f"{subject}: incidents are numbered without gaps")])


def _name(number: Any) -> str:
    return f"INC-{str(number)[:40]}"


async def _declared_count(conn: AsyncConnection) -> int | None:
    """The number of incidents ever declared; `None` if the counter is missing."""
    value: int | None = await conn.scalar(sa.select(counters.c.value).where(counters.c.name == "incident"))
    return value


async def _next_number(conn: AsyncConnection, last: Any) -> Any:
    """The next number after `last` in any of the three tables, each by its primary key; `None` at the end."""
    numbers = []
    for column in (incidents.c.number, chains.c.incident, timeline.c.incident):
        following = sa.select(_raw(column)).order_by(column).limit(1)
        if last is not None:
            following = following.where(column > last)
        if (number := await conn.scalar(following)) is not None:
            numbers.append(number)
    return min(numbers, key=lambda number: (isinstance(number, str), number), default=None)


async def _purges(conn: AsyncConnection, number: Any) -> list[_Purge]:
    rows = sa.select(_raw(_c.seq), _raw(_c.kind), sa.cast(_c.data, sa.Text)).where(
        _c.incident == number, _c.kind.in_(sorted(KEPT_KINDS)), sa.text("kind <> 'message'")
    )
    purges = []
    for seq, kind, text in await conn.execute(rows.order_by(_c.seq)):
        try:
            data = json.loads(text)
            seqs = range(int(data["first"]), int(data["last"]) + 1) if kind == PURGED else frozenset(data["seqs"])
            purges.append(_Purge(int(seq), seqs, data.get("seal")))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # the entry itself was changed, which `_check_entry` reports
    return purges


def _raw(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """The column as the database has it, without the conversion of its type."""
    return sa.type_coerce(column, sa.types.NullType()).label(column.key)


_COLUMNS = (
    *(_raw(column) for column in _c if column.key not in ("incident", "data")),
    sa.cast(_c.data, sa.Text).label("data"),
)
