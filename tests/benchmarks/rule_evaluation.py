"""Measures 1,000 rules, each evaluated every 30 s on a local Prometheus: how late, and how much of a core.

    nice python -m tests.benchmarks.rule_evaluation [seconds]

Seven rules in ten compare a value, two in ten an average, one in twenty a change; the others look for anomalies.
"""

from __future__ import annotations

import asyncio
import random
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from bot import policy as policy_reader
from bot.integrations.temporary_prometheus import SeriesToWrite, temporary
from bot.usecases.context import Context, Policies
from bot.workers.rule_evaluator import RuleEvaluator
from storage.open import open_database

RULES = 1000
MEASURED_S = 60.0
HISTORY_S = 26 * 3600
STEP_S = 60


class _Clock:
    def now(self) -> datetime:
        return datetime.now(UTC)

    def at(self, wall_s: float) -> datetime:
        return datetime.fromtimestamp(wall_s, UTC)

    def wall(self, instant: datetime) -> float:
        return instant.timestamp()


def document() -> str:
    """A policy with the rules."""
    lines = ["preset: sev1-5", "alerts: {routes: [{do: record}]}", "rules:"]
    for number in range(RULES):
        query = f'load{{job="job-{number % 100}"}}'
        kind = number % 20
        if kind < 14:
            condition = f"{{type: threshold, query: '{query}', op: gt, value: 150}}"
        elif kind < 18:
            condition = f"{{type: threshold, query: '{query}', over: 5m, op: gt, value: 150}}"
        elif kind < 19:
            condition = f"{{type: rate_of_change, query: '{query}', over: 10m, by: -90%}}"
        else:
            condition = f"{{type: anomaly, query: '{query}', sensitivity: 8}}"
        lines.append(f"  rule-{number}: {{severity: sev3, for: 2m, conditions: [{condition}]}}")
    return "\n".join(lines)


def history(end: float) -> list[SeriesToWrite]:
    """A hundred series over a day and more, and five minutes ahead, so that there is always a value."""
    series = []
    for job in range(100):
        rng = random.Random(job)
        samples = [
            (end - HISTORY_S + place * STEP_S, 100 + rng.gauss(0, 5)) for place in range((HISTORY_S + 300) // STEP_S)
        ]
        series.append(SeriesToWrite({"__name__": "load", "job": f"job-{job}"}, samples))
    return series


async def measure(seconds: float) -> None:
    """Evaluate for a while after all rules were evaluated once, and print the row."""
    late: list[float] = []
    results: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "policy.yml")
        path.write_text(document(), encoding="utf-8")
        loaded = policy_reader.read(path)
        database = await open_database(f"sqlite+aiosqlite:///{folder}/tocsin.db")
        context = Context(database, Policies(loaded.policy, loaded.document, policy_reader.from_document), _Clock())

        def observe(result: str, took_s: float, late_s: float) -> None:
            late.append(late_s)
            results.append(result)

        async with temporary(history(time.time())) as prometheus:
            evaluator = RuleEvaluator(context, prometheus, observe)
            await evaluator.start()
            await asyncio.sleep(31)
            late.clear()
            results.clear()
            begun, used = time.monotonic(), time.process_time()
            await asyncio.sleep(seconds)
            share = (time.process_time() - used) / (time.monotonic() - begun)
            ordered = sorted(late)
            counts = {result: results.count(result) for result in sorted(set(results))}
            sys.stdout.write(
                f"{len(ordered)} evaluations of {RULES} rules in {seconds:g} s: late p50 {_at(ordered, 0.5):.3f} s, "
                f"p99 {_at(ordered, 0.99):.3f} s, most {ordered[-1]:.3f} s; {share:.1%} of a core; {counts}\n"
            )
            await evaluator.stop(5)
        await database.close()


def _at(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


if __name__ == "__main__":
    asyncio.run(measure(float(sys.argv[1]) if len(sys.argv) > 1 else MEASURED_S))
