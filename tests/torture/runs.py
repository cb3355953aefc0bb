"""One run, and many of them: what they have in common and what they add up to."""

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
from tests.torture.world import world

WITHIN_S = 90.0


@dataclass(slots=True)
class Result:
    """What came of one run."""

    schedule: Schedule
    wrong: list[str]
    counts: Counter[str]
    took_s: float
    log: str = ""
    said: Counter[str] = field(default_factory=Counter)

    def __str__(self) -> str:
        return "\n".join([str(self.schedule), "wrong:", *(f"  {words}" for words in self.wrong)])


@dataclass(slots=True)
class Laboratory:
    """Databases that are made once and serve every run."""

    sqlite: SQLiteFiles
    postgresql: Callable[[], PostgreSQL]

    def run(self, schedule: Schedule) -> Result:
        """One night, on a database of its own."""
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
    async with asyncio.timeout(WITHIN_S), world(schedule, url, folder, cut_connections) as here:
        await here.live()
        verdict = await oracle.judge(here)
        counts = verdict.counts
        counts["kills"] = here.kills
        counts["stopped"] = sum(replica.stopped for replica in here.replicas)
        counts["fell"] = sum(replica.fell for replica in here.replicas)
        counts["freezes"] = here.freezes
        counts["events given up"] = here.given_up
    log = (folder / "log").read_text() if (folder / "log").exists() else ""
    return Result(schedule, verdict.wrong, counts, time.monotonic() - began, log, _said(log))


def _said(log: str) -> Counter[str]:
    """What the processes complained of, by name."""
    found: Counter[str] = Counter()
    for line in log.splitlines():
        with contextlib.suppress(ValueError):
            record = json.loads(line)
            found[str(record.get("event"))] += 1
    return found


@contextlib.contextmanager
def laboratory() -> Iterator[Laboratory]:
    """For use outside pytest, whose fixtures make the same databases."""
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
