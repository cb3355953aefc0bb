"""Mails one update to 10,000 subscribers of the status page through one relay.

The bars: the first mail leaves within a minute and the last within ten, none is lost and none doubled; the event loop
stalls no longer than 50 ms; the bot's memory and its statements grow no faster than the work.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.domain.statuspage.subscriber import Subscriber, SubscriberKind
from storage.database import Database
from storage.open import open_database
from storage.statuspage import subscribers
from tests.benchmarks import processes
from tests.benchmarks.figures import Figure, ms
from tests.benchmarks.processes import Child, Rig

MANY = 10_000
FIRST_BAR_S, LAST_BAR_S, STALL_BAR_S, MEMORY_BAR_MB = 60, 600, 0.05, 30
STATEMENTS_BAR, COMMITS_BAR = 4, 1  # for each mail
TOKEN = "t" * 32
POLICY = "preset: sev1-5\nstatus_page: {name: Example AI, preset: llm-platform, subscribe: [email]}\n"
UPDATE = {"title": "Requests fail", "message": "We look into it.", "components": {"api": "partial_outage"}}


class Relay:
    """A mail server that takes everything, and counts who got what and when."""

    def __init__(self) -> None:
        self.got: Counter[tuple[str, str]] = Counter()
        self.first_at = self.last_at = 0.0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(envelope.content, bytes)
        header = envelope.content.partition(b"\r\n\r\n")[0].decode()
        sent_as = next(line for line in header.splitlines() if line.lower().startswith("message-id:"))
        self.got[envelope.rcpt_tos[0], sent_as] += 1
        self.last_at = time.perf_counter()
        self.first_at = self.first_at or self.last_at
        return "250 OK"


async def fill(database: Database, count: int) -> None:
    """So many people who confirmed their addresses."""
    now = datetime.now(UTC)
    async with database.transaction() as conn:
        for n in range(count):
            each = Subscriber(f"s{n:06}", SubscriberKind.EMAIL, f"reader{n}@example.com", now, confirmed_at=now)
            await subscribers.save(conn, each)


async def _wait_for_mails(relay: Relay, count: int) -> None:
    """Wait until everybody got a mail."""
    until = time.perf_counter() + LAST_BAR_S
    while len({to for to, _ in relay.got}) < count and time.perf_counter() < until:
        await asyncio.sleep(0.1)


async def _measure(name: str, url: str, count: int) -> list[Figure]:
    relay = Relay()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(relay, hostname="localhost", loop=asyncio.get_running_loop()), "127.0.0.1", 0
    )
    port = server.sockets[0].getsockname()[1]
    database = await open_database(url)
    await fill(database, count)
    await database.close()
    async with server, processes.rig() as rig:
        policy = Path(rig.folder) / "policy.yml"
        policy.write_text(POLICY)
        bot = await rig.bot(
            url, watched=True, TOCSIN_POLICY=str(policy), TOCSIN_API_TOKEN=TOKEN, TOCSIN_URL="https://status.example",
            SMTP_URL=f"smtp://127.0.0.1:{port}", MAIL_FROM="Example <status@example.org>",
        )  # fmt: skip
        await asyncio.sleep(2)  # what belongs to the start
        async with processes.read_database(url) as reading:
            return await _publish(name, count, rig, bot, relay, reading)


async def _publish(name: str, count: int, rig: Rig, bot: Child, relay: Relay, database: Database) -> list[Figure]:
    before, held = await rig.watched(bot), bot.rss_mb()
    began = time.perf_counter()
    address = f"http://127.0.0.1:{bot.port}/api/v1/status-page/publications"
    async with rig.http.post(address, json=UPDATE, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        if answer.status != 201:
            raise RuntimeError(f"answered {answer.status}: {await answer.text()}")
    await _wait_for_mails(relay, count)
    await processes.idle(database, 120.0)
    after, memory = await rig.watched(bot), bot.rss_mb() - held
    reached = len({to for to, _ in relay.got})
    doubled = sum(relay.got.values()) - reached
    first, last = relay.first_at - began, relay.last_at - began
    statements = (after.statements - before.statements) / count
    commits = (after.commits - before.commits) / count
    processor = (after.processor_s - before.processor_s) / count
    rows = [
        ("first mail", ms(first), f"≤ {FIRST_BAR_S} s", first <= FIRST_BAR_S),
        ("last mail", f"{last:.1f} s", f"≤ {LAST_BAR_S} s", last <= LAST_BAR_S),
        ("lost, doubled", f"{count - reached}, {doubled}", "0, 0", reached == count and doubled == 0),
        ("more memory", f"{memory:+.1f} MB", f"≤ {MEMORY_BAR_MB} MB", memory <= MEMORY_BAR_MB),
        ("longest stall of the loop by its processor time", f"{ms(after.busy_s)}; by the clock {ms(after.stall_s)}",
         f"≤ {ms(STALL_BAR_S)}", after.busy_s <= STALL_BAR_S),
        ("for each mail: statements, transactions, processor time", f"{statements:.2f}, {commits:.2f}, {ms(processor)}",
         f"≤ {STATEMENTS_BAR}, ≤ {COMMITS_BAR}", statements <= STATEMENTS_BAR and commits <= COMMITS_BAR),
    ]  # fmt: skip
    return [Figure(f"{count} subscribers, {name}: {what}", said, bar, met) for what, said, bar, met in rows]


async def measure(count: int = MANY) -> list[Figure]:
    with processes.databases() as urls:
        return [figure for name, url in urls for figure in await _measure(name, url, count)]


def figures() -> list[Figure]:
    return asyncio.run(measure())
