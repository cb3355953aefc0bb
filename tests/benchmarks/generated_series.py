"""Generates metrics with daily and weekly season, noise and drift, with spikes, drops and level shifts in them."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

STEP_S = 300.0
DAY = 288  # samples
WEEK = 7 * DAY
WARM_UP = 4 * WEEK + 2 * DAY  # history before the weeks that are judged


@dataclass(frozen=True, slots=True)
class Injected:
    """One anomaly: what it is, and the samples in which it may be found."""

    kind: str  # spike, drop or shift
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Metric:
    """A metric with a sample each five minutes, and what was put into it."""

    name: str
    values: list[float]
    injected: list[Injected]


def generate(seed: int, weeks: int, *, anomalies: bool) -> Metric:
    """A metric that is judged for `weeks` weeks after its warm-up. With `anomalies`, three a week are put in."""
    rng = random.Random(seed)
    level = 10 ** rng.uniform(1, 4)
    day, week = rng.uniform(0.15, 0.6), rng.uniform(0.05, 0.4)
    phase, noise = rng.uniform(0, 2 * math.pi), rng.uniform(0.01, 0.06)
    drift = rng.uniform(-0.03, 0.03)  # a week
    sharp = rng.random() < 0.5  # office hours rather than a wave
    values = []
    wander = 0.0
    for index in range(WARM_UP + weeks * WEEK):
        hour = index % DAY / DAY
        wave = math.sin(2 * math.pi * hour + phase)
        shape = math.tanh(3 * wave) if sharp else wave
        weekend = week if index % WEEK >= 5 * DAY else 0.0
        wander = 0.98 * wander + rng.gauss(0, noise * 0.1)
        usual = level * (1 + day * shape - weekend + drift * index / WEEK)
        values.append(max(0.0, usual * (1 + wander) + level * noise * rng.gauss(0, 1)))
    injected = _inject(values, level, day, noise, rng, weeks) if anomalies else []
    return Metric(f"seed {seed}", values, injected)


def _inject(
    values: list[float], level: float, day: float, noise: float, rng: random.Random, weeks: int
) -> list[Injected]:
    """A spike, a drop and a level shift in each week, a day or more apart. Each is of several usual deviations, but
    spikes and drops stay within the range that the metric has anyway over a day."""  # fmt: skip
    injected = []
    for week in range(weeks):
        begins = WARM_UP + week * WEEK
        size = level * max(noise * rng.uniform(8, 12), day * rng.uniform(0.8, 1.2))
        first = begins + rng.randrange(0, DAY)
        last = first + rng.randrange(2, 6)
        _add(values, first, last, size)
        injected.append(Injected("spike", first, last))
        first = begins + 2 * DAY + rng.randrange(0, DAY)
        last = first + rng.randrange(2, 6)
        _add(values, first, last, -size)
        injected.append(Injected("drop", first, last))
        first = begins + 4 * DAY + rng.randrange(0, DAY)
        sign = rng.choice((1, -1))
        _add(values, first, first + 12, sign * size * 0.8)  # an hour to find it; it goes back after a working day
        _add(values, first + 13, first + 96, sign * size * 0.8)
        injected.append(Injected("shift", first, first + 12))
        injected.append(Injected("ignored", first + 13, first + 96 + DAY))  # its rest and its end are no false alarms
    return injected


def _add(values: list[float], first: int, last: int, amount: float) -> None:
    for index in range(first, min(last + 1, len(values))):
        values[index] = max(0.0, values[index] + amount)
