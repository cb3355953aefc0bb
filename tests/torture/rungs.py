"""A night of the ladder: four rungs, four methods, while processes die, vendors fail and the severity changes.

Everything is real except Slack and the vendors, whose doubles answer as the vendors' documentation says: an SMTP
server, PagerDuty's Events API and Twilio's messages. The seed fixes what happens and when.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sandbox
from sandbox import Workspace
from storage import incidents
from storage.open import open_database
from tests.integrations.doubles import serving
from tests.integrations.mail import post_office
from tests.scenarios.processes import SteppedClock, Tuning
from tests.scenarios.running import MANIFEST
from tests.torture.replicas import RETRIES_S, Balancer, Replica, nothing_waits, shortened, supervised
from tests.torture.schedule import Life, life
from tests.torture.vendors import FaultyPagerDuty, FaultyTwilio, Mailbox
from tests.waiting import WITHIN_S

RUNGS, EVERY_S = 4, 20
METHODS = ("slack", "pagerduty", "email", "sms")
PEOPLE = {1: "U0TOM00000", 2: "U0PRIYA000", 3: "U0LENA0000", 4: "U0SAM00000"}
PHONES = {number: f"+49151000000{number}" for number in PEOPLE}
LEASE_S = 2.5
QUIET_WITHIN_S = 40.0
FAULTS = ("refuse", "limit", "lose", "hang_up")

_CONTACTS = "\n".join(
    f'  p{n}: {{name: Person {n}, slack: {user}, email: p{n}@example.com, phone: "{PHONES[n]}"}}'
    for n, user in PEOPLE.items()
)
_LADDER = "\n".join(
    f'      - {{after: {EVERY_S * (n - 1)}s, notify: ["contact:p{n}"], by: [{", ".join(METHODS)}]}}' for n in PEOPLE
)
POLICY = "preset: sev1-5\nannounce: '#incidents'\ncontacts:\n" + _CONTACTS + "\nseverities:\n" + "".join(
    f"  {level}:\n    respond_within: null\n    update_every: null\n    escalate_after: null\n    roles: []\n"
    f"    notify_executives: false\n    ladder:\n{_LADDER}\n"
    for level in ("sev1", "sev2")
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything fixed beforehand. Instants are seconds from the declaration; `None` means never."""

    seed: int
    database: str
    replicas: int
    raise_at: float | None
    lower_at: float | None
    acknowledge_at: float | None
    kills: tuple[float, ...]
    faults: tuple[tuple[float, str, str], ...]  # when, method, fault
    lives: tuple[tuple[Life, ...], ...]

    def __str__(self) -> str:
        deaths = "; ".join(", ".join(str(life.death) for life in lives) for lives in self.lives)
        return (
            f"seed {self.seed}: {self.database}, {self.replicas} replica(s), raised {self.raise_at}, lowered "
            f"{self.lower_at}, acknowledged {self.acknowledge_at}, kills {self.kills}, {self.faults}; deaths {deaths}"
        )


def plan(seed: int, database: str | None = None) -> Plan:
    rng = random.Random(seed)  # reproducible, not secret
    drawn = rng.choice(("sqlite", "postgresql"))
    database = database or drawn
    raise_at = round(rng.uniform(0.3, 2.4), 2) if rng.random() < 0.5 else None
    lower_at = round(raise_at + rng.uniform(0.4, 1.2), 2) if raise_at and rng.random() < 0.4 else None
    acknowledge_at = round(rng.uniform(0.6, 3.4), 2) if rng.random() < 0.5 else None
    kills = tuple(sorted(round(rng.uniform(0.2, 3.6), 2) for _ in range(rng.randint(2, 5))))
    faults = tuple(
        (
            round(rng.uniform(0.0, 3.2), 2),
            rng.choice(("pagerduty", "sms", "email", "slack")),
            rng.choice(FAULTS),
        )
        for _ in range(rng.randint(2, 6))
    )
    replicas = 2 if database == "postgresql" else 1
    lives = tuple(tuple(life(rng) for _ in range(3)) for _ in range(2))[:replicas]
    return Plan(seed, database, replicas, raise_at, lower_at, acknowledge_at, kills, faults, lives)


@dataclass(slots=True)
class Night:
    """The workspace, the vendors and the processes of one night."""

    plan: Plan
    url: str
    folder: Path
    ws: Workspace
    pagerduty: FaultyPagerDuty
    twilio: FaultyTwilio
    post: Mailbox
    balancer: Balancer = field(default_factory=Balancer)
    replicas: list[Replica] = field(default_factory=list)
    clock: SteppedClock = field(init=False)
    tuning: Tuning = field(init=False)
    settings: dict[str, Any] = field(init=False)
    acknowledged_at: float | None = None
    channel: str = ""

    def __post_init__(self) -> None:
        self.tuning, self.clock = shortened(self.folder, LEASE_S)
        policy = self.folder / "policy.yml"
        policy.write_text(POLICY)
        self.settings = {
            "slack_bot_token": self.ws.settings.bot_token, "slack_api_url": self.ws.api_url,
            "slack_signing_secret": self.ws.settings.signing_secret, "database_url": self.url,
            "tocsin_policy": str(policy), "port": 0,
            "pagerduty_routing_key": "R0123456789abcdef0123456789abcde",
            "pagerduty_events_url": f"{self.pagerduty.url}/v2/enqueue",
            "twilio_account_sid": "AC0", "twilio_auth_token": "the-twilio-token", "twilio_from": "+14155552345",
            "twilio_api_url": self.twilio.url,
            "smtp_url": f"smtp+plain://127.0.0.1:{self.post.port}", "mail_from": "Tocsin <tocsin@example.org>",
        }  # fmt: skip

    async def run(self) -> None:
        """1. Start; 2. play the night; 3. end the faults and let the ladder finish."""
        async with supervised(self, self.plan.lives) as self.replicas:
            self.ws.request_url = f"http://127.0.0.1:{self.balancer.port}/slack/events"
            await asyncio.wait_for(self.replicas[0].up.wait(), WITHIN_S)
            await self._play()
            await self._recover()

    async def _play(self) -> None:
        await self._run_command("maya", "#general", "sev2 Payments are down")
        steps: list[tuple[float, Any]] = [(0.9 * n, lambda: self.clock.step(EVERY_S)) for n in range(1, RUNGS)]
        steps += [(at, self._kill) for at in self.plan.kills]
        steps += [(at, lambda w=whose, f=fault: self._add_fault(w, f)) for at, whose, fault in self.plan.faults]
        for at, line in ((self.plan.raise_at, "severity sev1"), (self.plan.lower_at, "severity sev2")):
            if at is not None:
                steps.append((at, lambda line=line: self._run_command("maya", "#general", f"{line} --in INC-1")))
        if self.plan.acknowledge_at is not None:
            steps.append((self.plan.acknowledge_at, self._acknowledge))
        began, happening = time.monotonic(), []
        for at, step in sorted(steps, key=lambda step: step[0]):
            await asyncio.sleep(max(0.0, began + at - time.monotonic()))
            if (work := step()) is not None:
                happening.append(asyncio.create_task(work))
        await asyncio.gather(*happening)
        await asyncio.sleep(max(0.0, began + 3.8 - time.monotonic()))

    def _kill(self) -> None:
        chosen = self.replicas[len(self.plan.kills) % len(self.replicas)]
        if chosen.bot is not None and chosen.bot.alive and chosen.up.is_set():
            chosen.bot.signal(9)

    def _add_fault(self, method: str, fault: str) -> None:
        if method == "slack":
            rules: dict[str, dict[str, Any]] = {"refuse": {"status": 503}, "limit": {"status": 429, "retry_after": 0.3}}
            rule = rules.get(fault, {"reset": True, "after": fault == "lose"})
            self.ws.faults.add("chat.postMessage", count=1, **rule)
            return
        faults = {"pagerduty": self.pagerduty.faults, "sms": self.twilio.faults, "email": self.post.faults}
        faults[method].append(fault)

    async def _acknowledge(self) -> None:
        await self._run_command("noor", "#general", "ack --in INC-1")
        self.acknowledged_at = time.monotonic()

    async def _run_command(self, who: str, where: str, words: str) -> None:
        """Type a command again until it is recorded, as people do."""
        until, reply = time.monotonic() + 25, None
        while time.monotonic() < until:
            reply = await self.ws.person(who).command(where, f"/incident {words}")
            if (reply.ok and "not recorded" not in reply.text) or await self._was_declared(words):
                return
            await asyncio.sleep(0.2)
        raise TimeoutError(f"{words} was never recorded: {reply}")

    async def _was_declared(self, words: str) -> bool:
        """Whether an unconfirmed declare was recorded: people then find the channel and do not repeat it."""
        if "--in" in words:
            return False
        await asyncio.sleep(1.0)
        database = await open_database(self.url, migrate=False)
        try:
            async with database.reading() as conn:
                return await incidents.get(conn, 1) is not None
        finally:
            await database.close()

    async def _recover(self) -> None:
        self.ws.faults.clear()
        for vendor in (self.pagerduty, self.twilio, self.post):
            vendor.faults.clear()
        for replica in self.replicas:
            await asyncio.wait_for(replica.up.wait(), WITHIN_S)
        self.clock.step(RUNGS * EVERY_S + 5)  # past the rest of the ladder
        await self.replicas[0].restart()
        await self._wait_until_quiet()
        self.clock.stand()
        await self._wait_until_quiet()

    async def _wait_until_quiet(self) -> None:
        database = await open_database(self.url, migrate=False)
        try:
            until, still = time.monotonic() + QUIET_WITHIN_S, 0
            while still < 4 and time.monotonic() < until:
                await self.ws.settled()
                still = still + 1 if await nothing_waits(database, self.clock) else 0
                await asyncio.sleep(0.05)
        finally:
            await database.close()


@contextlib.asynccontextmanager
async def night(plan: Plan, url: str, folder: Path) -> AsyncIterator[Night]:
    settings = {"retry_delays_s": RETRIES_S, "ack_timeout_s": 1.0}
    async with contextlib.AsyncExitStack() as stack:
        ws = await stack.enter_async_context(sandbox.running(manifest=MANIFEST, **settings))
        pagerduty, twilio, post = FaultyPagerDuty(), FaultyTwilio(), Mailbox()
        await stack.enter_async_context(serving(pagerduty))
        await stack.enter_async_context(serving(twilio))
        await stack.enter_async_context(post_office(post))
        yield Night(plan, url, folder, ws, pagerduty, twilio, post)
