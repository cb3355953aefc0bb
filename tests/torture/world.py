"""The world of a run: a workspace, a load balancer, supervised bot processes, and one database."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sandbox
from sandbox import Workspace
from sandbox.transport import Answer
from storage.open import open_database
from tests.scenarios.processes import SteppedClock, Tuning
from tests.scenarios.running import MANIFEST
from tests.torture.course import Course
from tests.torture.days import POLICY as POLICY_OF_DAYS
from tests.torture.elsewhere import Elsewhere
from tests.torture.faults import fault
from tests.torture.outsiders import ask_from_outside
from tests.torture.passing_days import pass_days
from tests.torture.people import People
from tests.torture.replicas import RETRIES_S, Balancer, Replica, nothing_waits, shortened, supervised
from tests.torture.schedule import Schedule, Step
from tests.torture.workspace_acts import workspace_act
from tests.waiting import WITHIN_S

LEASE_S = 2.0
QUIET_WITHIN_S = 40.0
STARTS_IN_S = 0.4  # how long a bot process takes to start on an idle machine

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
    """Everything that a step may use."""

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
    elsewhere: Elsewhere = field(init=False)
    freezes: int = 0  # that lasted longer than a lease minus a call
    course: Course = field(init=False)
    slack_outages: int = 0
    repeating: int = 0  # while above 0, every act of a person reaches the bot twice

    def __post_init__(self) -> None:
        self.people = People(self.ws)
        self.elsewhere = Elsewhere(self)
        self.tuning, self.clock = shortened(self.folder, LEASE_S, outages=self.schedule.outages)
        self.course = Course(self.clock)
        self.people.clock = self.clock.now
        if self.schedule.days:
            self.course.go_to(self.schedule.days[0].at)
        policy = self.folder / "policy.yml"
        policy.write_text(POLICY_OF_DAYS if self.schedule.days else POLICY)
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
        """Deliver commands, presses and submissions twice while `repeating` is above 0."""
        ask = self.ws.delivery.ask

        async def deliver(kind: str, payload: Any, record_id: str) -> Answer:
            if not self.repeating:
                return await ask(kind, payload, record_id)
            answers = await asyncio.gather(*(ask(kind, payload, record_id) for _ in range(2)))
            return max(answers, key=lambda answer: (answer.ok, bool(answer.body)))

        self.ws.delivery.ask = deliver  # type: ignore[method-assign]

    async def run(self) -> None:
        """1. Start the processes; 2. play the schedule; 3. end all faults; 4. wait until everything is quiet;

        5. let people outside ask.
        """
        self.repeat()
        async with supervised(self, self.schedule.lives) as self.replicas:
            if not self.schedule.socket_mode:
                self.ws.request_url = f"http://127.0.0.1:{self.balancer.port}/slack/events"
            began = time.monotonic()
            await asyncio.wait_for(self.replicas[0].up.wait(), WITHIN_S)
            if self.schedule.outages:
                await self.elsewhere.sign_up()
            pace = min(2.0, max(1.0, (time.monotonic() - began) / STARTS_IN_S))
            if self.schedule.days:
                await pass_days(self, pace)
            else:
                await self._play(pace)
            await self._recover()
            await self.wait_until_quiet()
            self.course.quiet.append(self.clock.now())
            await ask_from_outside(self)
            await self.wait_until_quiet()

    async def _play(self, pace: float) -> None:
        """Play the steps at their times, slower by the factor `pace` if processes take longer to start."""
        public, private, *steps = self.schedule.steps
        await self.people.begin(public)
        await self.people.begin(private)
        began = time.monotonic()
        happening = []
        for step in steps:
            await asyncio.sleep(max(0.0, began + pace * step.at_s - time.monotonic()))
            happening.append(asyncio.create_task(self.take(step), name=str(step)))
        await asyncio.gather(*happening)
        await asyncio.sleep(max(0.0, began + pace * self.schedule.span_s - time.monotonic()))

    async def take(self, step: Step) -> None:
        """Do one step, or let one fault happen."""
        match step.what.partition(":")[0]:
            case "fault":
                await fault(self, step)
            case "act":
                await workspace_act(self, step)
            case "elsewhere":
                await self.elsewhere.do(step)
            case _:
                await self.people.do(step)

    async def end_faults(self) -> None:
        """End the faults, and start every process."""
        if self.ws.faults.down:
            await self.ws.come_back()
        self.ws.faults.clear()
        self.ws.delivery.faults.clear()
        self.ws.delivery.release()
        self.ws.delivery.flush()
        for replica in self.replicas:
            await asyncio.wait_for(replica.up.wait(), WITHIN_S)
        if self.schedule.socket_mode:
            await self.ws.until(lambda: self.ws.sockets.connections)
        await self._delivered()

    async def _recover(self) -> None:
        """End the faults, start every process, and stop the clock. A restart finds events that Slack gave up."""
        await self.end_faults()
        if self.schedule.restart_at_end or self._has_unnoticed_loss():
            await self.replicas[0].restart()
        self.clock.stand()

    @property
    def given_up(self) -> int:
        """The number of events that Slack no longer delivers."""
        return sum(d.state == "failed" and d.kind == "events_api" for d in self.ws.journal.deliveries)

    def _has_unnoticed_loss(self) -> bool:
        """Whether Slack gave up an event that no running process could have noticed."""
        given_up = [d for d in self.ws.journal.deliveries if d.state == "failed" and d.kind == "events_api"]
        return any(all(attempt["status"] != 500 for attempt in d.attempts) for d in given_up)

    async def _delivered(self) -> None:
        waiting = [d for d in self.ws.journal.deliveries if d.kind == "events_api"]
        await self.ws.until(lambda: all(d.state != "waiting" for d in waiting), WITHIN_S)

    async def wait_until_quiet(self) -> bool:
        """Wait until nothing is in flight in either direction, three times in a row.

        False if that takes too long: the oracle reports what is stuck.
        """
        database = await open_database(self.url, migrate=False)
        try:
            until, still = time.monotonic() + QUIET_WITHIN_S, 0
            while still < 3:
                if time.monotonic() > until:
                    return False
                await self._delivered()
                still = still + 1 if await nothing_waits(database, self.clock) else 0
                await asyncio.sleep(0.05)
            return True
        finally:
            await database.close()


@contextlib.asynccontextmanager
async def running_world(
    schedule: Schedule, url: str, folder: Path, cut_connections: Callable[[], None]
) -> AsyncIterator[World]:
    """A fresh workspace with a fresh database."""
    ack_s = 2.5 if schedule.days else 1.0  # in a night of days more depends on what people did
    settings = {
        "retry_delays_s": RETRIES_S,
        "ack_timeout_s": ack_s,
        "ping_interval_s": 0.4,
        "disconnect_warning_s": 1.0,
    }
    async with sandbox.running(manifest=MANIFEST, **settings) as ws:
        yield World(schedule, url, ws, folder, cut_connections)
