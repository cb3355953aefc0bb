"""The world of a run: a workspace, a balancer, processes of the bot that somebody starts again, and one database."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sandbox
from sandbox import Workspace
from sandbox.transport import Answer
from storage import outbox
from storage.database import Database
from tests.scenarios import processes
from tests.scenarios.processes import SteppedClock, Tuning
from tests.scenarios.running import MANIFEST
from tests.torture.faults import fault
from tests.torture.people import People
from tests.torture.schedule import SPAN_S, Life, Schedule

LEASE_S = 2.0
TIMEOUT_S = 0.7  # of a call to Slack; in production 10 s beside a lease of 30 s
QUIET_WITHIN_S = 40.0
STARTS_IN_S = 0.4  # a process of the bot, where nothing else is going on
RETRIES_S = (0.0, 0.4, 1.2)  # Slack: at once, a minute, five minutes

POLICY = """
preset: sev1-5
announce: "#incidents"
nudges: {busy: 3, busy_within: 20s}
severities:
  sev1:
    update_every: 30s
    roles: [commander]
    respond_within: 20s
    escalate_after: 90s
    ladder:
      - {after: 0s, notify: ["user:U0TOM00000"], by: [slack], repeat: 40s}
      - {after: 30s, notify: ["user:U0PRIYA000", "user:U0LENA0000"], by: [slack]}
      - {after: 60s, notify: ["user:U0SAM00000", "channel:#payments"], by: [slack], until: resolved, repeat: 60s}
  sev2:
    update_every: 45s
    roles: [commander, scribe]
    respond_within: 40s
    escalate_after: null
    ladder: [{after: 5s, notify: ["user:U0PRIYA000"], by: [slack]}]
  sev3: {update_every: 60s, roles: [], respond_within: null, escalate_after: null, ladder: []}
"""


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


class Replica:
    """A process and its supervisor, which starts it again whenever it is gone."""

    def __init__(self, world: World, index: int, lives: Iterator[Life]) -> None:
        self.bot: processes.Bot | None = None
        self.killed = 0  # by SIGKILL
        self.stopped = 0  # politely
        self.fell = 0  # ended in any other way, such as a start without a database
        self.up = asyncio.Event()
        self._world = world
        self._index = index
        self._lives = lives
        self._stopping = False

    async def keep(self) -> None:
        while not self._stopping:
            life = next(self._lives, Life())
            self.bot = processes.launch(self._world.settings, life.death, self._world.tuning)
            if await self.bot.ready():
                self._world.balancer.ports[self._index] = self.bot.port
                self.up.set()
            while self.bot.alive:
                await asyncio.sleep(0.01)
            self.up.clear()
            self._world.balancer.ports.pop(self._index, None)
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


@dataclass(slots=True)
class World:
    """Everything that a step may touch."""

    schedule: Schedule
    url: str
    ws: Workspace
    folder: Path
    cut_connections: Callable[[], None]
    clock: SteppedClock = field(init=False)
    tuning: Tuning = field(init=False)
    settings: dict[str, Any] = field(init=False)
    balancer: Balancer = field(default_factory=Balancer)
    replicas: list[Replica] = field(default_factory=list)
    people: People = field(init=False)
    freezes: int = 0  # longer than a lease less a call
    twice: int = 0  # above 0, whatever people do reaches the bot twice

    def __post_init__(self) -> None:
        self.people = People(self.ws)
        self.clock = SteppedClock.create(str(self.folder / "clock"))
        self.tuning = Tuning(
            lease_s=LEASE_S, timeout_s=TIMEOUT_S, uncertain_wait_s=0.2, patience=0.15, look_s=0.2, ping_s=0.4,
            clock=str(self.folder / "clock"), log=str(self.folder / "log"),
        )  # fmt: skip
        policy = self.folder / "policy.yml"
        policy.write_text(POLICY)
        self.settings = {
            "slack_bot_token": self.ws.settings.bot_token,
            "slack_api_url": self.ws.api_url,
            "database_url": self.url,
            "tocsin_policy": str(policy),
            "port": 0,
        }
        if self.schedule.socket_mode:
            self.settings["slack_app_token"] = self.ws.settings.app_token
        else:
            self.settings["slack_signing_secret"] = self.ws.settings.signing_secret

    @property
    def kills(self) -> int:
        return sum(replica.killed for replica in self.replicas)

    @property
    def sqlite_file(self) -> Path:
        return Path(self.url.removeprefix("sqlite:///"))

    def replica(self, pick: float) -> Replica:
        return self.replicas[int(pick * len(self.replicas))]

    def repeat(self) -> None:
        """Let commands, presses and submissions go out twice while `twice` says so."""
        ask = self.ws.delivery.ask

        async def asked(kind: str, payload: Any, record_id: str) -> Answer:
            if not self.twice:
                return await ask(kind, payload, record_id)
            answers = await asyncio.gather(*(ask(kind, payload, record_id) for _ in range(2)))
            return max(answers, key=lambda answer: (answer.ok, bool(answer.body)))

        self.ws.delivery.ask = asked  # type: ignore[method-assign]

    async def live(self) -> None:
        """1. Start everybody; 2. let happen what is to happen; 3. make peace; 4. wait for quiet."""
        await self.balancer.start()
        self.repeat()
        if not self.schedule.socket_mode:
            self.ws.request_url = f"http://127.0.0.1:{self.balancer.port}/slack/events"
        self.replicas = [Replica(self, index, iter(lives)) for index, lives in enumerate(self.schedule.lives)]
        keepers = [asyncio.create_task(replica.keep()) for replica in self.replicas]
        try:
            began = time.monotonic()
            await asyncio.wait_for(self.replicas[0].up.wait(), 20)
            await self._night(min(2.0, max(1.0, (time.monotonic() - began) / STARTS_IN_S)))
            await self._peace()
            await self._quiet()
        finally:
            for replica, keeper in zip(self.replicas, keepers, strict=True):
                await replica.stop(keeper)
            await self.balancer.stop()

    async def _night(self, pace: float) -> None:
        """Everything as it is scheduled; slower by `pace` where processes take longer to start."""
        first, *steps = self.schedule.steps
        await self.people.begin(first)
        began = time.monotonic()
        happening = []
        for step in steps:
            await asyncio.sleep(max(0.0, began + pace * step.at_s - time.monotonic()))
            work = fault(self, step) if step.what.startswith("fault:") else self.people.do(step)
            happening.append(asyncio.create_task(work, name=str(step)))
        await asyncio.gather(*happening)
        await asyncio.sleep(max(0.0, began + pace * SPAN_S - time.monotonic()))

    async def _peace(self) -> None:
        """Faults off, time stands, every process is up. What Slack gave up is found at a start, or noticed before."""
        self.ws.faults.clear()
        self.ws.delivery.faults.clear()
        self.ws.delivery.release()
        self.ws.delivery.flush()
        for replica in self.replicas:
            await asyncio.wait_for(replica.up.wait(), 20)
        if self.schedule.socket_mode:
            await self.ws.until(lambda: self.ws.sockets.connections)
        await self._delivered()
        if self.schedule.restart_at_end or self._unnoticed():
            await self.replicas[0].again()
        self.clock.stand()

    @property
    def given_up(self) -> int:
        """Events that Slack will not deliver any more."""
        return sum(d.state == "failed" and d.kind == "events_api" for d in self.ws.journal.deliveries)

    def _unnoticed(self) -> bool:
        """Whether Slack gave up an event of which no process that still runs could know."""
        given_up = [d for d in self.ws.journal.deliveries if d.state == "failed" and d.kind == "events_api"]
        return any(all(attempt["status"] != 500 for attempt in d.attempts) for d in given_up)

    async def _delivered(self) -> None:
        waiting = [d for d in self.ws.journal.deliveries if d.kind == "events_api"]
        await self.ws.until(lambda: all(d.state != "waiting" for d in waiting), 20)

    async def _quiet(self) -> None:
        """Nothing is on its way in either direction, and stays so for a moment."""
        database = await Database.open(self.url, migrate=False)
        try:
            until, still = time.monotonic() + QUIET_WITHIN_S, 0
            while still < 3:
                if time.monotonic() > until:
                    return  # the oracle says what is stuck
                await self._delivered()
                still = still + 1 if await self._nothing_waits(database) else 0
                await asyncio.sleep(0.05)
        finally:
            await database.close()

    async def _nothing_waits(self, database: Database) -> bool:
        async with database.reading() as conn:
            depth = await outbox.depth(conn)
            if any(depth[state] for state in ("held", "queued", "leased", "unknown")):
                return False
            return not await _overdue(conn, self.clock)


async def _overdue(conn: Any, clock: SteppedClock) -> bool:
    import sqlalchemy as sa

    from storage.schema import deadlines

    due = sa.and_(deadlines.c.state == "waiting", deadlines.c.due_at <= clock.now())
    return bool(await conn.scalar(sa.select(sa.func.count()).where(due)))


@contextlib.asynccontextmanager
async def world(schedule: Schedule, url: str, folder: Path, cut_connections: Callable[[], None]) -> Any:
    """A fresh workspace around a fresh database."""
    settings = {"retry_delays_s": RETRIES_S, "ack_timeout_s": 1.0, "ping_interval_s": 0.4, "disconnect_warning_s": 1.0}
    async with sandbox.running(manifest=MANIFEST, **settings) as ws:
        yield World(schedule, url, ws, folder, cut_connections)
