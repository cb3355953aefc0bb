"""Counts a process's database work and its processor time.

Counts depend on the work alone, where seconds depend on whatever else the machine does.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from storage.engine import sqlite_driver

STEPS = 50  # instructions of SQLite's virtual machine between two calls of the counter


@dataclass(slots=True)
class Counts:
    """Processor seconds, statements, and the database's own work: SQLite's instructions or PostgreSQL's blocks."""

    cpu_s: float = 0.0
    statements: float = 0.0
    database: float = 0.0

    def __sub__(self, other: Counts) -> Counts:
        return Counts(*(getattr(self, each.name) - getattr(other, each.name) for each in fields(self)))

    def over(self, rounds: int) -> Counts:
        """The share of one round."""
        return self.times(1 / rounds)

    def times(self, factor: float) -> Counts:
        """As many times this."""
        return Counts(*(getattr(self, each.name) * factor for each in fields(self)))


class Counter:
    """Counts in this process from `install` on."""

    def __init__(self) -> None:
        self.statements = 0
        self.steps = 0

    def install(self) -> None:
        """Count the statements of every engine, and the instructions of every SQLite connection opened from now on."""
        sa.event.listen(sa.Engine, "before_cursor_execute", self._statement)
        counter = self

        async def prepare(connection: Any) -> None:
            turn = 0

            def count() -> bool:
                nonlocal turn
                counter.steps += STEPS
                turn += 1
                return bool(turn % 200 == 0 and connection._reads and connection._too_long())

            await connection.set_progress_handler(count, STEPS)

        sqlite_driver._Connection.prepare = prepare  # type: ignore[assignment,method-assign]

    def write(self, path: Path) -> None:
        """Replace the file by the counts until now, as JSON."""
        counts = {"cpu_s": time.process_time(), "statements": self.statements, "database": self.steps}
        path.with_suffix(".new").write_text(json.dumps(counts))
        path.with_suffix(".new").rename(path)

    def _statement(self, *_: Any) -> None:
        self.statements += 1


def processor_s(pid: int) -> float:
    """The processor time of a process, from its threads' clocks."""
    total = 0
    for path in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        try:
            total += int(path.read_text().split()[0])
        except OSError:  # the thread has ended
            continue
    return total / 1e9
