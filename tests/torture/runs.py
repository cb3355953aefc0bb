"""Run one night on a fresh database, and collect its result."""

from __future__ import annotations

import asyncio
import contextlib
import json
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from tests.databases import PostgreSQL, SQLiteFiles
from tests.torture import oracle
from tests.torture.schedule import Schedule
from tests.torture.world import running_world

WITHIN_S, DAY_WITHIN_S = 150.0, 20.0  # a few times what they take where nothing else runs


@dataclass(slots=True)
class Result:
    """The result of one night. `log_events` counts the events in the logs of the processes."""

    schedule: Schedule
    wrong: list[str]
    counts: Counter[str]
    took_s: float
    log: str = ""
    log_events: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return "\n".join([str(self.schedule), "wrong:", *(f"  {words}" for words in self.wrong)])


@dataclass(slots=True)
class Laboratory:
    """The database servers that all runs share."""

    sqlite: SQLiteFiles
    postgresql: Callable[[], PostgreSQL]

    def run(self, schedule: Schedule) -> Result:
        """Play one night on its own database."""
        if schedule.database == "sqlite":
            return _run(schedule, self.sqlite.create(), lambda: None)
        server = self.postgresql()
        url = server.create()
        try:
            return _run(schedule, url, lambda: server.cut_connections(url))
        finally:
            server.give_back(url)


def _run(schedule: Schedule, url: str, cut_connections: Callable[[], None]) -> Result:
    with tempfile.TemporaryDirectory(prefix="tocsin-torture-") as folder:
        return asyncio.run(_night(schedule, url, Path(folder), cut_connections))


async def _night(schedule: Schedule, url: str, folder: Path, cut_connections: Callable[[], None]) -> Result:
    began = time.monotonic()
    async with (
        asyncio.timeout(WITHIN_S + DAY_WITHIN_S * len(schedule.days)),
        running_world(schedule, url, folder, cut_connections) as world,
    ):
        await world.run()
        verdict = await oracle.judge(world)
        counts = verdict.counts
        counts["kills"] = world.kills
        counts["stopped"] = sum(replica.stopped for replica in world.replicas)
        counts["crashed"] = sum(replica.crashed for replica in world.replicas)
        counts["freezes"] = world.freezes
        counts["events given up"] = world.given_up
    log = (folder / "log").read_text() if (folder / "log").exists() else ""
    return Result(schedule, verdict.wrong, counts, time.monotonic() - began, log, _log_events(log))


def _log_events(log: str) -> Counter[str]:
    """Count the log lines of the processes by event."""
    events: Counter[str] = Counter()
    for line in log.splitlines():
        with contextlib.suppress(ValueError):
            record = json.loads(line)
            events[str(record.get("event"))] += 1
    return events


@contextlib.contextmanager
def laboratory() -> Iterator[Laboratory]:
    """A laboratory outside pytest, whose fixtures create the same databases."""
    with tempfile.TemporaryDirectory(prefix="tocsin-torture-") as folder:
        servers: list[PostgreSQL] = []

        def postgresql() -> PostgreSQL:
            if not servers:
                servers.append(PostgreSQL())
            return servers[0]

        try:
            yield Laboratory(SQLiteFiles(Path(folder)), postgresql)
        finally:
            for server in servers:
                server.stop()
