"""The disk of the SQLite file is full: answers say so, nothing that was acknowledged is lost, and it goes on by itself.

The process may write to no file beyond its first bytes, which fails as a full disk does, for this process alone.
"""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

import sandbox
from bot.slack.blocks.replies import NOT_RECORDED
from sandbox import Channel, Workspace
from storage.open import open_database
from storage.timeline import entries as timeline
from storage.timeline.verify import chain_faults
from tests.scenarios import processes
from tests.scenarios.processes import Tuning
from tests.scenarios.running import MANIFEST, policy_file
from tests.scenarios.test_kill import POLICY, settings
from tests.waiting import WITHIN_S

MOST_BYTES = 4096  # less than one page of the write-ahead log with its header


@dataclass(slots=True)
class Scene:
    ws: Workspace
    bot: processes.Bot
    url: str
    channel: Channel

    @contextmanager
    def full_disk(self) -> Iterator[None]:
        hard = resource.prlimit(self.bot.pid, resource.RLIMIT_FSIZE)[1]
        resource.prlimit(self.bot.pid, resource.RLIMIT_FSIZE, (MOST_BYTES, hard))
        try:
            yield
        finally:
            resource.prlimit(self.bot.pid, resource.RLIMIT_FSIZE, (hard, hard))

    async def readiness(self) -> tuple[int, str]:
        async with (
            aiohttp.ClientSession() as session,
            session.get(f"http://127.0.0.1:{self.bot.port}/readyz") as answer,
        ):
            return answer.status, await answer.text()

    async def until_ready(self, status: int) -> str:
        async with asyncio.timeout(WITHIN_S):
            while (shown := await self.readiness())[0] != status:
                await asyncio.sleep(0.1)
        return shown[1]

    async def texts(self, kind: str) -> list[str]:
        """The entries of a kind on the timeline; the chain is checked too."""
        database = await open_database(self.url, migrate=False)
        try:
            async with database.snapshot() as conn:
                assert await chain_faults(conn, 1) == []
                return [record.entry.text for record in await timeline.read(conn, 1) if record.entry.kind == kind]
        finally:
            await database.close()


@asynccontextmanager
async def scene(url: str, policy: Path) -> AsyncIterator[Scene]:
    async with sandbox.running(manifest=MANIFEST, retry_delays_s=(0.05, 0.3, 1.0)) as ws:
        bot = processes.launch(settings(ws, url, policy), tuning=Tuning(look_s=0.2))
        try:
            assert await bot.ready()
            ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
            await ws.person("maya").command("#general", "/incident sev2 Checkout is down")
            await ws.until(lambda: (found := ws.find_channel("inc-1-")) and ws.pinned(found.id), WITHIN_S)
            channel = ws.find_channel("inc-1-")
            assert channel is not None
            yield Scene(ws, bot, url, channel)
        finally:
            await bot.stop()


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[Scene]:
    async with scene(sqlite_url, policy_file(tmp_path, POLICY)) as opened:
        yield opened


async def test_on_a_full_disk_every_answer_says_that_nothing_was_recorded_and_reading_goes_on(world: Scene) -> None:
    maya, card = world.ws.person("maya"), world.ws.pinned(world.channel.id)[0]
    await maya.command(world.channel.id, "/incident update")
    form = maya.view
    with world.full_disk():
        told = await maya.command(world.channel.id, "/incident note while full")
        assert NOT_RECORDED in told.text
        pressed = await maya.press(card, "Acknowledge")
        assert not pressed.ok or NOT_RECORDED in pressed.text
        await maya.fill(form, {"What changed?": "while full"})
        submitted = await maya.submit(form)
        assert NOT_RECORDED in str(submitted.errors)
        assert "Checkout is down" in str((await maya.command("#general", "/incident list")).blocks)
        assert "Check the volume" in await world.until_ready(503)
        assert world.bot.alive
    assert await world.texts("note") == []
    assert await world.texts("update") == []
    assert await world.texts("acknowledged") == []


async def test_once_there_is_room_it_goes_on_by_itself(world: Scene) -> None:
    maya = world.ws.person("maya")
    with world.full_disk():
        await world.until_ready(503)
        await maya.say(world.channel.id, "said while full")
        await world.ws.until(lambda: all(d.state != "waiting" for d in world.ws.journal.deliveries), WITHIN_S)
    await world.until_ready(200)
    assert "Noted" in (await maya.command(world.channel.id, "/incident note there is room")).text
    async with asyncio.timeout(WITHIN_S):
        while await world.texts("message") != ["said while full"]:  # Slack had given it up: it is read from the history
            await asyncio.sleep(0.1)
    await maya.command("#general", "/incident sev2 Another")
    await world.ws.until(lambda: (found := world.ws.find_channel("inc-2-")) and world.ws.pinned(found.id), WITHIN_S)


async def test_what_was_acknowledged_while_the_disk_filled_is_there_once(world: Scene) -> None:
    acknowledged: list[str] = []
    refused: list[str] = []
    unanswered: list[str] = []  # at most once: the answer may have been lost

    async def notes(name: str) -> None:
        number = 0
        while len(refused) < 6:
            number += 1
            words = f"{name} {number}"
            reply = await world.ws.person(name).command(world.channel.id, f"/incident note {words}")
            said_so = refused if NOT_RECORDED in reply.text else unanswered
            (acknowledged if "Noted" in reply.text else said_so).append(words)
            await asyncio.sleep(0.01)

    for name in ("tom", "priya"):
        await world.ws.person(name).join(world.channel.id)
    writing = [asyncio.create_task(notes(name)) for name in ("maya", "tom", "priya")]
    async with asyncio.timeout(WITHIN_S):
        for so_far in (1, 4, 6):  # it fills up three times, while people write
            with world.full_disk():
                while len(refused) < so_far:
                    await asyncio.sleep(0.005)
            await asyncio.sleep(0.05)
        await asyncio.gather(*writing)
    recorded = await world.texts("note")
    assert len(recorded) == len(set(recorded))
    assert set(acknowledged) <= set(recorded) <= {*acknowledged, *unanswered}
    assert acknowledged
