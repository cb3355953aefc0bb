"""How soon the API answers one client: reading an incident, listing, and writing a note.

The bars (docs/performance.md): reads p99 10 ms, writes p99 25 ms. Requests come with one token after another, since
each has a rate limit.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

from bot.domain.access.token import Scope
from bot.usecases import tokens
from storage.open import open_database
from tests.benchmarks import client, processes
from tests.benchmarks.client import Connection
from tests.benchmarks.figures import Figure, pair, percentile

ROUNDS, TOKENS, WARM = 400, 24, 40
READ_BAR_S, WRITE_BAR_S = 0.010, 0.025


def _request(method: str, path: str, token: str, body: object = None) -> bytes:
    payload = b"" if body is None else json.dumps(body).encode()
    head = f"{method} /api/v1{path} HTTP/1.1\r\nHost: tocsin\r\nAuthorization: Bearer {token}\r\n"
    kind = f"Content-Type: application/json\r\nContent-Length: {len(payload)}\r\n" if payload else ""
    return f"{head}{kind}\r\n".encode() + payload


async def _secrets(url: str) -> list[str]:
    database = await open_database(url)
    try:
        now = datetime.now(UTC)
        made = [await tokens.create(database, f"bench {n}", "U0MAYA0000", (Scope.WRITE,), now) for n in range(TOKENS)]
    finally:
        await database.close()
    return [secret for _, secret in made]


async def _measured(connection: Connection, request: Callable[[int], bytes], rounds: int) -> list[float]:
    took = []
    for n in range(rounds + WARM):
        answer = await connection.request(request(n))
        if answer.status not in (200, 201):
            raise RuntimeError(f"answered {answer.status}: {answer.body.decode()[:300]}")
        took.append(answer.took_s)
    return took[WARM:]


async def _figures(name: str, url: str, rounds: int) -> list[Figure]:
    async with processes.rig() as rig:
        bot = await rig.bot(url)
        secrets = await _secrets(url)
        async with client.connections(bot.port) as (connection,):
            for n in range(50):
                body = {"title": f"Benchmark {n}", "severity": "sev4"}
                await connection.request(_request("POST", "/incidents", secrets[n % TOKENS], body))
            await asyncio.sleep(5)  # channels and cards
            figures = []
            for case, bar_s, request in _cases(secrets):
                began = time.perf_counter()
                took = await _measured(connection, request, rounds)
                rate = (rounds + WARM) / (time.perf_counter() - began)
                p99 = percentile(took, 0.99)
                measured = f"{pair(took)}; {rate:.0f}/s, one client"
                figures.append(Figure(f"API {case}, {name}", measured, f"p99 ≤ {bar_s * 1000:g} ms", p99 <= bar_s))
        return figures


def _cases(secrets: list[str]) -> list[tuple[str, float, Callable[[int], bytes]]]:
    def read(n: int) -> bytes:
        return _request("GET", "/incidents/INC-7", secrets[n % TOKENS])

    def listed(n: int) -> bytes:
        return _request("GET", "/incidents", secrets[n % TOKENS])

    def write(n: int) -> bytes:
        return _request("POST", "/incidents/INC-8/note", secrets[n % TOKENS], {"text": f"Saw {n}"})

    return [("read", READ_BAR_S, read), ("list of 50", READ_BAR_S, listed), ("write", WRITE_BAR_S, write)]


async def measure(rounds: int = ROUNDS) -> list[Figure]:
    with processes.databases() as urls:
        return [figure for name, url in urls for figure in await _figures(name, url, rounds)]


def figures() -> list[Figure]:
    return asyncio.run(measure())
