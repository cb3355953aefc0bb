"""How soon the console's pages open with 10,000 incidents, one of them with 20,000 entries.

The bars: p95 100 ms for every page, 300 ms for the incident with 20,000 entries. The rows are copied set-wise: 100
entries an incident, and 1,000 for every hundredth, the one that is opened among them;
`python -m tests.benchmarks.console 1000` makes it a thousand for all, which takes minutes;
`python -m tests.benchmarks.console 100 postgresql` measures on PostgreSQL.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from bot.domain import incident as verbs
from bot.domain.access.session import SignIn, sign
from bot.domain.access.token import Scope
from bot.policy import preset
from bot.usecases.access import sessions
from storage import incidents
from storage.database import Database
from storage.open import open_database
from storage.timeline import entries
from tests.benchmarks import client, processes
from tests.benchmarks.figures import Figure, ms, percentile
from tests.databases import PostgreSQL

INCIDENTS, BIG, OPEN = 10_000, 20_000, 40
LONG, LONG_EVERY = 1000, 100  # entries of every hundredth incident
ROUNDS, WARM = 40, 5
BAR_S, BIG_BAR_S = 0.100, 0.300
PERSON = "U0MAYA0000"
PATHS = (
    "/", "/incidents", "/incidents/INC-5000", "/alerts", "/oncall", "/playbooks", "/reviews", "/audit",
    "/audit?actor=U0MAYA0000", "/setup",
)  # fmt: skip
_STATE = {
    "sqlite": "json_set(state, '$.number', n, '$.status', {status})",
    "postgresql": "jsonb_set(jsonb_set(state::jsonb, '{{number}}', to_jsonb(n)), '{{status}}', to_jsonb({status}))",
}
_SERIES = "WITH RECURSIVE s(n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM s WHERE n < {last}) "


async def fill(database: Database, each: int) -> None:
    """Declare one incident, and copy it and its first entry."""
    policy, now = preset("sev1-5"), datetime.now(UTC)
    change = verbs.declare(1, verbs.NewIncident("Checkout is down", "sev3", PERSON), policy, now)
    async with database.transaction() as conn:
        await incidents.insert(conn, change.incident)
        await entries.append(conn, 1, change.entries)
    is_open = f"n > {INCIDENTS - OPEN}"
    statements = [
        _SERIES.format(first=2, last=INCIDENTS)
        + "INSERT INTO incidents (number, status, severity, open, private, declared_at, ended_at, state) "
        f"SELECT n, CASE WHEN {is_open} THEN 'detected' ELSE 'closed' END, severity, {is_open}, private, "
        f"declared_at + n, CASE WHEN {is_open} THEN NULL ELSE declared_at END, "
        + _STATE[database.dialect].format(status=f"CASE WHEN {is_open} THEN 'detected' ELSE 'closed' END")
        + " "
        "FROM s, incidents WHERE number = 1",
        "INSERT INTO chains (incident, seq, head, indexed_seq) "
        f"SELECT number, CASE WHEN number = {INCIDENTS} THEN {BIG} WHEN number % {LONG_EVERY} = 0 THEN {LONG} "
        f"ELSE {each} END, '', {BIG} FROM incidents "
        "WHERE number > 1",
    ]
    copied = (
        "INSERT INTO timeline (incident, seq, at, kind, actor, text, data, key, by_person, hash, previous) "
        "SELECT i.number, n, t.at + i.number * 1000000 + n, CASE n % 10 WHEN 0 THEN 'note' ELSE 'message' END, "
        "t.actor, 'Entry ' || n || ' of what people wrote while they looked for the cause', t.data, n % 10 = 0, "
        "n % 10 > 0, '', '' FROM s, incidents AS i, timeline AS t "
        "WHERE t.incident = 1 AND t.seq = 1 AND i.number {which}"
    )
    series = _SERIES.format(first=1, last=each)
    statements.append(series + copied.format(which=f"BETWEEN 2 AND {INCIDENTS - 1}"))
    if each < LONG:
        some = f"BETWEEN 2 AND {INCIDENTS - 1} AND i.number % {LONG_EVERY} = 0"
        statements.append(_SERIES.format(first=each + 1, last=LONG) + copied.format(which=some))
    statements.append(_SERIES.format(first=1, last=BIG) + copied.format(which=f"= {INCIDENTS}"))
    async with database.transaction() as conn:
        for statement in statements:
            await conn.execute(sa.text(statement))
        await conn.execute(sa.text("UPDATE counters SET value = :n WHERE name = 'incident'"), {"n": INCIDENTS})
        if database.dialect == "postgresql":
            await conn.execute(sa.text("ANALYZE"))


async def _cookie(database: Database) -> str:
    key = await sessions.key(database)
    async with database.transaction() as conn:
        _, secret = await sessions.open_session(conn, PERSON, (Scope.WRITE,), SignIn.LINK, datetime.now(UTC))
    return f"tocsin_session={sign('tocsin_session', secret, key)}"


@asynccontextmanager
async def _empty(kind: str) -> AsyncIterator[str]:
    """The URL of a database of this kind."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield f"sqlite+aiosqlite:///{Path(folder)}/console.db"
        return
    server = await asyncio.to_thread(PostgreSQL)
    try:
        yield await asyncio.to_thread(server.create)
    finally:
        await asyncio.to_thread(server.stop)


async def measure(each: int = 100, kind: str = "sqlite") -> list[Figure]:
    async with _empty(kind) as url:
        database = await open_database(url)
        try:
            await fill(database, each)
            cookies = [await _cookie(database) for _ in range(len(PATHS) + 1)]
        finally:
            await database.close()
        async with processes.rig() as rig:
            bot = await rig.bot(url)
            async with client.connections(bot.port) as (connection,):
                paths = (*PATHS, f"/incidents/INC-{INCIDENTS}")
                return [
                    await _figure(connection, path, cookie, each, kind)
                    for path, cookie in zip(paths, cookies, strict=True)
                ]


async def _figure(connection: client.Connection, path: str, cookie: str, each: int, kind: str) -> Figure:
    head = f"GET {path} HTTP/1.1\r\nHost: tocsin\r\nAccept-Encoding: gzip\r\nCookie: {cookie}\r\n\r\n"
    took = []
    for _ in range(WARM + ROUNDS):
        answer = await connection.request(head.encode())
        if answer.status != 200:
            raise RuntimeError(f"{path} answered {answer.status}")
        took.append(answer.took_s)
    p95 = percentile(took[WARM:], 0.95)
    bar_s = BIG_BAR_S if path.endswith(str(INCIDENTS)) else BAR_S
    name = f"console {path}, {INCIDENTS} incidents × {each} entries"
    name = name if bar_s == BAR_S else f"console, an incident with {BIG} entries"
    name += "" if kind == "sqlite" else ", PostgreSQL"
    return Figure(
        name, f"p50 {ms(percentile(took[WARM:], 0.5))}, p95 {ms(p95)}", f"p95 ≤ {bar_s * 1000:g} ms", p95 <= bar_s
    )


def figures() -> list[Figure]:
    return asyncio.run(measure())


if __name__ == "__main__":
    chosen = (int(sys.argv[1]) if len(sys.argv) > 1 else 100, sys.argv[2] if len(sys.argv) > 2 else "sqlite")
    for figure in asyncio.run(measure(*chosen)):
        print(figure.name, figure.measured, figure.bar, figure.met)
