"""Whether the timeline stands as it was written: the hash chain of every incident, and that no incident is missing.

What this cannot see by itself: somebody who may write to the database takes the newest entries away, or makes a chain
anew, and moves the chain's end and the counter with it. For that, keep the ends of the chains (`heads`) elsewhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.timeline.entry import GENESIS, Entry, content_hash, entry_hash, entry_hash_v1, is_from_person
from storage.engine.columns import from_microseconds
from storage.engine.dialect import AnyRow
from storage.schema import chains, counters, incidents, timeline
from storage.timeline.pagination import iter_by_seq

PURGED = "purged"  # the kind of an entry that says which entries before it were purged
FIRST = ""  # in the column `purged`: the entry has a hash of the first kind, and its purge a seal
_c = timeline.c
Head = tuple[int, str]


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is not as it was written. `seq` is the entry's place, where one entry is meant."""

    words: str
    seq: int | None = None


@dataclass(slots=True)
class Report:
    """What was found of one incident. `heads`: the end of its chain as it stands, by which it can be held later."""

    incident: Any
    entries: int = 0
    purged: int = 0
    head: Head | None = None
    faults: list[Fault] = field(default_factory=list)

    def fault(self, words: str, seq: int | None = None) -> None:
        self.faults.append(Fault(words, seq))


async def verify(conn: AsyncConnection, number: int) -> list[str]:
    """What is wrong with the chain, in words; nothing if it is as it was written."""
    return [fault.words for fault in (await chain_of(conn, number)).faults]


async def everything(
    snapshot: Callable[[], AbstractAsyncContextManager[AsyncConnection]], earlier: Mapping[int, Head] = {}
) -> AsyncGenerator[Report, None]:
    """Every incident in order, each in a snapshot of its own, so that the bot may go on writing.

    `earlier`: ends of chains as they stood once; each must still be part of its chain.
    """
    async with snapshot() as conn:
        declared = await _declared(conn)
    if declared is None:
        yield Report(0, faults=[Fault("the counter of incidents is missing")])
    last: Any = None
    expected = 1
    while True:
        async with snapshot() as conn:
            number = await _next_number(conn, last)
            if number is None:
                break
            report = await chain_of(conn, number, earlier.get(number) if isinstance(number, int) else None)
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


async def one(conn: AsyncConnection, number: int, earlier: Head | None = None) -> Report | None:
    """One incident, of which a trace is left; `None` where nothing is known of it."""
    report = await chain_of(conn, number, earlier)
    there = await conn.scalar(sa.select(sa.literal(1)).where(incidents.c.number == number))
    if there is None and not report.entries and report.head is None:
        return None
    await _check_incident(conn, number, report)
    return report


async def chain_of(conn: AsyncConnection, number: Any, earlier: Head | None = None) -> Report:
    """One incident's entries against their hashes, one another, and the end of the chain. Reads in pages."""
    report = Report(number)
    purges = await _purges(conn, number)
    previous, seq, met = GENESIS, 0, earlier is None or earlier[0] == 0
    async for row in iter_by_seq(conn, sa.select(*_WANTED).where(_c.incident == number)):
        if type(row.seq) is not int:
            report.fault(f"an entry has the place {str(row.seq)[:40]!r}, which is none")
            continue
        if row.seq != seq + 1:
            gone = f"entry {seq + 1} is" if row.seq == seq + 2 else f"entries {seq + 1} to {row.seq - 1} are"
            report.fault(f"{gone} missing" if row.seq > seq else f"entry {row.seq} stands before the first")
        elif row.previous != previous:
            report.fault(f"entry {row.seq} does not follow entry {seq}", row.seq)
        _check_entry(report, row, number, purges)
        if earlier is not None and row.seq == earlier[0]:
            met = True
            if row.hash != earlier[1]:
                report.fault(f"entry {row.seq} is not the one that stood there before", row.seq)
        previous, seq = row.hash, row.seq
        report.entries += 1
    for purge in purges:
        purge.check(report)
    await _check_head(conn, number, report, (seq, previous))
    if not met and earlier is not None:
        report.fault(f"entry {earlier[0]}, which was there before, is missing", earlier[0])
    return report


@dataclass(slots=True)
class _Purge:
    """Entries that were purged together. What has a hash of the first kind is held by a seal over all of them."""

    seq: int
    first: int
    last: int
    seal: str | None
    seen: Any = field(default_factory=hashlib.sha256)

    def check(self, report: Report) -> None:
        if self.seal is not None and self.seen.hexdigest() != self.seal:
            report.fault(f"entries {self.first} to {self.last}, which are purged, were changed")


def seal_line(row: Any, at: int) -> bytes:
    """What is sealed of an entry with a hash of the first kind; `at` in microseconds."""
    values = [row.seq, at, row.kind, row.actor, row.source_ts, row.once, bool(row.key), bool(row.by_person)]
    return (json.dumps([*values, row.hash], ensure_ascii=False) + "\n").encode("utf-8", "surrogatepass")


def _check_entry(report: Report, row: AnyRow, number: Any, purges: list[_Purge]) -> None:
    if row.purged is not None:
        report.purged += 1
        purge = next((one for one in purges if one.first <= row.seq <= one.last < one.seq), None)
        if purge is None:
            report.fault(f"entry {row.seq} is marked as purged, and no purge is on the timeline", row.seq)
            return
        if row.purged == FIRST and purge.seal is not None:
            purge.seen.update(seal_line(row, row.at))
            if (row.text, row.data) != ("", "{}"):
                report.fault(f"entry {row.seq} was changed", row.seq)
            return
    if not _fits(row, number):
        report.fault(f"entry {row.seq} was changed", row.seq)


def _fits(row: AnyRow, number: Any) -> bool:
    """Whether the entry has its hash, in either of the kinds there are. Strict about types: SQLite is not."""
    if not (type(row.at) is int and type(row.kind) is type(row.actor) is type(row.text) is type(row.data) is str):
        return False
    if row.key not in (0, 1) or row.by_person not in (0, 1):
        return False
    key, spoken = bool(row.key), bool(row.by_person)
    try:
        item = Entry(from_microseconds(row.at), row.kind, row.actor, "", row.source_ts, {}, row.once, key)
        if row.purged is not None:
            content = row.purged if (row.text, row.data) == ("", "{}") else None
        else:
            content = content_hash(row.text, row.data)
        if entry_hash(row.previous, number, row.seq, item, str(content), by_person=spoken) == row.hash:
            return True
        if row.purged is not None:
            return False
        whole = Entry(item.at, row.kind, row.actor, row.text, row.source_ts, json.loads(row.data), row.once, key)
        return entry_hash_v1(row.previous, number, row.seq, whole) == row.hash and is_from_person(whole) == spoken
    except (ValueError, OverflowError, TypeError, AttributeError):
        return False


async def _check_head(conn: AsyncConnection, number: Any, report: Report, end: Head) -> None:
    found = (
        await conn.execute(sa.select(_raw(chains.c.seq), chains.c.head).where(chains.c.incident == number))
    ).one_or_none()
    if found is None:
        if end[0]:
            report.fault(f"the end of the chain is not kept any more; it ends with entry {end[0]} now")
        return
    report.head = (found.seq, found.head)
    if type(found.seq) is not int:
        report.fault("the end of the chain was changed")
    elif found.seq > end[0]:
        report.fault(f"the last {found.seq - end[0]} of {found.seq} entries are missing")
    elif (found.seq, found.head) != end:
        report.fault(f"the chain was closed at entry {found.seq}, and what stands at its end is something else")


async def _check_incident(conn: AsyncConnection, number: Any, report: Report) -> None:
    there = await conn.scalar(sa.select(sa.literal(1)).where(incidents.c.number == number))
    declared = await _declared(conn)
    if there is None:
        report.fault(f"entries stand for {_name(number)}, and there is no such incident")
    elif not report.entries and not report.faults:
        report.fault(f"{_name(number)} has no entries at all")
    elif declared is not None and number > declared:
        report.fault(f"{_name(number)} is there, though only {declared} were declared")


def _missing(first: int, last: int) -> Report:
    words = f"INC-{first} is missing" if first == last else f"INC-{first} to INC-{last} are missing"
    return Report(first, faults=[Fault(f"{words}: incidents are numbered without gaps")])


def _name(number: Any) -> str:
    return f"INC-{str(number)[:40]}"


async def _declared(conn: AsyncConnection) -> int | None:
    found: int | None = await conn.scalar(sa.select(counters.c.value).where(counters.c.name == "incident"))
    return found


async def _next_number(conn: AsyncConnection, last: Any) -> Any:
    """The next number that any of the three tables knows: each is asked of its primary key."""
    found = []
    for column in (incidents.c.number, chains.c.incident, timeline.c.incident):
        wanted = sa.select(_raw(column)).order_by(column).limit(1)
        if last is not None:
            wanted = wanted.where(column > last)
        if (number := await conn.scalar(wanted)) is not None:
            found.append(number)
    return min(found, key=lambda number: (isinstance(number, str), number), default=None)


async def _purges(conn: AsyncConnection, number: Any) -> list[_Purge]:
    wanted = sa.select(_raw(_c.seq), sa.cast(_c.data, sa.Text)).where(
        _c.incident == number, _c.kind == PURGED, sa.text("kind <> 'message'")
    )
    found = []
    for seq, text in await conn.execute(wanted.order_by(_c.seq)):
        try:
            data = json.loads(text)
            found.append(_Purge(int(seq), int(data["first"]), int(data["last"]), data.get("seal")))
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # it was changed itself, and is found as such
    return found


def _raw(column: sa.Column[Any]) -> sa.ColumnElement[Any]:
    """As the database has it, whatever the column's type makes of it."""
    return sa.type_coerce(column, sa.types.NullType()).label(column.name)


_WANTED = (
    *(_raw(column) for column in _c if column.name not in ("incident", "data")),
    sa.cast(_c.data, sa.Text).label("data"),
)
