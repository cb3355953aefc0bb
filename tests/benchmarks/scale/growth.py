"""Asks running bots the same things on databases of ×1, ×10 and ×100, and fits how the cost of each grows."""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from storage.database import Database
from tests.benchmarks import client, filling, processes
from tests.benchmarks.figures import percentile
from tests.benchmarks.processes import Child, Rig
from tests.benchmarks.scale import request_builder, world
from tests.benchmarks.scale.counters import Counts
from tests.benchmarks.scale.request_builder import ACTIONS, RequestBuilder
from tests.benchmarks.scale.world import Place, Size

FACTORS = (1, 10, 100)
WARM = 3
DUE = 20  # reminders at once
IDLE_S = 6.0
WRITES = ("declare", "ack", "note", "update", "status", "message", "home tab", "20 alerts", "publish")
# What is asked while each thing grows; history is all that is over.
READS_OF_ONE = ("show", "timeline", "catchup", "why", "console incident", "API incident", "API timeline")
LISTS = ("list", "home tab", "console Now", "console list", "API list", "metrics", "/metrics")
AXES: dict[str, tuple[str, ...]] = {
    world.HISTORY: tuple(ACTIONS),
    world.MESSAGES: ("note", "update", "status", "message", *READS_OF_ONE, "console Now"),
    world.OPEN: ("declare", "ack", "note", *LISTS, "search"),
    world.WAITING: ("declare", "ack", "note", "show", "console Now"),
    world.FIRING: ("20 alerts", "declare", "console Now", "console alerts", "/metrics", "home tab"),
    world.SUBSCRIBERS: ("publish", "status page", "console status page"),
}
IDLE, REMINDER, START, MEMORY = "an idle second", "a reminder that is due", "start to ready", "memory"


@dataclass(frozen=True, slots=True)
class Cost:
    """What one action costs on a database of one size. `wall_s` is what the person waits for."""

    database: str
    axis: str
    factor: int
    action: str
    wall_s: float
    counts: Counts

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Asker:
    """Asks one bot, and reads what it counted."""

    rig: Rig
    bot: Child
    place: Place
    url: str
    database: Database
    builder: RequestBuilder
    idle: Counts | None = None  # a second of it

    async def counts(self) -> Counts:
        found = await self.rig.counts(self.bot)
        if self.place.server is not None:
            found["database"] = await self.place.server.blocks(self.url)
        return Counts(**found)

    async def measure(self, ask: Callable[[], Awaitable[Sequence[float]]], rounds: int) -> tuple[float, Counts]:
        """The median seconds that a round takes, and what it costs beyond what an idle bot does meanwhile."""
        before, began = await self.counts(), time.monotonic()
        took = await ask()
        cost, seconds = await self.counts() - before, time.monotonic() - began
        if self.idle is not None:
            cost = cost - self.idle.times(seconds)
        return percentile(took, 0.5) if took else 0.0, cost.over(rounds)

    async def requests(self, action: str, rounds: int) -> tuple[float, Counts]:
        """Ask for it `rounds` times, after a few times that do not count."""
        made = ACTIONS[action]
        async with client.connections(self.bot.port) as (connection,):

            async def ask(numbers: range) -> list[float]:
                took = []
                for n in numbers:
                    answer = await connection.request(made(self.builder, n))
                    if not 200 <= answer.status < 300:
                        raise RuntimeError(f"{action} answered {answer.status}: {answer.body.decode()[:300]}")
                    took.append(answer.took_s)
                    if action in WRITES:
                        await processes.idle(self.database, 60.0)
                if action in WRITES:
                    await world.settle(self.database)
                return took

            await ask(range(WARM))
            return await self.measure(lambda: ask(range(WARM, WARM + rounds)), rounds)

    async def reminders(self) -> tuple[float, Counts]:
        """Incidents whose update is due at once, up to the last message; the cost of each."""
        policy = filling.read_policy(self.rig.folder / "scale.yml")

        async def ask() -> list[float]:
            await filling.add_due(self.database, policy, [datetime.now(UTC)] * DUE, self.builder.channel)
            began = time.perf_counter()
            await world.settle(self.database)
            return [(time.perf_counter() - began) / DUE]

        return await self.measure(ask, DUE)

    async def second(self) -> tuple[float, Counts]:
        """What a bot costs that nobody asks anything."""

        async def ask() -> list[float]:
            await asyncio.sleep(IDLE_S)
            return []

        return await self.measure(ask, round(IDLE_S))


async def costs_of(
    rig: Rig,
    place: Place,
    template: tuple[str, str],
    grown: tuple[str, int],
    actions: Sequence[str],
    rounds: int,
) -> list[Cost]:
    """Grow a copy of the template by one axis and factor, serve it and ask for the actions."""
    axis, factor = grown
    url = place.create(like=template[0])
    await world.fill(url, Size().grown(axis, factor))
    bot = await world.serve(rig, url)
    try:
        async with processes.read_database(place.watched_as(url)) as database:
            await world.settle(database)
            asker = Asker(rig, bot, place, url, database, await request_builder.open_builder(database, template[1]))
            await asyncio.sleep(2.0)  # what follows a start is over
            made = [(IDLE, *await asker.second())]
            asker.idle = made[0][2]
            for action in actions:
                made.append((action, *await asker.requests(action, rounds)))
            made.append((REMINDER, *await asker.reminders()))
            made.append((START, bot.took_s, Counts()))
            made.append((MEMORY, bot.rss_mb(), Counts()))
    finally:
        await bot.kill()
    place.drop(url)
    return [Cost(place.kind, axis, factor, action, wall_s, counts) for action, wall_s, counts in made]


async def measure(
    folder: Path,
    kinds: Sequence[str],
    axes: Mapping[str, Sequence[str]],
    factors: Sequence[int],
    rounds: int,
    keep: Callable[[Sequence[Cost]], None] = lambda costs: None,
) -> list[Cost]:
    """The costs on each kind of database, of these actions for each thing that grows.

    `keep` gets those so far each time that there are more.
    """
    costs = []
    for kind in kinds:
        async with world.place_of(kind, folder) as place, processes.rig() as rig:
            template = await world.make_template(rig, place)
            for axis, actions in axes.items():
                for factor in factors:
                    began = time.monotonic()
                    costs += await costs_of(rig, place, template, (axis, factor), actions, rounds)
                    keep(costs)
                    print(f"{kind}: {axis} × {factor}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return costs


def read(path: Path) -> list[Cost]:
    """The costs that were kept in a file of JSON."""
    return [Cost(**{**each, "counts": Counts(**each["counts"])}) for each in json.loads(path.read_text())]


def slope(values: Sequence[float], factors: Sequence[int]) -> float:
    """How a cost grows over the last decade: 0 does not grow, 1 grows as fast as what there is."""
    if len(values) < 2 or min(values[-2:]) <= 0:
        return math.nan
    return math.log(values[-1] / values[-2]) / math.log(factors[-1] / factors[-2])


def table(costs: Sequence[Cost], kind: str, axis: str) -> str:
    """The costs on one kind of database while one thing grows, as Markdown."""
    factors = sorted({cost.factor for cost in costs if cost.axis == axis})
    unit = "blocks" if kind == "postgresql" else "steps"
    head = ["action", "p50 ms", "CPU ms", "slope", "statements", unit, "slope"]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    of_axis = [cost for cost in costs if cost.axis == axis and cost.database == kind]
    for action in dict.fromkeys(cost.action for cost in of_axis):
        mine = sorted((cost for cost in of_axis if cost.action == action), key=lambda cost: cost.factor)
        cpu = [cost.counts.cpu_s for cost in mine]
        work = [cost.counts.database for cost in mine]
        waits = [cost.wall_s * (1 if action == MEMORY else 1000) for cost in mine]
        cells = [
            action,
            " · ".join(f"{value:.3g}" for value in waits),
            " · ".join(f"{value * 1000:.3g}" for value in cpu),
            f"{slope(cpu, factors):.2f}",
            " · ".join(f"{cost.counts.statements:.3g}" for cost in mine),
            " · ".join(f"{value:.4g}" for value in work),
            f"{slope(work, factors):.2f}",
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def brief(costs: Sequence[Cost], axis: str) -> str:
    """Processor time and slopes while one thing grows, on both databases side by side, as Markdown."""
    of_axis = [cost for cost in costs if cost.axis == axis]
    kinds = list(dict.fromkeys(cost.database for cost in of_axis))
    head = ["", *(f"{kind}: {what}" for kind in kinds for what in ("CPU ms", "slope", "slope of the database's work"))]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    for action in dict.fromkeys(cost.action for cost in of_axis):
        if action in (START, MEMORY):
            continue
        cells = [action]
        for kind in kinds:
            mine = [cost for cost in of_axis if cost.action == action and cost.database == kind]
            mine.sort(key=lambda cost: cost.factor)
            factors = [cost.factor for cost in mine]
            cpu = [cost.counts.cpu_s for cost in mine]
            slopes = (slope(values, factors) for values in (cpu, [cost.counts.database for cost in mine]))
            cells.append(" · ".join(f"{value * 1000:.2g}" for value in cpu))
            cells += ["–" if math.isnan(value) else f"{value:.1f}".replace("-0.0", "0.0") for value in slopes]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)
