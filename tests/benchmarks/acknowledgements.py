"""How soon `/incident …` and a press are acknowledged, one at a time, beside a Bolt app that only echoes.

The bars (docs/performance.md): p99 at most twice the echo's. Requests that are stored before they are acknowledged are
also compared with a second echo, which commits one row to SQLite first: p50 at most `DURABLE_BARS` times that echo's,
also for an incident with a long timeline. Each request to the bot is followed by the same request to the echoes, so
that all see the machine in the same state. The background work of a declare or a press ends before the next request is
timed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from storage.database import Database
from tests.benchmarks import client, processes
from tests.benchmarks.client import Answer, Connection
from tests.benchmarks.figures import Figure, pair, percentile

ROUNDS = 200
BAR = 2.0
DURABLE_BARS = {"SQLite": 4.0, "PostgreSQL": 6.0}
ON_A_LONG_TIMELINE = ("/incident note", "/incident status")
LONG = 1000  # notes on the timeline of INC-1
STATUSES = ("investigating", "identified", "mitigating", "monitoring")


@dataclass(slots=True)
class Sides:
    """One connection to each side, and the database that shows when the bot is idle."""

    ours: Connection
    bare: Connection
    database: Database


async def _one(connection: Connection, request: bytes, expected: str = "") -> Answer:
    answer = await connection.request(request)
    if answer.status != 200 or expected not in answer.body.decode():
        raise RuntimeError(f"answered {answer.status}: {answer.body.decode()[:300]}")
    return answer


async def _alternately(
    sides: Sides, rounds: int, request: Callable[[int], bytes], expected_text: str
) -> list[list[float]]:
    took: list[list[float]] = [[], [], []]
    for n in range(rounds):
        for connection, seconds, expected in (
            (sides.ours, took[0], expected_text),
            (sides.bare, took[1], ""),
            (sides.bare, took[2], ""),
        ):
            payload = client.command(f"keep {n}") if seconds is took[2] else request(n)
            seconds.append((await _one(connection, payload, expected)).took_s)
            await processes.idle(sides.database)
    return took


async def _declare(sides: Sides, rounds: int) -> None:
    for n in range(rounds):
        await _one(sides.ours, client.command(f"declare sev4 Benchmark {n}"), "INC-")
    await processes.idle(sides.database, 120.0)


async def _fill(sides: Sides, channel: str, person: str) -> None:
    """Give INC-1 a long timeline."""
    for n in range(LONG):
        text = f"note Shard {n} of the orders database answers again, {n} connections were cut --in INC-1"
        await _one(sides.ours, client.command(text, channel, person), "Noted")
    await processes.idle(sides.database, 120.0)


async def _compare(name: str, url: str, rounds: int) -> list[Figure]:
    async with processes.rig() as rig:
        channel, person = await rig.channel("general"), await rig.person("maya")
        bot, bare = await rig.bot(url), await rig.bare()
        cases: list[tuple[str, Callable[[int], bytes], str]] = [
            ("/incident help", lambda n: client.command("help", channel, person), "declare"),
            ("/incident note", lambda n: client.command(f"note Saw {n} --in INC-1", channel, person), "Noted"),
            ("/incident status", lambda n: client.command(f"status {_status(n)} --in INC-1", channel, person), "INC-1"),
            ("/incident ack", lambda n: client.command(f"ack --in INC-{n + 2}", channel, person), "INC-"),
            ("button Acknowledge", lambda n: client.press("ack", f"INC-{n + 2 + rounds}", channel, person), ""),
            ("/incident declare", lambda n: client.command(f"declare sev4 Slow {n}", channel, person), "INC-"),
        ]
        figures = []
        async with (
            client.connections(bot.port) as ours,
            client.connections(bare.port) as theirs,
            processes.read_database(url) as database,
        ):
            sides = Sides(ours[0], theirs[0], database)
            await _declare(sides, 2 * rounds + 1)
            await _fill(sides, channel, person)
            await _alternately(sides, 30, *cases[0][1:])  # warm up both sides
            for text, request, text_of_answer in cases:
                ours_s, bare_s, durable_s = await _alternately(sides, rounds, request, text_of_answer)
                if text not in ON_A_LONG_TIMELINE:
                    figures.append(_figure(f"{text}, {name}", ours_s, bare_s))
                if text != "/incident help":
                    figures.append(_beside_durable(f"{text}, {name}", DURABLE_BARS[name], ours_s, durable_s))
        return figures


def _status(n: int) -> str:
    return STATUSES[n % len(STATUSES)]


def _figure(name: str, ours: list[float], bare: list[float]) -> Figure:
    ratio = percentile(ours, 0.99) / percentile(bare, 0.99)
    return Figure(name, pair(ours), f"p99 ≤ {BAR:g} × bare Bolt", ratio <= BAR, f"Bolt echo {pair(bare)}", ratio)


def _beside_durable(name: str, bar: float, ours: list[float], durable: list[float]) -> Figure:
    ratio = percentile(ours, 0.5) / percentile(durable, 0.5)
    words, echo = f"p50 ≤ {bar:g} × the durable echo", f"echo + commit {pair(durable)}"
    return Figure(f"{name}: beside a durable echo", pair(ours), words, ratio <= bar, echo, ratio)


async def measure(rounds: int = ROUNDS) -> list[Figure]:
    with processes.databases() as urls:
        return [figure for name, url in urls for figure in await _compare(name, url, rounds)]


def figures() -> list[Figure]:
    return asyncio.run(measure())
