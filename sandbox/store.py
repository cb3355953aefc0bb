"""Stores a sandbox workspace in a SQLite file; changed records are written in batches, in a thread."""

import asyncio
import json
import sqlite3
import threading
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from sandbox.model import Channel, Ephemeral, File, Json, Message, User, Usergroup, View
from sandbox.state import ChannelLog, State

KINDS: dict[str, Any] = {
    "user": User, "channel": Channel, "message": Message, "ephemeral": Ephemeral, "view": View, "file": File,
    "usergroup": Usergroup,
}  # fmt: skip
ORDER = ("user", "channel", "message", "ephemeral", "view", "file", "usergroup")


class Store:
    """Reads and writes the file of a workspace. Concurrent `commit` calls share one write."""

    def __init__(self, path: Path, state: State) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.state = state
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=NORMAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS things (kind TEXT, key TEXT, body TEXT, data BLOB, PRIMARY KEY (kind, key))"
        )
        self._lock = threading.Lock()
        self._writing: asyncio.Task[None] | None = None

    def load(self) -> bool:
        """Fill the state from the file. Returns `False` if the file is new."""
        rows = self._db.execute("SELECT kind, key, body, data FROM things ORDER BY rowid").fetchall()
        by_kind: dict[str, list[Any]] = {kind: [] for kind in ORDER}
        for kind, _, body, data in rows:
            by_kind[kind].append((_record(kind, json.loads(body)), data))
        for kind in ORDER:
            for record, data in by_kind[kind]:
                self._put(kind, record, data)
        self.state.changed.clear()
        return bool(rows)

    def _put(self, kind: str, record: Any, data: bytes | None) -> None:
        state = self.state
        match kind:
            case "user":
                state.users[record.id] = record
            case "channel":
                state.channels[record.id] = record
                state.logs[record.id] = ChannelLog()
            case "message":
                state.logs[record.channel].add(record)
                state.issue_after(record.ts)
            case "ephemeral":
                state.ephemerals.append(record)
                state.issue_after(record.ts)
            case "view":
                state.views[record.id] = record
                if record.kind == "home":
                    state.homes[record.user] = record
                elif record.is_open:
                    state.stacks.setdefault(record.user, []).append(record.id)
            case "file":
                state.files[record.id] = record
                state.contents[record.id] = data or b""
            case "usergroup":
                state.usergroups[record.id] = record

    def _rows(self) -> list[tuple[str, str, str | None, bytes | None]]:
        changed, self.state.changed = self.state.changed, set()
        rows = []
        for kind, key in changed:
            record = self._thing(kind, key)
            body = json.dumps(asdict(record)) if record is not None else None
            rows.append((kind, key, body, self.state.contents.get(key) if kind == "file" else None))
        return rows

    def _thing(self, kind: str, key: str) -> Any:
        state = self.state
        match kind:
            case "message":
                channel, _, ts = key.partition("|")
                return state.message(channel, ts)
            case "ephemeral":
                return next((ephemeral for ephemeral in reversed(state.ephemerals) if ephemeral.id == key), None)
            case "user":
                return state.users.get(key)
            case "channel":
                return state.channels.get(key)
            case "view":
                return state.views.get(key)
            case "file":
                return state.files.get(key)
        return state.usergroups.get(key)

    def _write(self, rows: list[tuple[str, str, str | None, bytes | None]]) -> None:
        with self._lock:
            self._db.execute("BEGIN")
            for kind, key, body, data in rows:
                if body is None:
                    self._db.execute("DELETE FROM things WHERE kind = ? AND key = ?", (kind, key))
                else:
                    self._db.execute(
                        "INSERT INTO things VALUES (?, ?, ?, ?) "
                        "ON CONFLICT DO UPDATE SET body = excluded.body, data = excluded.data",
                        (kind, key, body, data),
                    )
            self._db.execute("COMMIT")

    async def commit(self) -> None:
        """Return when all changes so far are on disk."""
        while self.state.changed or self._writing is not None:
            if self._writing is not None:
                await asyncio.shield(self._writing)
                continue
            self._writing = asyncio.get_running_loop().create_task(self._flush())

    async def _flush(self) -> None:
        try:
            await asyncio.to_thread(self._write, self._rows())
        finally:
            self._writing = None

    def close(self) -> None:
        """Write the remaining changes and close the file."""
        self._write(self._rows())
        self._db.close()


def _record(kind: str, body: Json) -> Any:
    """Build a record, leaving out fields that only an older version had."""
    field_names = {field.name for field in fields(KINDS[kind])}
    return KINDS[kind](**{name: value for name, value in body.items() if name in field_names})
