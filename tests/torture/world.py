"""The world of a run: a workspace, a balancer, processes of the bot that somebody starts again, and one database."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sandbox
from sandbox import Workspace
from sandbox.transport import Answer
from storage.open import open_database
from tests.scenarios.processes import SteppedClock, Tuning
from tests.scenarios.running import MANIFEST
from tests.torture.faults import fault
from tests.torture.people import People
from tests.torture.replicas import RETRIES_S, Balancer, Replica, hurried, kept, nothing_waits
from tests.torture.schedule import SPAN_S, Schedule

LEASE_S = 2.0
QUIET_WITHIN_S = 40.0
STARTS_IN_S = 0.4  # a process of the bot, where nothing else is going on

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
        self.tuning, self.clock = hurried(self.folder, LEASE_S)
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
        self.repeat()
        async with kept(self, self.schedule.lives) as self.replicas:
            if not self.schedule.socket_mode:
                self.ws.request_url = f"http://127.0.0.1:{self.balancer.port}/slack/events"
            began = time.monotonic()
            await asyncio.wait_for(self.replicas[0].up.wait(), 20)
            await self._night(min(2.0, max(1.0, (time.monotonic() - began) / STARTS_IN_S)))
            await self._peace()
            await self._quiet()

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
        database = await open_database(self.url, migrate=False)
        try:
            until, still = time.monotonic() + QUIET_WITHIN_S, 0
            while still < 3:
                if time.monotonic() > until:
                    return  # the oracle says what is stuck
                await self._delivered()
                still = still + 1 if await nothing_waits(database, self.clock) else 0
                await asyncio.sleep(0.05)
        finally:
            await database.close()


@contextlib.asynccontextmanager
async def world(schedule: Schedule, url: str, folder: Path, cut_connections: Callable[[], None]) -> Any:
    """A fresh workspace around a fresh database."""
    settings = {"retry_delays_s": RETRIES_S, "ack_timeout_s": 1.0, "ping_interval_s": 0.4, "disconnect_warning_s": 1.0}
    async with sandbox.running(manifest=MANIFEST, **settings) as ws:
        yield World(schedule, url, ws, folder, cut_connections)
