"""The bot as a real process, which can be told to die by SIGKILL at its n-th commit or call to Slack.

Processes come from a fork server that has imported everything once, so that one starts in a fraction of a second.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import logs, outbox, scheduler
from bot.app import build
from bot.settings import Settings
from bot.slack.api import SlackApi
from storage.database import Database

LEASE = timedelta(seconds=2)  # the sandbox answers at once; nobody need wait half a minute for the dead

_server = multiprocessing.get_context("forkserver")
_server.set_forkserver_preload(["tests.scenarios.processes"])


@dataclass(frozen=True, slots=True)
class Death:
    """Where to die: at the `number`-th (from 1) `commit` or `call`, `before` it or after it took effect."""

    what: str
    number: int
    before: bool

    def __str__(self) -> str:
        return f"{'before' if self.before else 'after'} {self.what} {self.number}"


class Bot:
    """A running process of the bot. `port` is where it listens."""

    def __init__(self, process: BaseProcess, port: int) -> None:
        self._process = process
        self.port = port

    @property
    def alive(self) -> bool:
        return self._process.is_alive()

    def signal(self, number: int) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

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
    ours, theirs = _server.Pipe(duplex=False)
    process = _server.Process(target=_run, args=(settings, death, theirs), daemon=True)
    await asyncio.to_thread(process.start)
    theirs.close()
    port = await asyncio.to_thread(_first_word, ours)
    return Bot(process, port)


def _first_word(pipe: Connection) -> int:
    try:
        return int(pipe.recv()) if pipe.poll(20) else 0
    except EOFError:
        return 0
    finally:
        pipe.close()


def _run(settings: dict[str, Any], death: Death | None, ready: Connection) -> None:
    logs.configure("json", os.environ.get("TOCSIN_TEST_LOG", "ERROR"))
    outbox.LEASE = scheduler.LEASE = LEASE
    doom = Doom(death)
    with doom.watching():
        asyncio.run(_serve(Settings(_env_file=None, **settings), doom, ready))


async def _serve(settings: Settings, doom: Doom, ready: Connection) -> None:
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    tocsin = await build(settings)
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
        self.seen = {"commit": 0, "call": 0}

    def reach(self, what: str, before: bool, number: int) -> None:
        if self.death == Death(what, number, before):
            os.kill(os.getpid(), signal.SIGKILL)

    def count(self, what: str) -> int:
        if not self.armed:
            return 0
        self.seen[what] += 1
        return self.seen[what]

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Stand around the database's transactions and the calls to Slack."""
        doom, transaction, post = self, Database.transaction, SlackApi._post

        def counted(database: Database) -> Any:
            return doom._around(transaction(database))

        async def called(api: SlackApi, method: str, args: dict[str, Any]) -> dict[str, Any]:
            number = doom.count("call") if method != "auth.test" else 0
            doom.reach("call", True, number)
            answer = await post(api, method, args)
            doom.reach("call", False, number)
            return answer

        Database.transaction, SlackApi._post = counted, called  # type: ignore[method-assign]  # in this process only
        yield

    @asynccontextmanager
    async def _around(self, transaction: Any) -> AsyncIterator[AsyncConnection]:
        async with transaction as conn:
            yield conn
            number = self.count("commit")
            self.reach("commit", True, number)
        self.reach("commit", False, number)
