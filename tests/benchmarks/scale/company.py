"""A year of a company of 5,000 engineers: the database that it leaves, a busy hour on it, what retention takes away.

The year is the assumption of `Company`; the rows are copies of what the bot wrote itself. The busy hour comes over the
bot's own interfaces as fast as it takes it, so that its processor time says how much of an hour of one core it needs.
"""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from bot import policy as policies
from bot.clock import Clock
from bot.usecases.context import Context, Policies
from bot.workers.retention import Retention
from storage.database import Database
from storage.open import open_database
from tests.benchmarks import client, processes
from tests.benchmarks.processes import Child, Rig
from tests.benchmarks.scale import copying, request_builder, sizes, world
from tests.benchmarks.scale.counters import processor_s
from tests.benchmarks.scale.request_builder import ENDED, PERSON, RequestBuilder
from tests.benchmarks.scale.world import Place, Size

AT_ONCE = 8
KEPT = timedelta(days=180)  # what retention is tried with


@dataclass(frozen=True, slots=True)
class Company:
    """What a year leaves, for each engineer, and what its busiest hour brings."""

    engineers: int = 5_000
    incidents: float = 1.2  # a year
    messages: int = 350  # in an incident
    alerts: float = 200.0  # a year, three to a group
    # The busy hour, in all: a failure that everybody notices.
    declares: int = 20
    said: int = 3_000  # messages in incident channels
    notes: int = 200
    updates: int = 60
    alerts_now: int = 6_000
    pages_read: int = 600  # of the console
    answers: int = 600  # of the API
    homes: int = 60

    @property
    def incidents_a_year(self) -> int:
        """How many incidents a year has."""
        return round(self.engineers * self.incidents)

    @property
    def groups_a_year(self) -> int:
        """How many groups of alerts a year has."""
        return round(self.engineers * self.alerts / 3)


@dataclass(frozen=True, slots=True)
class Hour:
    """The busy hour. `seconds` is how long it took to send it all."""

    seconds: float
    bot_s: float  # processor time
    database_s: float
    memory_mb: float  # of the bot afterwards


@dataclass(frozen=True, slots=True)
class Start:
    """A bot that was started on the year."""

    seconds: float  # until it was ready
    memory_mb: float
    idle_cpu: float  # of one core
    hour: Hour


@dataclass(frozen=True, slots=True)
class Kept:
    """What retention of `KEPT` did. PostgreSQL is not asked what is free."""

    seconds: float
    rows: int  # that were deleted, or lost their text
    next_round_s: float  # which finds nothing
    size_mb: float
    free_mb: float


@dataclass(frozen=True, slots=True)
class Year:
    """What was measured on one kind of database."""

    kind: str
    rows: dict[str, int]  # of the tables that grow most
    fill_s: float
    size_mb: float
    largest: tuple[tuple[str, float], ...]  # tables with their indexes, in MB
    start: Start
    after_hour_mb: float  # the size of the database
    kept: Kept


async def year(rig: Rig, place: Place, template: tuple[str, str], company: Company) -> Year:
    """Fill a database with a year, serve it for a busy hour, then let retention work on it."""
    url = place.create(like=template[0])
    began = time.monotonic()
    database = await open_database(url)
    async with database.transaction() as conn:
        await copying.messages(conn, ENDED, company.messages)
    await database.close()
    await world.fill(url, Size(history=company.incidents_a_year), groups=company.groups_a_year)
    fill_s = time.monotonic() - began
    async with sizes.opened_database(url) as database:
        await sizes.compact(database)
        rows = {name: await sizes.count(database, name) for name in ("timeline", "alerts", "outbox")}
        largest, before = await sizes.largest(database), await sizes.size_mb(database)
    start = await _served(rig, place, url, template[1], company)
    async with sizes.opened_database(url) as database:
        after, kept = await sizes.size_mb(database), await _retained(database)
    place.drop(url)
    return Year(place.kind, rows, fill_s, before, tuple(largest), start, after, kept)


async def _retained(database: Database) -> Kept:
    retention, began = Retention(_keeping(database)), time.monotonic()
    rows = await retention.round()
    took_s, began = time.monotonic() - began, time.monotonic()
    await retention.round()
    next_s = time.monotonic() - began
    await sizes.compact(database)
    return Kept(took_s, rows, next_s, await sizes.size_mb(database), await sizes.free_mb(database))


def _keeping(database: Database) -> Context:
    policy = replace(policies.preset("sev1-5"), keep=KEPT)
    return Context(database, Policies(policy, {}, lambda document: policy), Clock())


async def _served(rig: Rig, place: Place, url: str, channel: str, company: Company) -> Start:
    """Start a bot, and play the busy hour."""
    bot = await world.serve(rig, url, counted=False)
    try:
        async with processes.read_database(place.watched_as(url)) as database:
            await world.settle(database)
            await asyncio.sleep(3.0)
            ready_mb, cpu, began = bot.rss_mb(), processor_s(bot.process.pid), time.monotonic()
            await asyncio.sleep(10.0)
            idle_cpu = (processor_s(bot.process.pid) - cpu) / (time.monotonic() - began)
            made = await request_builder.open_builder(database, channel)
            cpu, of_database, began = processor_s(bot.process.pid), _database_s(place), time.monotonic()
            await _play(bot, database, made, company)
            await world.settle(database)
            hour = Hour(
                time.monotonic() - began, processor_s(bot.process.pid) - cpu, _database_s(place) - of_database,
                bot.rss_mb(),
            )  # fmt: skip
    finally:
        await bot.kill()
    return Start(bot.took_s, ready_mb, idle_cpu, hour)


def _database_s(place: Place) -> float:
    return 0.0 if place.server is None else place.server.processor_s()


async def _play(bot: Child, database: Database, made: RequestBuilder, company: Company) -> None:
    """Send everything of the hour, the kinds in turn."""
    declares = [made.command(f"declare sev3 Region {n} fails {made.word}") for n in range(company.declares)]
    await _send(bot, declares)
    await world.settle(database)
    numbers = range(made.declared, made.declared + company.declares)
    channels = await world.channels_of(database, numbers)
    await _send(bot, list(_mixed(made, company, channels, list(numbers))))


def _mixed(made: RequestBuilder, company: Company, channels: Sequence[str], numbers: Sequence[int]) -> Iterator[bytes]:
    start = time.time_ns() // 1000

    def said(n: int) -> bytes:
        text = f"Shard {n} of region {n % 7} answers again, {n} connections were cut"
        return client.message(channels[n % len(channels)], text, f"{(start + n) / 1e6:.6f}", PERSON)

    def number(n: int) -> int:
        return numbers[n % len(numbers)]

    pages = ("/", "/incidents", f"/incidents/INC-{numbers[0]}", "/alerts")
    kinds = [
        (company.said, said),
        (company.notes, lambda n: made.command(f"note Saw {n} --in INC-{number(n)}")),
        (company.updates, lambda n: made.command(f"update We look into shard {n} --in INC-{number(n)}")),
        (company.declares, lambda n: made.command(f"ack --in INC-{number(n)}")),
        (company.alerts_now // 20, lambda n: made.alerts(start + n * 20, name=f"Storm{n % 50}")),
        (company.pages_read, lambda n: made.page(pages[n % len(pages)])),
        (company.answers, lambda n: made.api("GET", f"/incidents/INC-{number(n)}")),
        (company.homes, made.home),
    ]
    turns = sorted(((n + 0.5) / count, place, n) for place, (count, _) in enumerate(kinds) for n in range(count))
    for _, place, n in turns:
        yield kinds[place][1](n)


async def _send(bot: Child, requests: Sequence[bytes]) -> None:
    """Send them, some at once, and let none be refused but for a limit on requests of one token."""
    for first in range(0, len(requests), 200):
        for answer in await client.request_all(bot.port, requests[first : first + 200], AT_ONCE):
            if not (200 <= answer.status < 300 or answer.status == 429):
                raise RuntimeError(f"answered {answer.status}: {answer.body.decode()[:300]}")


async def measure(folder: Path, kinds: Sequence[str], company: Company | None = None) -> list[Year]:
    """A year on each kind of database."""
    years = []
    for kind in kinds:
        async with world.place_of(kind, folder) as place, processes.rig() as rig:
            template = await world.make_template(rig, place)
            years.append(await year(rig, place, template, company or Company()))
            print(table(years[-1:]), file=sys.stderr, flush=True)
    return years


def table(years: Sequence[Year]) -> str:
    """What was measured, as Markdown."""
    rows: list[tuple[str, list[str]]] = [
        ("rows", [", ".join(f"{name} {count:,}" for name, count in y.rows.items()) for y in years]),
        ("size of the database", [f"{y.size_mb:,.0f} MB" for y in years]),
        ("of it", [", ".join(f"{name} {size:,.0f}" for name, size in y.largest) for y in years]),
        ("start to ready; memory then", [f"{y.start.seconds:.1f} s; {y.start.memory_mb:.0f} MB" for y in years]),
        ("an idle bot: of one core", [f"{y.start.idle_cpu:.1%}" for y in years]),
        ("a busy hour: processor time of the bot; of the database server", [
            f"{y.start.hour.bot_s:.0f} s; {y.start.hour.database_s:.0f} s" for y in years
        ]),
        ("it came within; memory afterwards", [
            f"{y.start.hour.seconds:.0f} s; {y.start.hour.memory_mb:.0f} MB" for y in years
        ]),
        ("growth by it", [f"{y.after_hour_mb - y.size_mb:.1f} MB" for y in years]),
        (f"keep: {KEPT.days}d, rows; time", [f"{y.kept.rows:,}; {y.kept.seconds:.0f} s" for y in years]),
        ("the next round, which finds nothing", [f"{y.kept.next_round_s * 1000:.0f} ms" for y in years]),
        ("size afterwards; of it free for new rows", [
            f"{y.kept.size_mb:,.0f} MB; {y.kept.free_mb:,.0f} MB" if y.kept.free_mb else f"{y.kept.size_mb:,.0f} MB"
            for y in years
        ]),
        ("filling took", [f"{y.fill_s:.0f} s" for y in years]),
    ]  # fmt: skip
    head = f"| | {' | '.join(y.kind for y in years)} |\n|---{'|---' * len(years)}|"
    return "\n".join([head, *(f"| {name} | {' | '.join(cells)} |" for name, cells in rows)])
