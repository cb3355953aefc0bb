"""How many requests for the status page and its `summary.json` a core serves, beside a bare aiohttp handler.

The bars: 2,000 a second, at least half of what the bare handler serves, and p99 20 ms with one request after another.
Each side has a process of its own and the same client. A rate is of processor time, so that other work on the machine
changes it little.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path

from aiohttp import web

from tests.benchmarks import client, processes
from tests.benchmarks.figures import Figure, pair, percentile
from tests.benchmarks.processes import Child

ROUNDS, SINGLE, WARM, AT_ONCE = 2000, 500, 100, 8
RATE_BAR, RATIO_BAR, P99_BAR_S = 2000, 0.5, 0.020
POLICY = "preset: sev1-5\nstatus_page: {name: Example AI, preset: llm-platform}\n"
PATHS = {"status page": "/status", "summary.json": "/api/v2/summary.json"}


def _request(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: status\r\nAccept-Encoding: gzip\r\n\r\n".encode()


def _processor_s(child: Child) -> float:
    """The processor time that a process has taken."""
    fields = Path(f"/proc/{child.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def _rate(child: Child, path: str) -> tuple[float, list[float]]:
    """Requests in a second of processor time with several at once; how long each takes with one at a time."""
    request = _request(path)
    await client.request_all(child.port, [request] * WARM, AT_ONCE)
    began = _processor_s(child)
    answers = await client.request_all(child.port, [request] * ROUNDS, AT_ONCE)
    rate = ROUNDS / (_processor_s(child) - began)
    single = await client.request_all(child.port, [request] * SINGLE, 1)
    if wrong := {answer.status for answer in (*answers, *single)} - {200}:
        raise RuntimeError(f"answered {wrong}")
    return rate, [answer.took_s for answer in single]


async def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        async with processes.rig() as rig:
            policy = Path(folder) / "policy.yml"
            policy.write_text(POLICY)
            bot = await rig.bot(f"sqlite:///{folder}/status.db", TOCSIN_POLICY=str(policy))
            figures = []
            for name, path in PATHS.items():
                async with client.connections(bot.port) as (connection,):
                    length = len((await connection.request(_request(path))).body)
                bare = await processes.start("-m", "tests.benchmarks.status_page", str(length), folder=Path(folder))
                try:
                    floor, _ = await _rate(bare, "/")
                finally:
                    await bare.kill()
                rate, single = await _rate(bot, path)
                p99 = percentile(single, 0.99)
                bar = f"≥ {RATE_BAR}/s, ratio ≥ {RATIO_BAR}, p99 ≤ {P99_BAR_S * 1000:g} ms"
                met = rate >= RATE_BAR and rate / floor >= RATIO_BAR and p99 <= P99_BAR_S
                measured = f"{rate:.0f}/s a core; {pair(single)}"
                figures.append(Figure(name, measured, bar, met, f"{floor:.0f}/s a core", rate / floor))
        return figures


def figures() -> list[Figure]:
    return asyncio.run(measure())


async def _bare(length: int) -> None:
    """The floor: one handler that answers a body of this length. Prints its port."""
    body = b"x" * length

    async def handler(request: web.Request) -> web.Response:
        return web.Response(body=body)

    site = web.Application()
    site.add_routes([web.get("/", handler)])
    runner = web.AppRunner(site, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(json.dumps({"port": runner.addresses[0][1]}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(_bare(int(sys.argv[1])))
