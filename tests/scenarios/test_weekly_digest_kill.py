"""The weekly digest survives a kill -9 at every commit and call: it is posted once, however many weeks pass."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from sandbox import Message, Workspace
from storage import key_value
from storage.open import open_database
from storage.schema import outbox
from tests.databases import PostgreSQL
from tests.scenarios import processes
from tests.scenarios.processes import Death, SteppedClock, Tuning
from tests.scenarios.running import policy_file
from tests.scenarios.test_kill import deaths, doubled_counts, settings, workspace
from tests.waiting import WITHIN_S

POLICY = """
preset: sev1-5
announce: "#incidents"
weekly_digest: {channel: "#payments", day: monday, at: "09:00"}
"""
WEEK = timedelta(days=7)
# A digest takes fewer commits and calls; `make torture` dies at each, on both databases.
WIDE = bool(os.environ.get("TOCSIN_TORTURE"))
POINTS = (
    deaths(10, 8, 1)
    if WIDE
    else [
        Death("commit", 1, before=True),
        Death("call", 1, before=False, method="chat.postMessage"),
    ]
)


class Weeks:
    """A workspace, a database, and a clock on which weeks pass for every process."""

    def __init__(self, ws: Workspace, url: str, policy: Path, folder: Path) -> None:
        self.ws, self.url, self._policy = ws, url, policy
        path = str(folder / "clock")
        self.clock, self._tuning = SteppedClock.create(path), Tuning(look_s=0.1, uncertain_wait_s=0.2, clock=path)

    async def started(self, death: Death | None = None) -> processes.Bot:
        bot = processes.launch(settings(self.ws, self.url, self._policy), death, self._tuning)
        await bot.ready()  # or it died before
        return bot

    async def planned(self) -> datetime | None:
        """When the next digest is due, as it is stored."""
        database = await open_database(self.url, migrate=False)
        try:
            async with database.reading() as conn:
                stored = await key_value.WEEKLY_DIGEST.get(conn)
        finally:
            await database.close()
        return datetime.fromisoformat(stored["due_at"]) if stored else None

    async def states(self) -> list[str]:
        """The state of each digest that was ever queued."""
        database = await open_database(self.url, migrate=False)
        try:
            async with database.reading() as conn:
                query = sa.select(outbox.c.state).where(outbox.c.kind == "weekly_digest").order_by(outbox.c.id)
                return list(await conn.scalars(query))
        finally:
            await database.close()

    async def until(self, holds: Callable[[], Awaitable[bool]]) -> None:
        async with asyncio.timeout(WITHIN_S):
            while not await holds():
                await asyncio.sleep(0.05)

    async def pass_to_the_next(self) -> None:
        """One second past the instant at which the next digest is due."""
        due_at = await self.planned()
        assert due_at is not None
        self.clock.step((due_at - self.clock.now()).total_seconds() + 1)

    @property
    def posted(self) -> list[Message]:
        return [m for m in self.ws.bot_messages("payments") if "week" in m.text.lower()]


@asynccontextmanager
async def weeks(url: str, folder: Path) -> AsyncIterator[Weeks]:
    """A bot has run once and planned the first digest; no bot runs any more, and the digest is due."""
    async with workspace() as ws:
        world = Weeks(ws, url, policy_file(folder, POLICY), folder)
        bot = await world.started()
        try:
            await world.until(lambda: _is_planned(world))
        finally:
            await bot.kill()
        await world.pass_to_the_next()
        yield world


async def _is_planned(world: Weeks) -> bool:
    return await world.planned() is not None


async def _is_sent(world: Weeks, count: int) -> bool:
    return await world.states() == ["sent"] * count


async def _dead_or_sent(world: Weeks, bot: processes.Bot, count: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while bot.alive and not await _is_sent(world, count):
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("death", POINTS, ids=str)
async def test_a_weekly_digest_survives_being_killed_anywhere(sqlite_url: str, tmp_path: Path, death: Death) -> None:
    async with weeks(sqlite_url, tmp_path) as world:
        await _dies_and_is_posted_once(world, death)


@pytest.mark.parametrize("death", POINTS if WIDE else POINTS[1:], ids=str)
async def test_a_weekly_digest_that_two_replicas_look_for_survives_the_death_of_one(
    postgresql: PostgreSQL, tmp_path: Path, death: Death
) -> None:
    async with weeks(postgresql.create(), tmp_path) as world:
        other = await world.started()
        try:
            await _dies_and_is_posted_once(world, death, is_reached=False)  # the other one may post it
        finally:
            await other.kill()


async def _dies_and_is_posted_once(world: Weeks, death: Death, *, is_reached: bool = not WIDE) -> None:
    """One process dies at the digest of a week; the next week, and the one after two weeks away, are posted as well."""
    bot = await world.started(death)
    await _dead_or_sent(world, bot, 1)
    if is_reached:  # of all points some are not
        assert await bot.ended()
    await bot.kill()
    bot = await world.started()
    try:
        await world.until(lambda: _is_sent(world, 1))
        assert len(world.posted) == 1
        due_at = await world.planned()
        assert due_at is not None
        assert due_at > world.clock.now()
        assert due_at.astimezone(UTC).weekday() == 0
        await world.pass_to_the_next()
        await world.until(lambda: _is_sent(world, 2))
        await bot.kill()
        world.clock.step((2 * WEEK).total_seconds())
        bot = await world.started()
        await world.until(lambda: _is_sent(world, 3))
        assert len(world.posted) == 3
        assert doubled_counts(world.ws) == {}
    finally:
        await bot.kill()
