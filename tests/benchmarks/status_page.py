"""Requests for the status page and its `summary.json` per core, beside a bare aiohttp handler.

The bars: 2,000 a second, at least half of what the bare handler serves, and p99 20 ms with one request after another.
Each side has a process of its own and the same client. A rate is of processor time, so that other work on the machine
changes it little.

And how soon the page shows what somebody published: from the request to the first answer of the page that has it, on
the replica that took it and on another one. The bar: 1 s. `python -m tests.benchmarks.status_page visible` measures
that alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import tempfile
import time
from pathlib import Path

from aiohttp import web

from tests.benchmarks import client, processes
from tests.benchmarks.figures import Figure, ms, pair, percentile, table
from tests.benchmarks.processes import Child, Rig

ROUNDS, SINGLE, WARM, AT_ONCE = 2000, 500, 100, 8
RATE_BAR, RATIO_BAR, P99_BAR_S = 2000, 0.5, 0.020
PUBLISHED, VISIBLE_BAR_S = 20, 1.0
TOKEN = "token-of-the-benchmark"
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


async def measure_visible() -> list[Figure]:
    """From Send to the page, with two replicas on PostgreSQL."""
    with tempfile.TemporaryDirectory() as folder, processes.databases() as urls:
        policy = Path(folder) / "policy.yml"
        policy.write_text(POLICY)
        async with processes.rig() as rig:
            url = dict(urls)["PostgreSQL"]
            bots = [await rig.bot(url, TOCSIN_POLICY=str(policy), TOCSIN_API_TOKEN=TOKEN) for _ in range(2)]
            publication = (await _publish(rig, bots[0], "", {"title": "Requests fail", "message": "We look."}))["id"]
            took = [await _until_shown(rig, bots, publication, number) for number in range(PUBLISHED)]
    rows = zip(("the replica that took it", "another replica"), zip(*took, strict=True), strict=True)
    return [
        Figure(f"Send → the page shows it, {where}", f"{pair(times)}, longest {ms(max(times))}",
               f"≤ {VISIBLE_BAR_S:g} s", max(times) <= VISIBLE_BAR_S)
        for where, times in rows
    ]  # fmt: skip


async def _publish(rig: Rig, bot: Child, path: str, body: dict[str, str]) -> dict[str, str]:
    address = f"http://127.0.0.1:{bot.port}/api/v1/status-page/publications{path}"
    async with rig.http.post(address, json=body, headers={"Authorization": f"Bearer {TOKEN}"}) as answer:
        if answer.status >= 300:
            raise RuntimeError(f"answered {answer.status}: {await answer.text()}")
        said: dict[str, str] = await answer.json()
        return said


async def _until_shown(rig: Rig, bots: list[Child], publication: str, number: int) -> list[float]:
    """How long after an update each replica's page shows it."""
    text = f"Finding {number} of this outage."
    began = time.perf_counter()
    shown = [asyncio.create_task(_wait_until_shown(rig, bot, text)) for bot in bots]
    await _publish(rig, bots[0], f"/{publication}/update", {"message": text})
    return [at - began for at in await asyncio.gather(*shown)]


async def _wait_until_shown(rig: Rig, bot: Child, text: str) -> float:
    async with asyncio.timeout(10):
        while True:
            async with rig.http.get(f"http://127.0.0.1:{bot.port}/status") as answer:
                if text in await answer.text():
                    return time.perf_counter()
            await asyncio.sleep(0.01)


def figures() -> list[Figure]:
    return [*asyncio.run(measure()), *asyncio.run(measure_visible())]


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
    if sys.argv[1] == "visible":
        print(table(asyncio.run(measure_visible())))
    else:
        asyncio.run(_bare(int(sys.argv[1])))
