"""`python -m tests.torture [--runs N] [--seed S] [--database sqlite|postgresql] [--replicas 1|2]`.

Runs seeds S, S+1 … and stops for none of them; says for each that failed how to run it again.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from tests.torture.runs import Laboratory, Result, laboratory
from tests.torture.schedule import Schedule, schedule


def main() -> int:
    asked = _arguments()
    first = asked.seed if asked.seed is not None else random.randrange(1_000_000)
    total: Counter[str] = Counter()
    said: Counter[str] = Counter()
    failed: list[int] = []
    began = time.monotonic()
    with laboratory() as place:
        for seed in range(first, first + asked.runs):
            plan = schedule(seed, asked.database, asked.replicas)
            result = _survived(place, plan, asked.log)
            if result is None or result.wrong:
                failed.append(seed)
            if result is not None:
                total += result.counts
                said += result.said
                print(_line(result), flush=True)
    print(f"\n{asked.runs} runs in {time.monotonic() - began:.0f} s; failed: {failed or 'none'}")
    print("  " + ", ".join(f"{count} {name}" for name, count in total.items()))
    print("  complaints of the processes: " + (", ".join(f"{c} × {n}" for n, c in said.most_common()) or "none"))
    return 1 if failed else 0


def _survived(place: Laboratory, plan: Schedule, log: Path | None) -> Result | None:
    again = f"python -m tests.torture --seed {plan.seed} --database {plan.database} --replicas {plan.replicas}"
    try:
        result = place.run(plan)
    except (TimeoutError, OSError) as error:
        print(f"{plan}\nthe run itself ended with {error!r}\nrun it again: {again}", flush=True)
        return None
    if result.wrong:
        print(f"{result}\nrun it again: {again}", flush=True)
    if log is not None:
        with log.open("a") as file:
            file.write(f"--- {plan.seed}\n{result.log}")
    return result


def _line(result: Result) -> str:
    plan, counts = result.schedule, result.counts
    way = "sockets" if plan.socket_mode else "http"
    return (
        f"{'FAILED' if result.wrong else 'ok':>6} {plan.seed} {plan.database:<10} {plan.replicas} {way:<7} "
        f"{result.took_s:5.1f} s  {counts['kills']:2} kills  {counts['incidents']} incidents  "
        f"{counts['messages']:2} messages  {counts['posts']:3} posts  {counts['acts accepted']:2} accepted  "
        f"{counts['acts unanswered']:2} unanswered"
        + (f"  {counts['doubled after a freeze']} doubled after a freeze" * bool(counts["doubled after a freeze"]))
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.torture", description=__doc__)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--seed", type=int, help="of the first run; random if not given")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="by the seed if not given")
    parser.add_argument("--replicas", type=int, choices=(1, 2), help="by the seed if not given; SQLite has one")
    parser.add_argument("--log", type=Path, help="a file for what the processes wrote")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
