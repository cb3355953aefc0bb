"""Exports everything kept of incidents as JSON Lines, in the format of docs/record.md.

Each incident is read in one snapshot, some rows at a time, so that memory stays small and a running bot is not held up.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.errors import TocsinError
from bot.domain.timeline.entry import rfc3339
from bot.json_shapes.incidents import incident_json
from storage import export_rows, incidents
from storage.database import Database
from storage.timeline import entries

FORMAT = 1
LEFT_OUT = frozenset({"response_url"})  # of payloads: with it anyone can answer in the bot's name for half an hour
_SHORTEST_SECRET = 6
TOGETHER = 200  # lines written at once, beside the event loop


async def records(
    database: Database, numbers: Collection[int] | None = None, *, private: bool = True
) -> AsyncGenerator[dict[str, Any], None]:
    """The records of an export: the head, in a full export the shared tables, each incident with its records, the end.

    Close it unless it is read to its end: it holds a connection. Raises `TocsinError` for a number without an incident.
    `private=False` leaves private incidents out.
    """
    count = 0
    yield {"type": "export", "format": FORMAT, "tocsin": version("tocsin"), "at": rfc3339(datetime.now(UTC))}
    if numbers is None:
        async with database.snapshot() as conn:
            for table in export_rows.shared_tables():
                async for row in export_rows.rows(conn, table):
                    yield {"type": table.name, **_without_keys(_plain(row))}
    async for number in _numbers(database, numbers):
        async with database.snapshot() as conn:
            async for record in incident(conn, number, private=private):
                count += record["type"] == "incident"
                yield record
    yield {"type": "end", "incidents": count}


def _without_keys(record: dict[str, Any]) -> dict[str, Any]:
    """A policy without its contacts' routing keys, with which anyone could page those contacts."""
    document = record.get("document")
    if not isinstance(document, dict) or not isinstance(contacts := document.get("contacts"), dict):
        return record
    hidden = {
        key: {**contact, "pagerduty": "•••"} if isinstance(contact, dict) and contact.get("pagerduty") else contact
        for key, contact in contacts.items()
    }
    webhooks = [{**webhook, "secret": "•••"} for webhook in document.get("webhooks", ()) if isinstance(webhook, dict)]
    more = {"webhooks": webhooks} if webhooks else {}
    return {**record, "document": {**document, "contacts": hidden, **more}}


async def incident(conn: AsyncConnection, number: int, *, private: bool = True) -> AsyncIterator[dict[str, Any]]:
    """The incident, its timeline, reminders, notices, and rows of other tables, in this order."""
    exported = await incidents.get(conn, number)
    if exported is None:
        raise TocsinError(f"There is no incident INC-{number}. See them all: tocsin list all")
    if exported.private and not private:
        return
    about = {"incident": exported.id, "private": exported.private}
    head = await export_rows.head(conn, number)
    chain = None if head is None else {"entries": head[0], "hash": head[1]}
    extras = {"policy": exported.policy, "chain": chain, "state": await export_rows.state(conn, number)}
    yield {"type": "incident", **about, **incident_json(exported), **extras}
    keyed = await entries.key_message_ts(conn, number)
    async for row in export_rows.entries(conn, number):
        yield {"type": "entry", **about, **_entry(row, keyed)}
    async for row in export_rows.ledger(conn, number):
        yield {"type": "reminder", **about, **_plain(row, "incident", "lease_until", "fence")}
    async for row in export_rows.notices(conn, number):
        yield {"type": "notice", **about, **_notice(row)}
    for table in export_rows.incident_tables():
        async for row in export_rows.rows(conn, table, number):
            yield {"type": table.name, **about, **_plain(row, "incident")}
    async for row in export_rows.alerts_of(conn, number):
        yield {"type": "alert", **about, **_plain(row)}


async def lines(records: AsyncIterator[dict[str, Any]], secrets: Iterable[str] = ()) -> AsyncIterator[str]:
    """Each record as one line, with the `secrets` replaced, wherever people typed them."""
    hidden = [json.dumps(secret, ensure_ascii=False)[1:-1] for secret in secrets if len(secret) >= _SHORTEST_SECRET]
    async for record in records:
        line = json.dumps(record, ensure_ascii=False)
        for secret in hidden:
            line = line.replace(secret, "•••")
        yield line


async def archive(database: Database, number: int, folder: Path, secrets: Iterable[str] = ()) -> int:
    """Write one incident into the folder before it is purged. Returns its last entry's number. Never overwrites."""
    async with database.snapshot() as conn:
        head = await export_rows.head(conn, number)
    seq = head[0] if head else 0
    path = folder / f"INC-{number}-{seq}.jsonl"
    if not path.exists():
        await asyncio.to_thread(_make_folder, folder)
        async with aclosing(records(database, [number])) as rows:
            await write(path, lines(rows, secrets))
    return seq


async def write(path: Path, lines: AsyncIterator[str]) -> int:
    """Write a file that only its owner can read, whole or not at all. Returns the number of lines."""
    unfinished = path.with_name(f"{path.name}.unfinished")
    count = 0
    try:
        file = await asyncio.to_thread(_begin, unfinished)
        try:
            while page := [line + "\n" async for line in _some(lines)]:
                await asyncio.to_thread(file.writelines, page)
                count += len(page)
            await asyncio.to_thread(_finish, file, unfinished, path)
        finally:
            file.close()
    except OSError as error:
        raise TocsinError(f"{path} cannot be written: {error.strerror}. Free some space, or name another.") from error
    finally:
        unfinished.unlink(missing_ok=True)
    return count


async def _some(lines: AsyncIterator[str]) -> AsyncIterator[str]:
    for _ in range(TOGETHER):
        try:
            yield await anext(lines)
        except StopAsyncIteration:
            return


def _begin(path: Path) -> TextIO:
    """A new file. It never opens a file or link that another user put there."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    return open(descriptor, "w", encoding="utf-8", errors="surrogatepass")


def _finish(file: TextIO, unfinished: Path, path: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    os.replace(unfinished, path)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise TocsinError(f"The folder {folder} cannot be made: {error.strerror}.") from error


async def _numbers(database: Database, numbers: Collection[int] | None) -> AsyncIterator[int]:
    if numbers is not None:
        for number in numbers:
            yield number
        return
    last = 0
    while True:
        async with database.reading() as conn:
            page = await export_rows.numbers(conn, last)
        for last in page:
            yield last
        if not page:
            return


def _entry(row: dict[str, Any], keyed: set[str]) -> dict[str, Any]:
    """`keyed` is whether it is a key entry now; `key` is as written, which the hash covers."""
    stands_for_message = row["kind"] == "message" or (row["kind"] == "file" and bool(row["data"].get("alone")))
    is_key = row["key"] or (stands_for_message and row["source_ts"] in keyed)
    return {**_plain(row, "incident"), "keyed": is_key}


def _notice(row: dict[str, Any]) -> dict[str, Any]:
    payload = {name: value for name, value in row["payload"].items() if name not in LEFT_OUT}
    return {**_plain(row, "incident", "metadata_key", "fence"), "payload": payload}


def _plain(row: dict[str, Any], *without: str) -> dict[str, Any]:
    return {
        name: rfc3339(value) if isinstance(value, datetime) else value
        for name, value in row.items()
        if name not in without
    }
