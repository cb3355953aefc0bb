"""Copies rows of the database in sets: a complete incident, a group of alerts, a publication.

What is copied was made by the bot itself, so that every table that it writes grows as it would in use. The hash chains
of copies do not hold, which only `tocsin verify` reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.engine.columns import Instant
from storage.schema import metadata

_SERIES = {
    "sqlite": "(WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) "
    "SELECT n FROM s)",
    "postgresql": "(SELECT n FROM generate_series({first}, {last}) AS s(n))",
}
_OF_INCIDENT = [table for table in metadata.sorted_tables if "incident" in table.c and table.name != "alert_groups"]
_KEYS = {"once", "needs", "deadline"}  # columns that name notices and deadlines
# Not copied: one for each question, request or subscriber, and none of them belongs to an incident's history.
_LEFT_OUT = {"api_requests", "publications", "alert_proposals"}


@dataclass(frozen=True, slots=True)
class Copies:
    """Copies with the numbers `first` to `last`, each `every` younger than the one before."""

    first: int
    last: int
    every: timedelta = timedelta(0)
    before: timedelta = timedelta(0)  # how much older than the template the last one is

    def series(self, dialect: str) -> str:
        """The numbers, as a table `s` with a column `n`."""
        return _SERIES[dialect].format(first=self.first, last=self.last) + " AS s"

    def shifted(self, column: str) -> str:
        """The instant of a copy."""
        microsecond = timedelta(microseconds=1)
        every = f"CAST({self.every // microsecond} AS BIGINT)"
        return f"t.{column} - {self.before // microsecond} - ({self.last} - s.n) * {every}"


async def incidents(conn: AsyncConnection, template: int, copies: Copies, *, channels: bool = True) -> None:
    """Copy an incident with its timeline, deadlines, notices and words, with channels that no workspace has or none."""
    channel = "'C' || s.n" if channels else "NULL"
    pairs = f"'number', s.n, 'channel_id', {channel}, 'channel_name', 'inc-' || s.n"
    if copies.every:
        begun, ended = _iso(conn, copies.shifted("declared_at")), _iso(conn, copies.shifted("ended_at"))
        pairs += f", 'declared_at', {begun}, 'detected_at', {begun}, 'resolved_at', {ended}, 'ended_at', {ended}"
    merged = _merged(conn, pairs)
    special = {"number": "s.n", "channel_id": channel, "state": merged}
    table = metadata.tables["incidents"]
    await _copy(conn, table, copies, f"t.number = {template}", special)
    for table in _OF_INCIDENT:
        if table.name not in _LEFT_OUT:
            special = {"incident": "s.n", "channel_id": "'C' || s.n"}
            if table.name == "incident_words":  # a word that few share, as in the titles of real incidents
                special["body"] = "t.body || ' shard' || (s.n % 499)"
            await _copy(conn, table, copies, f"t.incident = {template}", special)
    await conn.execute(
        sa.text("UPDATE counters SET value = :last WHERE name = 'incident' AND value < :last"), {"last": copies.last}
    )


async def messages(conn: AsyncConnection, incident: int, count: int) -> None:
    """Copy the last message of an incident `count` times, each a second later, and move the head of its chain."""
    last = await conn.scalar(sa.text("SELECT MAX(seq) FROM timeline WHERE incident = :i"), {"i": incident})
    template = await conn.scalar(
        sa.text("SELECT MAX(seq) FROM timeline WHERE incident = :i AND kind = 'message'"), {"i": incident}
    )
    copies = Copies(last + 1, last + count, timedelta(seconds=1))
    special = {"seq": "s.n", "source_ts": "t.source_ts || s.n", "once": "t.once || s.n"}
    await _copy(conn, metadata.tables["timeline"], copies, f"t.incident = {incident} AND t.seq = {template}", special)
    await conn.execute(
        sa.text("UPDATE chains SET seq = :last WHERE incident = :i"), {"last": copies.last, "i": incident}
    )


async def deadlines(conn: AsyncConnection, incident: int, count: int) -> None:
    """Add `count` waiting deadlines to an incident, due from ten days on."""
    copies = Copies(1, count)
    special = {
        "once": "t.once || ':waits:' || s.n",
        "due_at": "t.due_at + 864000000000 + s.n * CAST(1000000 AS BIGINT)",
    }
    which = f"t.once = (SELECT MIN(once) FROM deadlines WHERE incident = {incident} AND state = 'waiting')"
    await _copy(conn, metadata.tables["deadlines"], copies, which, special)


async def alert_groups(conn: AsyncConnection, template: int, copies: Copies) -> None:
    """Copy a group of alerts with its alerts and their occurrences."""
    key = "t.key || ':' || s.n"
    pairs = f"'number', s.n, 'key', {key}"
    if copies.every:
        pairs += f", 'opened_at', {_iso(conn, copies.shifted('changed_at'))}"
    await _copy(
        conn, metadata.tables["alert_groups"], copies, f"t.number = {template}",
        {"number": "s.n", "key": key, "state": _merged(conn, pairs)},
    )  # fmt: skip
    await _copy(
        conn, metadata.tables["alerts"], copies, f"t.group_number = {template}",
        {"group_number": "s.n", "identity": "t.identity || s.n", "occurrence": "t.occurrence || s.n"},
    )  # fmt: skip
    await _copy(
        conn, metadata.tables["alert_occurrences"], copies,
        f"t.occurrence IN (SELECT occurrence FROM alerts WHERE group_number = {template})",
        {"occurrence": "t.occurrence || s.n"},
    )  # fmt: skip
    await conn.execute(
        sa.text("UPDATE counters SET value = :last WHERE name = 'alert_group' AND value < :last"),
        {"last": copies.last},
    )


async def publications(conn: AsyncConnection, template: str, copies: Copies) -> None:
    """Copy what was published."""
    special = {"id": "t.id || s.n", "state": _merged(conn, "'id', t.id || s.n")}
    await _copy(conn, metadata.tables["publications"], copies, f"t.id = '{template}'", special)


async def subscribers(conn: AsyncConnection, template: str, count: int) -> None:
    """Copy a subscriber `count` times."""
    address = "'reader' || s.n || '@example.com'"
    special = {
        "id": "t.id || s.n", "address": address, "state": _merged(conn, f"'id', t.id || s.n, 'address', {address}"),
    }  # fmt: skip
    await _copy(conn, metadata.tables["subscribers"], Copies(1, count), f"t.id = '{template}'", special)


def _iso(conn: AsyncConnection, microseconds: str) -> str:
    """An instant as the stored values write it."""
    if conn.dialect.name == "sqlite":
        return f"strftime('%Y-%m-%dT%H:%M:%fZ', ({microseconds}) / 1000000.0, 'unixepoch')"
    written = '\'YYYY-MM-DD"T"HH24:MI:SS.US"Z"\''
    return f"to_char(to_timestamp(({microseconds}) / 1000000.0) AT TIME ZONE 'UTC', {written})"


def _merged(conn: AsyncConnection, pairs: str) -> str:
    """The state of the template with some members replaced."""
    return (
        f"json_patch(t.state, json_object({pairs}))"
        if conn.dialect.name == "sqlite"
        else f"t.state || jsonb_build_object({pairs})"
    )


async def _copy(conn: AsyncConnection, table: sa.Table, copies: Copies, which: str, special: dict[str, str]) -> None:
    names, values = [], []
    for column in table.columns:
        name = column.name
        if column.autoincrement is not False and name == "id" and isinstance(column.type, sa.Integer):
            continue  # the database numbers it
        names.append(f'"{name}"')
        if name in special:
            values.append(special[name])
        elif name in _KEYS:
            values.append(f"t.{name} || ':' || s.n")
        elif isinstance(column.type, Instant) and copies.every:
            values.append(copies.shifted(name))
        else:
            values.append(f't."{name}"')
    await conn.execute(
        sa.text(
            f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {', '.join(values)} "
            f"FROM {table.name} AS t, {copies.series(conn.dialect.name)} WHERE {which}".replace(":", r"\:")
        )
    )
