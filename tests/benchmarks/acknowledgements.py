"""How soon `/incident …` and a press are acknowledged, idle, one at a time, beside a Bolt app that only echoes.

The bar (architecture, figures): p99 at most twice the echo's. What must be on disk before it is acknowledged stands
beside a second echo, too, which commits one row to SQLite first: the floor of a promise. Each request of ours is
followed by the same request to the echoes, so that all meet the machine as it is at that moment. What a declare or a
press sets going in the background is over before the next one is timed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from storage.database import Database
from tests.benchmarks import client, processes
from tests.benchmarks.client import Answer, Line
from tests.benchmarks.figures import Figure, pair, percentile

ROUNDS = 200
BAR = 2.0


@dataclass(slots=True)
class Sides:
    """One connection to each, and the database that tells when ours is idle."""

    ours: Line
    bare: Line
    database: Database


async def _one(line: Line, request: bytes, says: str = "") -> Answer:
    answer = await line.ask(request)
    if answer.status != 200 or says not in answer.body.decode():
        raise RuntimeError(f"answered {answer.status}: {answer.body.decode()[:300]}")
    return answer


async def _alternately(sides: Sides, rounds: int, request: Callable[[int], bytes], says: str) -> list[list[float]]:
    took: list[list[float]] = [[], [], []]
    for n in range(rounds):
        for line, seconds, expected in (
            (sides.ours, took[0], says),
            (sides.bare, took[1], ""),
            (sides.bare, took[2], ""),
        ):
            asked = client.command(f"keep {n}") if seconds is took[2] else request(n)
            seconds.append((await _one(line, asked, expected)).took_s)
            await processes.idle(sides.database)
    return took


async def _declared(sides: Sides, rounds: int) -> None:
    for n in range(rounds):
        await _one(sides.ours, client.command(f"declare sev4 Benchmark {n}"), "INC-")
    await processes.idle(sides.database, 120.0)


async def _compare(name: str, url: str, rounds: int) -> list[Figure]:
    async with processes.rig() as rig:
        channel, person = await rig.channel("general"), await rig.person("maya")
        bot, bare = await rig.bot(url), await rig.bare()
        cases: list[tuple[str, Callable[[int], bytes], str]] = [
            ("/incident help", lambda n: client.command("help", channel, person), "declare"),
            ("/incident ack", lambda n: client.command(f"ack --in INC-{n + 1}", channel, person), "INC-"),
            ("button Acknowledge", lambda n: client.press("ack", f"INC-{n + 1 + rounds}", channel, person), ""),
            ("/incident declare", lambda n: client.command(f"declare sev4 Slow {n}", channel, person), "INC-"),
        ]
        found = []
        async with (
            client.lines(bot.port) as ours,
            client.lines(bare.port) as theirs,
            processes.looking_into(url) as database,
        ):
            sides = Sides(ours[0], theirs[0], database)
            await _declared(sides, 2 * rounds)
            await _alternately(sides, 30, *cases[0][1:])  # warm, both
            for text, request, says in cases:
                ours_s, bare_s, durable_s = await _alternately(sides, rounds, request, says)
                found.append(_figure(f"{text}, {name}", ours_s, bare_s))
                if text != "/incident help":
                    found.append(_floor(f"{text}, {name}", ours_s, durable_s))
        return found


def _figure(name: str, ours: list[float], bare: list[float]) -> Figure:
    ratio = percentile(ours, 0.99) / percentile(bare, 0.99)
    return Figure(name, pair(ours), f"p99 ≤ {BAR:g} × bare Bolt", ratio <= BAR, f"Bolt echo {pair(bare)}", ratio)


def _floor(name: str, ours: list[float], durable: list[float]) -> Figure:
    ratio = percentile(ours, 0.99) / percentile(durable, 0.99)
    return Figure(f"{name}: beside a durable echo", pair(ours), "", None, f"echo + commit {pair(durable)}", ratio)


async def measure(rounds: int = ROUNDS) -> list[Figure]:
    with processes.databases() as urls:
        return [figure for name, url in urls for figure in await _compare(name, url, rounds)]


def figures() -> list[Figure]:
    return asyncio.run(measure())
