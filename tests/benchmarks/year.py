"""A year of data: how long queries take with 5,000 incidents, 2,000,000 entries and 100,000 open deadlines.

`python -m tests.benchmarks.year [--database sqlite|postgresql] [--incidents 5000] [--entries 2000000]`. It is not
part of `make bench`, because filling takes minutes. The results are in docs/performance.md.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import resource
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bot.domain import incident as verbs
from bot.domain import routing
from bot.domain.policy.policy import Policy
from bot.domain.timeline.entry import Entry, entry
from bot.policy import preset
from bot.usecases.visibility import can_see
from storage import deadlines, incidents, retention
from storage.database import Database
from storage.engine.columns import to_microseconds
from storage.open import open_database
from storage.outbox import census, enqueue, queue, receipts
from storage.timeline import chain
from storage.timeline import entries as timeline
from tests.benchmarks import processes
from tests.benchmarks.figures import ms, percentile
from tests.databases import PostgreSQL

ROUNDS = 30
PEOPLE = [f"U{n:07d}" for n in range(120)]
WORDS = [
    "checkout", "payments", "latency", "database", "replica", "failover", "deploy", "rollback", "queue", "timeout",
    "retry", "certificate",
]  # fmt: skip
BIG = 20_000  # entries of the longest incident
OPEN = 200
_SERIES = {
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count}) SELECT n FROM s",
    "postgresql": "SELECT n FROM generate_series(1, {count}) AS s(n)",
}


@dataclass(frozen=True, slots=True)
class Size:
    incidents: int = 5_000
    entries: int = 2_000_000
    deadlines: int = 100_000

    @property
    def each(self) -> int:
        return max(4, (self.entries - BIG) // self.incidents)


async def fill(database: Database, size: Size) -> None:
    """Add ended incidents over a year and some open ones, with sent notices and decided deadlines."""
    policy, begin = preset("sev1-5"), datetime.now(UTC) - timedelta(days=365)
    step = timedelta(days=365) / size.incidents
    for first in range(1, size.incidents + 1, 8):
        async with database.transaction() as conn:
            items = []
            for number in range(first, min(first + 8, size.incidents + 1)):
                await incidents.next_number(conn)
                at = begin + number * step
                incident = _incident(number, policy, at, still_open=number > size.incidents - OPEN)
                await incidents.insert(conn, incident)
                count = size.each + (BIG if number == 100 else 0)
                items.append((number, _entries(number, at, count, ended=not incident.open)))
            await chain.append(conn, items)
    await _notices(database, size)
    await _deadlines(database, size)
    await _settle(database)


def _incident(number: int, policy: Policy, at: datetime, *, still_open: bool) -> verbs.Incident:
    severity = ("sev1", "sev2", "sev3", "sev4")[number % 4]
    change = verbs.declare(
        number, verbs.NewIncident(f"{_words(number, 3)} is failing", severity, _person(number)), policy, at
    )
    made = replace(change.incident, channel_id=f"C{number:07d}", channel_name=f"inc-{number}", private=number % 20 == 0)
    if still_open:
        return made
    over = at + timedelta(hours=2)
    return verbs.resolve(made, _person(number), over, summary=_words(number, 5)).incident


def _entries(number: int, at: datetime, count: int, *, ended: bool) -> list[Entry]:
    second, rows = timedelta(seconds=7), [entry(at, "declared", _person(number), "declared", severity="sev2")]
    for n in range(1, count - 1):
        when, who = at + n * second, _person(number + n)
        if n % 20 == 0:
            rows.append(entry(when, "update", who, _words(n, 12), number=n // 20))
        elif n % 50 == 7:
            rows.append(Entry(when, "keyed", who, source_ts=f"{number}.{n - 1}"))
        else:
            ts = f"{number}.{n}"
            link = f"https://example.slack.com/archives/C{number:07d}/p{n}"
            rows.append(Entry(when, "message", who, _words(n * number, 14), ts, {"link": link}, f"m:C{number}:{ts}"))
    return [*rows, entry(at + count * second, "resolved" if ended else "note", _person(number), "done")]


def _words(seed: int, count: int) -> str:
    return " ".join(WORDS[(seed * 7 + n * (1 + seed % 5)) % len(WORDS)] for n in range(count))


def _person(n: int) -> str:
    return PEOPLE[n % len(PEOPLE)]


async def _notices(database: Database, size: Size) -> None:
    kinds = ("channel", "card", "announce", "topic", "purpose", "pin", "card_edit", *["news"] * 13, *["invite"] * 6)
    series = _SERIES[database.dialect].format(count=size.incidents)
    cast = "CAST('{}' AS JSONB)" if database.dialect == "postgresql" else "'{}'"
    empty, receipt = cast.format("{}"), cast.format('{"channel":"C1","ts":"1.0"}')
    for place, kind in enumerate(kinds):
        once = f"'{kind}:' || n" + (f" || ':{place}'" if kinds.count(kind) > 1 else "")
        async with database.transaction() as conn:
            await conn.exec_driver_sql(
                "INSERT INTO outbox (once, incident, kind, payload, metadata_key, if_need_fails, redirected, "
                "priority, state, attempts, uncertain, next_try_at, fence, version, receipt, created_at, queued_at, "
                f"sent_at) SELECT {once}, n, '{kind}', {empty}, 'k', 'fail', false, 40, 'sent', 1, false, 0, 1, 1, "
                f"{receipt}, 0, 0, 0 FROM ({series}) AS numbers"
            )


async def _deadlines(database: Database, size: Size) -> None:
    """Add open deadlines due from an hour on, and ten decided ones for each incident."""
    soon, first = to_microseconds(datetime.now(UTC) + timedelta(hours=1)), size.incidents - OPEN
    for state, count, number, due in (
        ("waiting", size.deadlines, f"{first + 1} + n % {OPEN}", f"{soon} + CAST(n AS BIGINT) * 1000000"),
        ("sent", size.incidents * 10, f"1 + n % {size.incidents}", "0"),
    ):
        series = _SERIES[database.dialect].format(count=count)
        async with database.transaction() as conn:
            await conn.execute(
                sa.text(
                    "INSERT INTO deadlines (once, incident, kind, due_at, state, withdrawn, reason, armed_at, fence) "
                    f"SELECT 'filled:{state}:' || n, {number}, 'update', {due}, '{state}', false, 'every 60m', 0, 0 "
                    f"FROM ({series}) AS numbers"
                )
            )


async def _settle(database: Database) -> None:
    """Update the planner's statistics, as after a while in production."""
    async with database.transaction() as conn:
        await conn.execute(sa.text("ANALYZE"))


Question = Callable[[Any], Awaitable[Any]]


async def questions(database: Database, size: Size) -> dict[str, tuple[Question, bool]]:
    """The queries of people and background loops, each in its own transaction; the flag marks those that write."""
    typical, newest = size.incidents // 2, size.incidents
    late = datetime.now(UTC) - timedelta(days=3)
    policy = preset("sev1-5")

    async def listed(conn: Any) -> None:
        for incident in await incidents.newest(conn, open_only=True, limit=200):
            await can_see(conn, incident, PEOPLE[0])

    async def edited(conn: Any) -> None:
        await enqueue.put(conn, [routing.card_edit(typical)])
        (row,) = await queue.claim(conn, 1)
        await incidents.get(conn, typical)
        await receipts.get(conn, routing.card_key(typical))
        await census.failures(conn, typical)
        await queue.mark_sent(conn, row, {})

    async def shown(conn: Any) -> None:
        await incidents.get(conn, typical)
        await timeline.read(conn, typical, key_only=True, limit=5, newest=True)

    async def told(conn: Any) -> None:
        incident = await incidents.lock(conn, newest)
        assert incident is not None
        change = verbs.update(incident, "It is being looked at", PEOPLE[0], policy, datetime.now(UTC))
        await timeline.append(conn, newest, change.entries)
        await incidents.save(conn, change.incident)

    return {
        "list open": (listed, False),
        "list all (100)": (lambda conn: incidents.newest(conn, limit=100), False),
        "show": (shown, False),
        "timeline, key entries": (lambda c: timeline.read(c, typical, key_only=True, limit=200, newest=True), False),
        "timeline all": (lambda c: timeline.read(c, typical, limit=200, newest=True), False),
        "timeline, key entries of 20,000": (
            lambda c: timeline.read(c, 100, key_only=True, limit=200, newest=True),
            False,
        ),
        "why": (lambda conn: deadlines.ledger(conn, typical), False),
        "activity": (lambda conn: timeline.activity(conn, newest, late), False),
        "which incident a channel has": (lambda conn: incidents.number_of_channel(conn, f"C{typical:07d}"), False),
        "next deadline": (deadlines.next_due_at, False),
        "claim deadlines": (lambda conn: deadlines.claim(conn, datetime.now(UTC), 100), True),
        "claim notices": (lambda conn: queue.claim(conn, 48), True),
        "card edit": (edited, True),
        "update": (told, True),
        "/readyz": (census.count_by_state, False),
        "backfill ask": (lambda conn: incidents.open_or_ended_after(conn, late, limit=1000), False),
        "retention: what ended": (lambda c: retention.ended_incidents(c, late - timedelta(days=400), None), False),
    }


async def measure(database: Database, size: Size) -> list[tuple[str, str]]:
    figures = []
    for name, (query, writes) in (await questions(database, size)).items():
        took = []
        for _ in range(ROUNDS):
            began = time.perf_counter()
            async with database.transaction() if writes else database.reading() as conn:
                await query(conn)
            took.append(time.perf_counter() - began)
        figures.append((name, f"p50 {ms(percentile(took, 0.5))}, worst {ms(max(took))}"))
        print(f"{name:34} {figures[-1][1]}", flush=True)
    return figures


async def command(url: str, folder: Path, *arguments: str) -> tuple[str, str]:
    """Run a command as an operator types it, and print its time and peak memory."""
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", _WATCHED, *arguments, cwd=folder, stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE, env={**os.environ, "DATABASE_URL": url, "PYTHONPATH": str(processes.ROOT)},
    )  # fmt: skip
    _, errors = await process.communicate()
    took = time.perf_counter() - began
    if process.returncode != 0:
        raise RuntimeError(errors.decode()[-2000:])
    result = f"{took:.1f} s, {int(errors.split()[-1]) / 1024:.0f} MB"
    print(f"{'tocsin ' + ' '.join(arguments):34} {result}", flush=True)
    return " ".join(arguments), result


_WATCHED = """
import sys
from bot.cli.main import main
try:
    main(sys.argv[1:], standalone_mode=False)
except SystemExit as ended:
    if ended.code:
        raise
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")), file=sys.stderr)
"""


@contextmanager
def place(kind: str) -> Iterator[tuple[str, Path]]:
    with tempfile.TemporaryDirectory(prefix="tocsin-year-") as name:
        folder = Path(name)
        if kind == "sqlite":
            yield f"sqlite:///{folder}/tocsin.db", folder
            return
        server = PostgreSQL(durable=True)
        try:
            yield server.create(), folder
        finally:
            server.stop()


async def run(url: str, folder: Path, size: Size) -> None:
    database = await open_database(url)
    began = time.perf_counter()
    await fill(database, size)
    print(f"{'filled in':34} {time.perf_counter() - began:.0f} s", flush=True)
    if database.dialect == "sqlite":
        print(f"{'file':34} {(folder / 'tocsin.db').stat().st_size / 1e6:.0f} MB", flush=True)
    await measure(database, size)
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{'peak memory of this process':34} {held:.0f} MB", flush=True)
    await database.close()
    await command(url, folder, "list")
    await command(url, folder, "list", "all")
    await command(url, folder, "show", f"INC-{size.incidents // 2}")
    await command(url, folder, "show", "INC-100")
    await command(url, folder, "verify")
    await command(url, folder, "export", "--all", "--output", "all.jsonl")
    if url.startswith("sqlite"):
        await command(url, folder, "backup", "copy.db")
    async with processes.rig() as rig:
        bot = await rig.bot(url)
        await asyncio.sleep(3)
        print(f"{'tocsin serve':34} ready in {bot.took_s:.2f} s, {bot.rss_mb():.0f} MB", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.year", description=__doc__)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    defaults = Size()
    parser.add_argument("--incidents", type=int, default=defaults.incidents)
    parser.add_argument("--entries", type=int, default=defaults.entries)
    parser.add_argument("--deadlines", type=int, default=defaults.deadlines)
    args = parser.parse_args()
    with place(args.database) as (url, folder):
        asyncio.run(run(url, folder, Size(args.incidents, args.entries, args.deadlines)))


if __name__ == "__main__":
    main()
