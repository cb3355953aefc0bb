"""The bot as a real process, which dies by SIGKILL at a given commit or call to Slack.

Processes come from a fork server that has imported everything once, so that one starts in a fraction of a second.
"""

from __future__ import annotations

import asyncio
import mmap
import multiprocessing
import os
import signal
import struct
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from types import ModuleType
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import bootstrap, logs
from bot.bootstrap import base
from bot.domain.values import outage_span
from bot.integrations import email, http, statuspage
from bot.senders import statuspage as copies
from bot.settings import Settings
from bot.slack.client import api as slack_api
from bot.slack.client import rate_limiter
from bot.slack.client.api import SlackApi
from bot.slack.inbound import socket_mode
from bot.slack.senders import delays
from bot.usecases.alerts import decide, escalate
from bot.usecases.outbox import digest
from bot.web import slack_check
from bot.workers import (
    action_reminders,
    job_runner,
    outage_monitor,
    outage_watch,
    outbox,
    scheduler,
    weekly_digest,
)
from storage import database
from storage.database import Database
from storage.outbox import delayed

LEASE = timedelta(seconds=2)  # the sandbox answers at once; nobody need wait half a minute for the dead

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["tests.scenarios.processes", "bot.cli.main"])


@dataclass(frozen=True, slots=True)
class Death:
    """Where to die: at the `number`-th (from 1) `commit`, `serialized` commit or `call`, `before` it or after it."""

    what: str
    number: int
    before: bool
    by: int = signal.SIGKILL
    method: str = ""  # count only calls of it

    def __str__(self) -> str:
        return f"{'before' if self.before else 'after'} {self.what} {self.number}"


@dataclass(frozen=True, slots=True)
class Tuning:
    """Figures that are shorter here than in production, all in proportion; `clock` is the file of a `SteppedClock`."""

    lease_s: float = LEASE.total_seconds()
    timeout_s: float = 0.7
    uncertain_wait_s: float = 2.0
    patience: float = 1.0  # of what the outbox waits before it tries again
    look_s: float = 1.0
    ping_s: float = 4.0
    clock: str | None = None
    log: str | None = None
    outages: bool = False  # those of Slack are noticed sooner, in the same proportion


class SteppedClock:
    """Real time plus an offset that stands in a file, so that processes see it step together, or stand still.

    As when a machine's clock is set: what Slack says of its own time stays as it is.
    """

    def __init__(self, path: str) -> None:
        with open(path, "r+b") as file:
            self._shared = mmap.mmap(file.fileno(), _TWO.size)

    @staticmethod
    def create(path: str) -> SteppedClock:
        Path(path).write_bytes(_TWO.pack(0.0, 0.0))
        return SteppedClock(path)

    def step(self, seconds: float) -> None:
        offset_s, stands_at = _TWO.unpack_from(self._shared)
        _TWO.pack_into(self._shared, 0, offset_s + seconds, stands_at)

    def stand(self) -> None:
        """Nothing comes due any more."""
        offset_s, _ = _TWO.unpack_from(self._shared)
        _TWO.pack_into(self._shared, 0, offset_s, self.now().timestamp())

    def now(self) -> datetime:
        offset_s, stands_at = _TWO.unpack_from(self._shared)
        return datetime.fromtimestamp(stands_at or time.time() + offset_s, UTC)

    def at(self, wall_s: float) -> datetime:
        return datetime.fromtimestamp(wall_s, UTC)

    def wall(self, instant: datetime) -> float:
        return instant.timestamp() - float(_TWO.unpack_from(self._shared)[0])

    def wall_seconds(self, span: timedelta) -> float:
        return span.total_seconds()


_TWO = struct.Struct("dd")


class Bot:
    """A process of the bot. `port` is where it listens, 0 until it is ready."""

    def __init__(self, process: BaseProcess, port: int = 0, pipe: Connection | None = None) -> None:
        self._process = process
        self._pipe = pipe
        self.port = port

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        return self._process.exitcode

    async def ready(self) -> bool:
        """Wait until it listens. False if it ended before."""
        assert self._pipe is not None
        self.port = await asyncio.to_thread(_first_word, self._pipe)
        return self.port > 0

    def signal(self, number: int) -> None:
        with suppress(ProcessLookupError):  # it ended this instant
            os.kill(self.pid, number)

    async def ended(self, within_s: float = 15.0) -> bool:
        await asyncio.to_thread(self._process.join, within_s)
        return not self._process.is_alive()

    async def kill(self) -> None:
        if self.alive:
            self.signal(signal.SIGKILL)
        await self.ended()
        self._process.close()

    async def stop(self) -> None:
        """Politely."""
        if self.alive:
            self.signal(signal.SIGTERM)
        if not await self.ended():
            await self.kill()


async def start(settings: dict[str, Any], death: Death | None = None) -> Bot:
    """Start one; returns once it is ready. `settings` are fields of `Settings`."""
    bot = launch(settings, death)
    await bot.ready()
    return bot


def launch(settings: dict[str, Any], death: Death | None = None, tuning: Tuning = Tuning()) -> Bot:
    """Start one without waiting for it."""
    ours, theirs = _server.Pipe(duplex=False)
    process = _server.Process(target=_run, args=(settings, death, tuning, theirs), daemon=True)
    process.start()
    theirs.close()
    return Bot(process, pipe=ours)


def pipe() -> tuple[Connection, Connection]:
    """A pipe to a process of `run_apart`: our end and its end."""
    return _server.Pipe(duplex=False)


def run_apart(work: Callable[..., None], args: tuple[Any, ...]) -> BaseProcess:
    """Run a function in a process of its own."""
    process = _server.Process(target=work, args=args, daemon=True)
    process.start()
    return process


def _first_word(pipe: Connection) -> int:
    try:
        return int(pipe.recv()) if pipe.poll(20) else 0
    except EOFError:
        return 0
    finally:
        pipe.close()


def _run(settings: dict[str, Any], death: Death | None, tuning: Tuning, ready: Connection) -> None:
    if tuning.log:
        file = os.open(tuning.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, 1)
        os.dup2(file, 2)
    logs.configure("json", os.environ.get("TOCSIN_TEST_LOG", "ERROR"))
    _tune(tuning)
    doom = Doom(death)
    with doom.watching():
        asyncio.run(_serve(Settings(_env_file=None, **settings), doom, ready))


def _tune(tuning: Tuning) -> None:
    """Replace the constants of the bot in this process, so that what takes it minutes takes seconds."""
    lease, shorter = timedelta(seconds=tuning.lease_s), tuning.lease_s / 30
    patiently = outbox.backoff_s
    constants: dict[ModuleType, dict[str, object]] = {
        outbox: {
            "LEASE": lease, "UNCERTAIN_WAIT": timedelta(seconds=tuning.uncertain_wait_s),
            "backoff_s": lambda attempts: tuning.patience * patiently(attempts),
        },
        scheduler: {"LEASE": lease},
        decide: {"LEASE": lease},
        escalate: {"LEASE": lease},
        job_runner: {"LEASE": lease},
        statuspage: {"BETWEEN_S": 0.02},
        copies: {"MORE": timedelta(seconds=0.05)},
        database: {"IDLE_IN_TRANSACTION_S": tuning.lease_s / 2},
        slack_api: {"TIMEOUT_S": tuning.timeout_s, "BLOCKED_WAIT_S": 6 * tuning.timeout_s,
                    "REFUSED_WAIT_S": 2 * tuning.timeout_s},
        http: {"TIMEOUT_S": tuning.timeout_s},
        rate_limiter: {"MINUTE_S": 60 * shorter, "STRICT_S": 3600 * shorter, "LONGEST_WAIT_S": 30 * shorter},
        socket_mode: {"PING_S": tuning.ping_s},
        outage_monitor: {
            "LOOK_S": tuning.look_s, "STOOD_STILL_S": 5 * tuning.look_s, "NOT_OFTENER_S": 3 * tuning.look_s,
        },
    }  # fmt: skip
    if tuning.outages:
        constants |= _of_outages(shorter)
    if tuning.clock is not None:  # days may pass
        looking: dict[str, object] = {
            "EVERY": timedelta(seconds=2 * tuning.look_s),
            "FIRST": timedelta(seconds=tuning.look_s),
        }
        mailing: dict[str, object] = {"STEP_S": tuning.timeout_s, "WHOLE_S": 2 * tuning.timeout_s}
        constants |= {action_reminders: looking, weekly_digest: looking, email: mailing}
    for module, values in constants.items():
        for name, value in values.items():
            assert hasattr(module, name), f"{module.__name__} has no {name}"
            setattr(module, name, value)
    if tuning.clock is not None:
        clock = SteppedClock(tuning.clock)

        async def stepped(*_: Any) -> SteppedClock:
            return clock

        base.open_clock = stepped  # type: ignore[assignment,attr-defined]  # in this process only


def _of_outages(shorter: float) -> dict[ModuleType, dict[str, object]]:
    """The constants by which outages of Slack are noticed, and told of afterwards."""
    second = timedelta(seconds=shorter)
    within = 300 * second
    return {
        outage_watch: {"EVERY": 5 * second, "DOWN_AFTER_S": 20 * shorter},
        slack_check: {"ASK_EVERY_S": 10 * shorter, "ASK_AGAIN_S": 3 * shorter},
        delays: {
            "SOONEST": 5 * second, "LATEST": 60 * second, "GATHERED_SOON": 10 * second, "GATHERED_WITHIN": within,
        },
        digest: {"GATHERED_WITHIN": within},
        outage_span: {"NOTICED_LATE": 60 * second},
        delayed: {"NOTICED_LATE": 60 * second},
    }  # fmt: skip


async def _serve(settings: Settings, doom: Doom, ready: Connection) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    tocsin = await bootstrap.build(settings)
    await tocsin.start()
    doom.armed = True
    ready.send(tocsin.port)
    ready.close()
    await stop.wait()
    await tocsin.stop()


class Doom:
    """Counts commits and calls from when it is armed, and kills the process at the one that was named."""

    def __init__(self, death: Death | None) -> None:
        self.death = death
        self.armed = False
        self.seen = {"commit": 0, "serialized": 0, "call": 0}

    def reach(self, what: str, before: bool, number: int) -> None:
        death = self.death
        if death is not None and number and (what, number, before) == (death.what, death.number, death.before):
            os.kill(os.getpid(), death.by)

    def counts(self, method: str) -> bool:
        wanted = self.death.method if self.death else ""
        return method == wanted if wanted else method != "auth.test"

    def count(self, what: str) -> int:
        if not self.armed:
            return 0
        self.seen[what] += 1
        return self.seen[what]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Stand around the database's transactions and the calls to Slack."""
        doom, transaction, post, serialized = self, Database.transaction, SlackApi._post, Database.serialized

        def counted(database: Database) -> Any:
            return doom._around(transaction(database))

        def counted_in_turn(database: Database) -> Any:
            return doom._around(serialized(database), "serialized")

        async def called(api: SlackApi, method: str, args: dict[str, Any]) -> dict[str, Any]:
            number = doom.count("call") if doom.counts(method) else 0
            doom.reach("call", True, number)
            answer = await post(api, method, args)
            doom.reach("call", False, number)
            return answer

        for owner, name, method in (
            (Database, "transaction", counted), (Database, "serialized", counted_in_turn), (SlackApi, "_post", called),
        ):  # fmt: skip
            setattr(owner, name, method)  # in this process only
        yield

    @asynccontextmanager
    async def _around(self, transaction: Any, what: str = "commit") -> AsyncIterator[AsyncConnection]:
        async with transaction as conn:
            yield conn
            number = self.count(what)
            self.reach(what, True, number)
        self.reach(what, False, number)
