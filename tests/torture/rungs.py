"""A night of the ladder: four rungs, four methods, while processes die, vendors stumble and the severity changes.

Everything is real but Slack and the vendors, which answer on this machine as their documentation says: an SMTP server,
PagerDuty's Events API and Twilio's messages. One seed fixes what happens when.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

import sandbox
from bot.domain.incident import Incident
from bot.domain.paging.calls import dedup_key
from sandbox import Workspace
from storage import incidents
from storage.open import open_database
from storage.schema import deadlines
from storage.schema import outbox as outbox_table
from storage.timeline import entries as timeline
from tests.integrations import mail
from tests.integrations.doubles import Asked, PagerDutyDouble, TwilioDouble, serving
from tests.scenarios.processes import SteppedClock, Tuning
from tests.scenarios.running import MANIFEST
from tests.torture.replicas import RETRIES_S, Balancer, Replica, hurried, kept, nothing_waits
from tests.torture.schedule import Life, life

RUNGS, EVERY_S = 4, 20
METHODS = ("slack", "pagerduty", "email", "sms")
PEOPLE = {1: "U0TOM00000", 2: "U0PRIYA000", 3: "U0LENA0000", 4: "U0SAM00000"}
PHONES = {number: f"+49151000000{number}" for number in PEOPLE}
LEASE_S = 2.5
QUIET_WITHIN_S = 40.0
IN_FLIGHT_S = 1.5  # what was handed over before an acknowledgement may arrive so much later
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
    """What is known beforehand. Instants are in seconds from the declaration; None: it does not happen."""

    seed: int
    database: str
    replicas: int
    raise_at: float | None
    lower_at: float | None
    acknowledge_at: float | None
    kills: tuple[float, ...]
    faults: tuple[tuple[float, str, str], ...]  # when, whose, which
    lives: tuple[tuple[Life, ...], ...]

    def __str__(self) -> str:
        deaths = "; ".join(", ".join(str(life.death) for life in lives) for lives in self.lives)
        return (
            f"seed {self.seed}: {self.database}, {self.replicas} replica(s), raised {self.raise_at}, lowered "
            f"{self.lower_at}, acknowledged {self.acknowledge_at}, kills {self.kills}, {self.faults}; deaths {deaths}"
        )


def plan(seed: int, database: str | None = None) -> Plan:
    chance = random.Random(seed)  # not a secret
    drawn = chance.choice(("sqlite", "postgresql"))
    database = database or drawn
    raise_at = round(chance.uniform(0.3, 2.4), 2) if chance.random() < 0.5 else None
    lower_at = round(raise_at + chance.uniform(0.4, 1.2), 2) if raise_at and chance.random() < 0.4 else None
    acknowledge_at = round(chance.uniform(0.6, 3.4), 2) if chance.random() < 0.5 else None
    kills = tuple(sorted(round(chance.uniform(0.2, 3.6), 2) for _ in range(chance.randint(2, 5))))
    faults = tuple(
        (
            round(chance.uniform(0.0, 3.2), 2),
            chance.choice(("pagerduty", "sms", "email", "slack")),
            chance.choice(FAULTS),
        )
        for _ in range(chance.randint(2, 6))
    )
    replicas = 2 if database == "postgresql" else 1
    lives = tuple(tuple(life(chance) for _ in range(3)) for _ in range(2))[:replicas]
    return Plan(seed, database, replicas, raise_at, lower_at, acknowledge_at, kills, faults, lives)


class Stumbling:
    """A vendor that takes, or does not, and does not always say so. `taken` is what arrived for good, and when."""

    def __init__(self) -> None:
        super().__init__()
        self.taken: list[tuple[float, Asked]] = []
        self.faults: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        asked = Asked(request.method, request.path, dict(request.headers), dict(request.query), await request.read())
        fault = self.faults.pop(0) if asked.method == "POST" and self.faults else ""
        if fault == "refuse":
            return web.json_response({"message": "down for maintenance"}, status=503)
        if fault == "limit":
            return web.json_response({"message": "too many"}, status=429, headers={"Retry-After": "0.3"})
        if asked.method == "POST" and fault != "hang_up":
            self.taken.append((time.monotonic(), asked))
        if fault in ("lose", "hang_up"):
            assert request.transport is not None
            request.transport.close()
            return web.Response()
        reply = self.usual(asked)  # type: ignore[attr-defined]  # of the double beside
        return web.json_response(reply.body, status=reply.status)


class StumblingPagerDuty(Stumbling, PagerDutyDouble):
    pass


class StumblingTwilio(Stumbling, TwilioDouble):
    @property
    def posted(self) -> list[dict[str, str]]:
        return [asked.form for _, asked in self.taken]


@dataclass(slots=True)
class Mailbox(mail.Post):
    """An SMTP server that stumbles."""

    taken_at: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = self.faults.pop(0) if self.faults else ""
        if fault in ("refuse", "limit"):
            return "451 4.3.0 Try again later"
        self.hang_up = fault == "hang_up"
        said = await mail.Post.handle_DATA(self, server, session, envelope)
        if said.startswith("250 2.0.0"):
            self.taken_at.append(time.monotonic())
        if fault == "lose":
            assert server.transport is not None
            server.transport.abort()  # type: ignore[attr-defined]
        return said


@dataclass(slots=True)
class Night:
    """The workspace, the vendors, the processes."""

    plan: Plan
    url: str
    folder: Path
    ws: Workspace
    pagerduty: StumblingPagerDuty
    twilio: StumblingTwilio
    post: Mailbox
    balancer: Balancer = field(default_factory=Balancer)
    replicas: list[Replica] = field(default_factory=list)
    clock: SteppedClock = field(init=False)
    tuning: Tuning = field(init=False)
    settings: dict[str, Any] = field(init=False)
    acknowledged_at: float | None = None
    channel: str = ""

    def __post_init__(self) -> None:
        self.tuning, self.clock = hurried(self.folder, LEASE_S)
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

    async def live(self) -> list[str]:
        """1. Start; 2. let the night happen; 3. make peace and let the ladder end; 4. judge."""
        async with kept(self, self.plan.lives) as self.replicas:
            self.ws.request_url = f"http://127.0.0.1:{self.balancer.port}/slack/events"
            await asyncio.wait_for(self.replicas[0].up.wait(), 20)
            await self._happen()
            await self._peace()
            return await self._judged()

    async def _happen(self) -> None:
        await self._typed("maya", "#general", "sev2 Payments are down")
        steps: list[tuple[float, Any]] = [(0.9 * n, lambda: self.clock.step(EVERY_S)) for n in range(1, RUNGS)]
        steps += [(at, self._kill) for at in self.plan.kills]
        steps += [(at, lambda w=whose, f=fault: self._stumble(w, f)) for at, whose, fault in self.plan.faults]
        for at, line in ((self.plan.raise_at, "severity sev1"), (self.plan.lower_at, "severity sev2")):
            if at is not None:
                steps.append((at, lambda line=line: self._typed("maya", "#general", f"{line} --in INC-1")))
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

    def _stumble(self, whose: str, fault: str) -> None:
        if whose == "slack":
            how: dict[str, Any] = {"refuse": {"status": 503}, "limit": {"status": 429, "retry_after": 0.3}}.get(
                fault, {"reset": True, "after": fault == "lose"}
            )
            self.ws.faults.add("chat.postMessage", count=1, **how)
            return
        {"pagerduty": self.pagerduty, "sms": self.twilio, "email": self.post}[whose].faults.append(fault)

    async def _acknowledge(self) -> None:
        await self._typed("noor", "#general", "ack --in INC-1")
        self.acknowledged_at = time.monotonic()

    async def _typed(self, who: str, where: str, words: str) -> None:
        """Until it is recorded: people try again."""
        until, reply = time.monotonic() + 25, None
        while time.monotonic() < until:
            reply = await self.ws.person(who).command(where, f"/incident {words}")
            if (reply.ok and "not recorded" not in reply.text) or await self._there(words):
                return
            await asyncio.sleep(0.2)
        raise TimeoutError(f"{words} was never recorded: {reply}")

    async def _there(self, words: str) -> bool:
        """A declare that nobody confirmed may have been recorded: people find the channel, and do not repeat it."""
        if "--in" in words:
            return False
        await asyncio.sleep(1.0)
        database = await open_database(self.url, migrate=False)
        try:
            async with database.reading() as conn:
                return await incidents.get(conn, 1) is not None
        finally:
            await database.close()

    async def _peace(self) -> None:
        self.ws.faults.clear()
        for vendor in (self.pagerduty, self.twilio, self.post):
            vendor.faults.clear()
        for replica in self.replicas:
            await asyncio.wait_for(replica.up.wait(), 20)
        self.clock.step(RUNGS * EVERY_S + 5)  # what is left of the ladder
        await self.replicas[0].again()
        await self._quiet()
        self.clock.stand()
        await self._quiet()

    async def _quiet(self) -> None:
        database = await open_database(self.url, migrate=False)
        try:
            until, still = time.monotonic() + QUIET_WITHIN_S, 0
            while still < 4 and time.monotonic() < until:
                await self.ws.settled()
                still = still + 1 if await nothing_waits(database, self.clock) else 0
                await asyncio.sleep(0.05)
        finally:
            await database.close()

    # — the oracle

    async def _judged(self) -> list[str]:
        database = await open_database(self.url, migrate=False)
        try:
            async with database.reading() as conn:
                incident = await incidents.get(conn, 1)
                assert incident is not None
                entries = await timeline.read(conn, 1)
                rows = list(await conn.execute(sa.select(outbox_table)))
                ledger = list(await conn.execute(sa.select(deadlines)))
        finally:
            await database.close()
        return [
            *self._rungs_once_and_in_order(entries),
            *self._each_message_once(rows, incident),
            *self._silence(entries),
            *self._ledger_explains(ledger, entries),
        ]

    def _rungs_once_and_in_order(self, entries: list[Any]) -> list[str]:
        wrong, paged, level = [], [], "sev2"
        seen: Counter[tuple[str, int]] = Counter()
        for record in entries:
            said = record.entry
            if said.kind == "severity":
                level, paged = said.data["after"], []
            elif said.kind == "page" and said.data.get("rung"):
                seen[level, said.data["rung"]] += 1
                paged.append(said.data["rung"])
                if paged != sorted(paged):
                    wrong.append(f"{level}: rungs were paged in the order {paged}")
        wrong += [
            f"rung {rung} of {level} was paged {count} times" for (level, rung), count in seen.items() if count > 1
        ]
        if self.plan.acknowledge_at is None:
            # lowered: what was reached above is spent below, so that each is paged once on one ladder or the other
            last = level
            reached = {rung for (key, rung) in seen if key == last or self.plan.lower_at is not None}
            if reached != set(range(1, RUNGS + 1)):
                wrong.append(f"nobody acknowledged, and only rungs {sorted(reached)} of {last} were paged")
        return wrong

    def _each_message_once(self, rows: list[Any], incident: Incident) -> list[str]:
        """What counts as sent arrived once; what was dropped did not arrive; nothing arrived that has no row.

        PagerDuty folds events of one alert, and mail programs go by the Message-ID.
        """
        wrong: list[str] = []
        arrived = self._arrivals()
        for row in rows:
            if row.kind not in ("page_direct", "notify") or row.payload.get("action") not in (None, "trigger"):
                continue
            method, place = row.payload["method"], row.metadata_key
            if method == "sms":
                place = row.metadata_key[:8]
            elif method == "pagerduty":
                place = f"{dedup_key(incident, row.payload['severity'])} Person {row.payload['contact'][1:]}"
            found = arrived.pop((method, place), 0)
            wanted = {"sent": (1,), "dropped": (0, 1) if "may have arrived" in str(row.error) else (0,)}.get(row.state)
            if wanted is None:
                wrong.append(f"{row.dedup_key} is {row.state}: {row.error}")
            elif found not in wanted:
                wrong.append(f"{row.dedup_key} is {row.state} ({row.error}), and {found} arrived")
        return wrong + [f"{count} × {place} arrived, of which nothing is known" for place, count in arrived.items()]

    def _arrivals(self) -> Counter[tuple[str, str]]:
        """By method and by what tells one page from another there."""
        found: Counter[tuple[str, str]] = Counter()
        for _, asked in self.twilio.taken:
            found["sms", asked.form["Body"].rpartition("ref ")[2]] += 1
        events = {
            f"{event['dedup_key']} {event['payload']['custom_details']['paged']}"
            for event in (asked.json for _, asked in self.pagerduty.taken)
            if event["event_action"] == "trigger"
        }
        found.update(("pagerduty", event) for event in events)
        mails = {str(mail["Message-ID"]).strip("<>").partition("@")[0] for mail in self.post.mails}
        found.update(("email", name.rpartition(".")[2]) for name in mails)
        for channel in self.ws.state.channels.values():
            if channel.is_im and set(channel.members) & set(PEOPLE.values()):
                for message in self.ws.bot_messages(channel.id):
                    found["slack", (message.metadata or {})["event_payload"]["key"]] += 1
        return found

    def _silence(self, entries: list[Any]) -> list[str]:
        """Acknowledged: nothing is paged any more, in the book or at a vendor's, where it is acknowledged too."""
        if self.acknowledged_at is None:
            return []
        wrong = []
        kinds = [record.entry.kind for record in entries if record.entry.kind in ("acknowledged", "page", "severity")]
        after = kinds[len(kinds) - kinds[::-1].index("acknowledged") :]
        if "page" in after and "severity" not in after:
            wrong.append("a rung was paged after it was acknowledged")
        if "severity" in after:
            return wrong  # raised after that: the new ladder pages
        latest = self.acknowledged_at + IN_FLIGHT_S
        arrivals = [
            *(("sms", at) for at, _ in self.twilio.taken),
            *(("email", at) for at in self.post.taken_at),
            *(("pagerduty", at) for at, asked in self.pagerduty.taken if asked.json["event_action"] == "trigger"),
        ]
        wrong += [
            f"{way} arrived {at - latest:.1f} s late after the acknowledgement" for way, at in arrivals if at > latest
        ]
        opened = {
            asked.json["dedup_key"] for _, asked in self.pagerduty.taken if asked.json["event_action"] == "trigger"
        }
        done = {asked.json["dedup_key"] for _, asked in self.pagerduty.taken if asked.json["event_action"] != "trigger"}
        return wrong + [f"{key} was never acknowledged in PagerDuty" for key in opened - done]

    def _ledger_explains(self, ledger: list[Any], entries: list[Any]) -> list[str]:
        """Every rung of every severity that was in force has a row with what became of it, and why."""
        wrong = []
        levels = {"sev2"} | {r.entry.data["after"] for r in entries if r.entry.kind == "severity"}
        rows = {row.dedup_key: row for row in ledger}
        for level in sorted(levels):
            for rung in range(1, RUNGS + 1):
                row = rows.get(f"rung:1:1:{level}:{rung}")
                if row is None:
                    lowered = level == "sev2" and self.plan.lower_at is not None
                    wrong += [] if lowered else [f"rung {rung} of {level} is not in the ledger"]
                elif not row.reason or row.state not in ("sent", "skipped", "cancelled"):
                    wrong.append(f"rung {rung} of {level} is {row.state} in the ledger: {row.reason!r}")
        return wrong


@contextlib.asynccontextmanager
async def night(plan: Plan, url: str, folder: Path) -> AsyncIterator[Night]:
    settings = {"retry_delays_s": RETRIES_S, "ack_timeout_s": 1.0}
    async with contextlib.AsyncExitStack() as stack:
        ws = await stack.enter_async_context(sandbox.running(manifest=MANIFEST, **settings))
        pagerduty, twilio, post = StumblingPagerDuty(), StumblingTwilio(), Mailbox()
        await stack.enter_async_context(serving(pagerduty))
        await stack.enter_async_context(serving(twilio))
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(post, enable_SMTPUTF8=True, hostname="localhost"), "127.0.0.1", 0
        )
        post.port = server.sockets[0].getsockname()[1]
        stack.callback(server.close)
        yield Night(plan, url, folder, ws, pagerduty, twilio, post)
