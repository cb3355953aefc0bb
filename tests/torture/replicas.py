"""The processes of the bot in a run: started again whenever they are gone, behind one address, in a hurry."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import sqlalchemy as sa

from storage.database import Database
from storage.outbox import census
from storage.schema import deadlines
from tests.scenarios import processes
from tests.scenarios.processes import SteppedClock, Tuning
from tests.torture.schedule import Life

TIMEOUT_S = 0.7  # of a call; in production 10 s beside a lease of 30 s
RETRIES_S = (0.0, 0.4, 1.2)  # Slack: at once, a minute, five minutes


def hurried(folder: Path, lease_s: float) -> tuple[Tuning, SteppedClock]:
    """Production's figures in proportion, and a clock that all processes see step."""
    path = str(folder / "clock")
    clock = SteppedClock.create(path)
    tuning = Tuning(
        lease_s=lease_s, timeout_s=TIMEOUT_S, uncertain_wait_s=0.2, patience=0.15, look_s=0.2, ping_s=0.4,
        clock=path, log=str(folder / "log"),
    )  # fmt: skip
    return tuning, clock


class Balancer:
    """One address in front of all replicas. It knows which of them listen, not which of them are well."""

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
        """Cut every connection, whatever is on its way."""
        for writer in self._open:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            behind = await self._connected()
            if behind is not None:
                await self._between((reader, writer), behind)
        except asyncio.CancelledError:
            return  # the balancer stops; nobody waits for this task
        finally:
            writer.transport.abort()

    async def _connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        self._turn += 1
        ports = list(self.ports.values())
        for index in range(len(ports)):
            with contextlib.suppress(OSError):
                return await asyncio.open_connection("127.0.0.1", ports[(self._turn + index) % len(ports)])
        return None

    async def _between(self, one: Any, other: Any) -> None:
        self._open |= {one[1], other[1]}
        ways = {asyncio.create_task(_pump(one[0], other[1])), asyncio.create_task(_pump(other[0], one[1]))}
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            other[1].transport.abort()
            self._open -= {one[1], other[1]}


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()


class House(Protocol):
    """What processes are started from."""

    settings: dict[str, Any]
    tuning: Tuning
    balancer: Balancer


class Replica:
    """A process and its supervisor, which starts it again whenever it is gone."""

    def __init__(self, house: House, index: int, lives: Iterator[Life]) -> None:
        self.bot: processes.Bot | None = None
        self.killed = 0  # by SIGKILL
        self.stopped = 0  # politely
        self.fell = 0  # ended in any other way, such as a start without a database
        self.up = asyncio.Event()
        self._house = house
        self._index = index
        self._lives = lives
        self._stopping = False

    async def keep(self) -> None:
        while not self._stopping:
            life = next(self._lives, Life())
            self.bot = processes.launch(self._house.settings, life.death, self._house.tuning)
            if await self.bot.ready():
                self._house.balancer.ports[self._index] = self.bot.port
                self.up.set()
            while self.bot.alive:
                await asyncio.sleep(0.01)
            self.up.clear()
            self._house.balancer.ports.pop(self._index, None)
            if self._stopping:
                return
            match self.bot.exit_code:
                case -9 | 255:  # 255: somebody else had taken the code
                    self.killed += 1
                case 0:
                    self.stopped += 1
                case _:
                    self.fell += 1
            await asyncio.sleep(life.rest_s)

    async def again(self) -> None:
        """Killed, and back."""
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
async def kept(house: House, lives: Sequence[Iterable[Life]]) -> AsyncIterator[list[Replica]]:
    """The balancer, and behind it a process for each of `lives`."""
    await house.balancer.start()
    replicas = [Replica(house, index, iter(one)) for index, one in enumerate(lives)]
    keepers = [asyncio.create_task(replica.keep()) for replica in replicas]
    try:
        yield replicas
    finally:
        for replica, keeper in zip(replicas, keepers, strict=True):
            await replica.stop(keeper)
        await house.balancer.stop()


async def nothing_waits(database: Database, clock: SteppedClock) -> bool:
    """Whether the outbox is empty and no deadline has lapsed of which nobody has taken note."""
    async with database.reading() as conn:
        depth = await census.count_by_state(conn)
        if any(depth[state] for state in ("held", "queued", "leased", "unknown")):
            return False
        due = sa.and_(deadlines.c.state == "waiting", deadlines.c.due_at <= clock.now())
        return not await conn.scalar(sa.select(sa.func.count()).where(due))
