"""The bot processes of a run: supervised, behind one load balancer, with short time-outs."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from storage.database import Database
from storage.schema import action_items, deadlines, meta, outbox
from tests.scenarios import processes
from tests.scenarios.processes import SteppedClock, Tuning
from tests.torture.course import Steps
from tests.torture.schedule import Life

TIMEOUT_S = 0.7  # of a call; in production 10 s, with a lease of 30 s
RETRIES_S = (0.0, 0.4, 1.2)  # Slack: at once, a minute, five minutes


def shortened(folder: Path, lease_s: float, *, outages: bool = False) -> tuple[Tuning, SteppedClock]:
    """Production's time-outs shortened in proportion, and a clock whose steps all processes see."""
    path = str(folder / "clock")
    clock = SteppedClock.create(path)
    tuning = Tuning(
        lease_s=lease_s, timeout_s=TIMEOUT_S, uncertain_wait_s=0.2, patience=0.15, look_s=0.2, ping_s=0.4,
        clock=path, log=str(folder / "log"), outages=outages,
    )  # fmt: skip
    return tuning, clock


class Balancer:
    """One address in front of all replicas. It knows which replicas listen, but not which are healthy."""

    def __init__(self) -> None:
        self.ports: dict[int, int] = {}
        self.port = 0
        self._turn = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        self.drop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def drop(self) -> None:
        """Cut every connection, with all data in flight."""
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            backend = await self._connect_backend()
            if backend is not None:
                await self._relay((reader, writer), backend)
        except asyncio.CancelledError:
            return  # the balancer is stopping, and no one awaits this task
        finally:
            writer.transport.abort()

    async def _connect_backend(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        self._turn += 1
        ports = list(self.ports.values())
        for index in range(len(ports)):
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", ports[(self._turn + index) % len(ports)])
        return None

    async def _relay(self, client: Any, backend: Any) -> None:
        self._open |= {client[1], backend[1]}
        ways = {asyncio.create_task(_pump(client[0], backend[1])), asyncio.create_task(_pump(backend[0], client[1]))}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            backend[1].transport.abort()
            self._open -= {client[1], backend[1]}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


class ReplicaSetup(Protocol):
    """The settings from which processes start."""

    settings: dict[str, Any]
    tuning: Tuning
    balancer: Balancer


class Replica:
    """A process and its supervisor, which restarts it whenever it ends."""

    def __init__(self, setup: ReplicaSetup, index: int, lives: Iterator[Life]) -> None:
        self.bot: processes.Bot | None = None
        self.killed = 0  # by SIGKILL
        self.stopped = 0  # by SIGTERM
        self.crashed = 0  # ended in another way, such as starting without a database
        self.up = asyncio.Event()
        self._setup = setup
        self._index = index
        self._lives = lives
        self._stopping = False

    async def supervise(self) -> None:
        while not self._stopping:
            life = next(self._lives, Life())
            self.bot = processes.launch(self._setup.settings, life.death, self._setup.tuning)
            if await self.bot.ready():
                self._setup.balancer.ports[self._index] = self.bot.port
                self.up.set()
            while self.bot.alive:
                await asyncio.sleep(0.01)
            self.up.clear()
            self._setup.balancer.ports.pop(self._index, None)
            if self._stopping:
                return
            match self.bot.exit_code:
                case -9 | 255:  # 255: another waiter took the exit code
                    self.killed += 1
                case 0:
                    self.stopped += 1
                case _:
                    self.crashed += 1
            await asyncio.sleep(life.restart_after_s)

    async def restart(self) -> None:
        """Kill the process and wait until its successor is up."""
        bot = self.bot
        if bot is not None and bot.alive:
            bot.signal(9)
        while self.bot is bot or not self.up.is_set():
            await asyncio.sleep(0.02)

    async def stop(self, keeper: asyncio.Task[None]) -> None:
        self._stopping = True
        if self.bot is not None and self.bot.alive:
            self.bot.signal(9)
        await keeper


@contextlib.asynccontextmanager
async def supervised(setup: ReplicaSetup, lives: Sequence[Iterable[Life]]) -> AsyncIterator[list[Replica]]:
    """Run the load balancer and a supervised process for each of `lives`."""
    await setup.balancer.start()
    replicas = [Replica(setup, index, iter(process_lives)) for index, process_lives in enumerate(lives)]
    keepers = [asyncio.create_task(replica.supervise()) for replica in replicas]
    try:
        yield replicas
    finally:
        for replica, keeper in zip(replicas, keepers, strict=True):
            await replica.stop(keeper)
        await setup.balancer.stop()


LONG = timedelta(minutes=1)
WAITS_FOR_MORNING = "working hours"  # in what a row of the outbox says that waits for those of a person


async def nothing_waits(database: Database, clock: Steps) -> bool:
    """Whether no lapsed deadline or reminder waits, nor any row of the outbox that could go out.

    Some wait for an archived channel, and some for somebody's morning. The outbox is looked at last: what comes due
    moves there meanwhile.
    """
    async with database.reading() as conn:
        if await conn.scalar(sa.select(sa.func.count()).where(action_items.c.remind_at <= clock.now())):
            return False
        digest = await conn.scalar(sa.select(meta.c.value).where(meta.c.name == "weekly_digest"))
        if digest and digest.get("due_at") and datetime.fromisoformat(digest["due_at"]) <= clock.now():
            return False
        due = sa.and_(deadlines.c.state == "waiting", deadlines.c.due_at <= clock.now())
        if await conn.scalar(sa.select(sa.func.count()).where(due)):
            return False
        lost = outbox.c.depends_on.like("channel_back:%")  # held while a channel is archived
        asleep = sa.and_(
            sa.func.coalesce(outbox.c.error, "").like(f"%{WAITS_FOR_MORNING}"),
            outbox.c.state.in_(("queued", "unknown")),
            outbox.c.next_try_at > datetime.now(UTC) + LONG,  # it was looked at since the clock jumped
        )
        busy = sa.and_(outbox.c.state.in_(("queued", "leased", "unknown")), ~asleep)
        waiting = sa.or_(busy, sa.and_(outbox.c.state == "held", sa.or_(outbox.c.depends_on.is_(None), ~lost)))
        return not await conn.scalar(sa.select(sa.func.count()).where(waiting))
