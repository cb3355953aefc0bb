"""Real processes: the bot, the local workspace it talks to, and the baselines."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import sqlalchemy as sa

from storage.database import Database
from storage.open import open_database
from storage.outbox import census
from storage.schema import deadlines
from tests.benchmarks.client import SLACK
from tests.databases import PostgreSQL

ROOT = Path(__file__).resolve().parents[2]
READY_WITHIN_S = 30.0


@dataclass(slots=True)
class Child:
    """A process that reported that it is ready, with a line of JSON."""

    process: asyncio.subprocess.Process
    ready_line: dict[str, Any]
    took_s: float

    @property
    def port(self) -> int:
        return int(self.ready_line["port"])

    def rss_mb(self) -> float:
        """Its resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmRSS")) / 1024

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()


async def start(
    *arguments: str,
    folder: Path,
    env: dict[str, str] | None = None,
    under: tuple[str, ...] = (),
    within_s: float = READY_WITHIN_S,
) -> Child:
    """Start `python …`, under another program if `under` is given. Returns after its first line of output."""
    inherited = {k: v for k, v in os.environ.items() if not k.startswith(("SLACK_", "TOCSIN_", "DATABASE_"))}
    errors = (folder / "errors.log").open("ab")
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *under, sys.executable, *arguments,
        cwd=folder, env={**inherited, "PYTHONPATH": str(ROOT), **(env or {})},
        stdout=asyncio.subprocess.PIPE, stderr=errors,
    )  # fmt: skip
    errors.close()
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), within_s)
    if not line:
        raise RuntimeError((folder / "errors.log").read_text()[-2000:])
    return Child(process, json.loads(line), time.perf_counter() - began)


@dataclass(frozen=True, slots=True)
class Watched:
    """The loop's stalls since the last look, by the clock and by the time of its thread; totals since the start."""

    stall_s: float
    busy_s: float
    statements: int
    commits: int
    processor_s: float


@dataclass(slots=True)
class Rig:
    """A workspace, and the bots in it."""

    folder: Path
    http: aiohttp.ClientSession
    slack: Child
    children: list[Child] = field(default_factory=list)

    @property
    def api_url(self) -> str:
        return str(self.slack.ready_line["api_url"])

    async def bot(
        self,
        url: str,
        *,
        watched: bool = False,
        counted: bool = False,
        under: tuple[str, ...] = (),
        within_s: float = READY_WITHIN_S,
        **env: str,
    ) -> Child:
        """Start `tocsin serve` on this database; the workspace sends it its events."""
        settings = {
            "SLACK_BOT_TOKEN": SLACK.bot_token,
            "SLACK_SIGNING_SECRET": SLACK.signing_secret,
            "SLACK_API_URL": self.api_url,
            "DATABASE_URL": url,
            "PORT": "0",
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "WARNING",
        }
        if watched:
            settings["STALLS"] = str(self.folder / "stall")
        if counted:
            settings["COUNTS"] = str(self.folder / "counts")
        env = {**settings, **env}
        run = ("-m", "tests.benchmarks.watched")
        child = await start(*run, folder=self.folder, env=env, under=under, within_s=within_s)
        self.children.append(child)
        await self.tell("settings", request_url=f"http://127.0.0.1:{child.port}/slack/events")
        return child

    async def bare(self, *, under: tuple[str, ...] = (), within_s: float = READY_WITHIN_S) -> Child:
        """Start a Bolt app that echoes."""
        run = ("-m", "tests.benchmarks.bare", self.api_url, "bare.db")
        child = await start(*run, folder=self.folder, under=under, within_s=within_s)
        self.children.append(child)
        return child

    async def longest_stall(self, bot: Child) -> float:
        """The longest stall of a watched bot's event loop since the last look."""
        return (await self.watched(bot)).stall_s

    async def watched(self, bot: Child) -> Watched:
        """What a watched bot's ticker has seen."""
        stall, busy, statements, commits, processor = (await self._written(bot, signal.SIGUSR1, "stall")).split()
        return Watched(float(stall), float(busy), int(statements), int(commits), float(processor))

    async def counts(self, bot: Child) -> dict[str, float]:
        """What a counted bot has counted since its start; see `scale.counters`."""
        counts: dict[str, float] = json.loads(await self._written(bot, signal.SIGUSR2, "counts"))
        return counts

    async def _written(self, bot: Child, number: signal.Signals, name: str) -> str:
        """What the bot writes to a file of this name when it gets this signal."""
        path = self.folder / name
        path.unlink(missing_ok=True)
        bot.process.send_signal(number)
        for _ in range(1000):
            if path.exists():
                return path.read_text()
            await asyncio.sleep(0.01)
        raise TimeoutError("the bot does not answer the signal")

    async def channel(self, name: str) -> str:
        return str(next(c["id"] for c in (await self.get("state"))["channels"] if c["name"] == name))

    async def person(self, name: str) -> str:
        return str(next(u["id"] for u in (await self.get("state"))["people"] if u["name"] == name))

    async def tell(self, what: str, **words: Any) -> None:
        """Call the workspace's control API."""
        async with self.http.post(f"{self.slack.ready_line['control_url']}/{what}", json=words) as response:
            response.raise_for_status()

    async def get(self, what: str, **query: str | int) -> Any:
        async with self.http.get(f"{self.slack.ready_line['control_url']}/{what}", params=query) as response:
            return await response.json()

    async def calls(self, method: str) -> list[dict[str, Any]]:
        """The answered calls of one method, with their times and durations."""
        return list((await self.get("calls", method=method, limit=20_000))["records"])


@asynccontextmanager
async def rig(latency_s: float = 0.0) -> AsyncIterator[Rig]:
    """A fresh workspace whose API answers after `latency_s`."""
    with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as name:
        folder = Path(name)
        slack = await start("-m", "sandbox", "--manifest", str(ROOT / "manifest.yml"), folder=folder)
        async with aiohttp.ClientSession() as http:
            made = Rig(folder, http, slack)
            try:
                if latency_s:
                    await made.tell("faults", latency_s=latency_s)
                yield made
            finally:
                for child in (*made.children, slack):
                    await child.kill()


@contextmanager
def databases() -> Iterator[list[tuple[str, str]]]:
    """(name, URL) of an empty SQLite file and an empty PostgreSQL database, both of which sync to disk."""
    server = PostgreSQL(durable=True)
    try:
        with tempfile.TemporaryDirectory(prefix="tocsin-bench-") as folder:
            yield [("SQLite", f"sqlite:///{folder}/tocsin.db"), ("PostgreSQL", server.create())]
    finally:
        server.stop()


@asynccontextmanager
async def read_database(url: str) -> AsyncIterator[Database]:
    """Open the bot's database to read it while the bot runs."""
    database = await open_database(url, migrate=False)
    try:
        yield database
    finally:
        await database.close()


async def idle(database: Database, within_s: float = 30.0) -> None:
    """Wait until the bot has nothing to send and nothing to decide."""
    until = time.monotonic() + within_s
    lapsed = sa.select(sa.func.count()).where(deadlines.c.state == "waiting")
    while time.monotonic() < until:
        async with database.reading() as conn:
            depth = await census.count_by_state(conn)
            due = await conn.scalar(lapsed.where(deadlines.c.due_at <= datetime.now(UTC)))
        if not due and not any(depth[state] for state in ("held", "queued", "leased", "unknown")):
            return
        await asyncio.sleep(0.005)
    raise TimeoutError(f"still working after {within_s} s: {depth}, {due} due")


@asynccontextmanager
async def start_bot(rig: Rig, url: str) -> AsyncIterator[tuple[Child, Database]]:
    """Start a bot on this database, and open the database beside it."""
    bot = await rig.bot(url)
    async with read_database(url) as database:
        yield bot, database
