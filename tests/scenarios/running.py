"""Runs a bot and a workspace: scenarios enter where Slack enters, and read the workspace."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import sqlalchemy as sa

import sandbox
from bot.app import App
from bot.bootstrap import build
from bot.clock import Clock
from bot.json_shapes.incidents import whole_incident_json
from bot.settings import Settings
from sandbox import Channel, Message, Person, Workspace
from storage import deadlines, incidents
from storage.schema import outbox
from storage.timeline import entries as timeline
from tests import waiting

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "manifest.yml"
WITHIN_S = waiting.WITHIN_S
TRANSCRIPT = os.environ.get("TOCSIN_TRANSCRIPT")


@dataclass(slots=True)
class World:
    """The workspace, the bot in it, and frequent queries of tests."""

    ws: Workspace
    tocsin: App
    settings: Settings

    def __getattr__(self, name: str) -> Person:
        return self.ws.person(name)

    async def show(self, number: int = 1) -> dict[str, Any]:
        """The JSON of `tocsin show --json`."""
        async with self.tocsin.database.reading() as conn:
            incident = await incidents.get(conn, number)
            assert incident is not None
            entries = await timeline.read(conn, number)
            return whole_incident_json(incident, entries, await deadlines.ledger(conn, number))

    async def kinds(self, number: int = 1) -> list[str]:
        return [entry["kind"] for entry in (await self.show(number))["timeline"]]

    async def declare(self, text: str = "sev2 Checkout is down", by: str = "maya") -> Channel:
        """Declare in one line and wait for the channel with its pinned card."""
        await self.ws.person(by).command("#general", f"/incident declare {text}")
        number = len([c for c in self.ws.channel_names() if c.startswith("inc-")]) or 1
        return await self.incident_channel(number)

    async def incident_channel(self, number: int = 1) -> Channel:
        await self.ws.until(lambda: self._pinned(number))
        channel = self.ws.find_channel(f"inc-{number}-") or self.ws.find_channel(f"inc-{number}")
        assert channel is not None
        return channel

    def _pinned(self, number: int) -> bool:
        channel = self.ws.find_channel(f"inc-{number}")
        return channel is not None and bool(self.ws.pinned(channel.id))

    def card(self, channel: Channel) -> Message:
        return self.ws.pinned(channel.id)[0]

    async def pass_time(self, **span: float) -> None:
        """Let time pass for the bot, and have it handle the deadlines that lapse."""
        clock = self.tocsin.context.clock
        if not isinstance(clock, MovableClock):
            clock = MovableClock()
            self.tocsin.context.clock = clock
            self.tocsin.scheduler._clock = cast(Clock, clock)
        clock.ahead += timedelta(**span)
        await self._nothing_due()
        await self.delivered()

    async def _nothing_due(self) -> None:
        async with asyncio.timeout(WITHIN_S):
            while True:
                await self.tocsin.scheduler.tick()
                async with self.tocsin.scheduler._tick_lock:  # one that was under way, and has claimed
                    pass
                async with self.tocsin.database.reading() as conn:
                    upcoming = await deadlines.next_due_at(conn)
                if upcoming is None or upcoming > self.tocsin.context.clock.now():
                    return
                await asyncio.sleep(0.01)

    async def delivered(self) -> None:
        """Wait until the outbox has sent everything except notices that wait for a lost channel."""
        c = outbox.c
        for_channel = sa.func.coalesce(c.depends_on, "").like("channel_back:%") & (c.state == "held")
        waiting = sa.select(c.dedup_key).where(c.state.in_(("held", "queued", "leased", "unknown")), ~for_channel)
        async with asyncio.timeout(WITHIN_S):
            while True:
                async with self.tocsin.database.reading() as conn:
                    if not list(await conn.scalars(waiting)):
                        return
                await asyncio.sleep(0.02)

    async def restart(self) -> None:
        """Stop the bot and start it anew on the same database."""
        await self.tocsin.stop()
        self.tocsin = await start(self.ws, self.settings)


def settings_for(ws: Workspace, url: str, *, socket_mode: bool = False, **more: Any) -> Settings:
    values: dict[str, Any] = dict(
        _env_file=None,
        slack_bot_token=ws.settings.bot_token,
        slack_signing_secret=None if socket_mode else ws.settings.signing_secret,
        slack_app_token=ws.settings.app_token if socket_mode else None,
        slack_api_url=ws.api_url,
        database_url=url,
        port=0,
        **more,
    )
    return Settings(**values)


async def start(ws: Workspace, settings: Settings) -> App:
    """Start the bot. The workspace holds its events until it knows the bot's address."""
    tocsin = await build(settings)
    ws.delivery.faults.hold = True
    await tocsin.start()
    if not settings.socket_mode:
        ws.request_url = f"http://127.0.0.1:{tocsin.port}/slack/events"
    else:
        await ws.until(lambda: len(ws.sockets.connections) >= 1)
    ws.delivery.release()
    return tocsin


def policy_file(folder: Path, policy: str) -> Path:
    """Write a policy file; returns its path."""
    path = folder / "policy.yml"
    path.write_text(policy, encoding="utf-8")
    return path


@asynccontextmanager
async def running_world(
    url: str, *, socket_mode: bool = False, policy: Path | None = None, **more: Any
) -> AsyncIterator[World]:
    """A fresh workspace with a bot in it, over signed HTTP unless `socket_mode`."""
    transcript = Path(f"{TRANSCRIPT}.{os.getpid()}") if TRANSCRIPT else None
    patient: dict[str, Any] = {**waiting.PATIENT_SLACK, "retry_delays_s": (0.0, 0.05, 0.1), "transcript": transcript}
    async with sandbox.running(manifest=MANIFEST, **patient) as ws:
        settings = settings_for(ws, url, socket_mode=socket_mode, tocsin_policy=policy, **more)
        running = World(ws, await start(ws, settings), settings)
        try:
            yield running
        finally:
            await running.tocsin.stop()


class MovableClock:
    """Real time plus an offset that tests move: a quarter of an hour passes at once."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def at(self, wall_s: float) -> datetime:
        return datetime.fromtimestamp(wall_s, UTC) + self.ahead

    def wall(self, instant: datetime) -> float:
        return (instant - self.ahead).timestamp()

    def wall_seconds(self, span: timedelta) -> float:
        return span.total_seconds()
