"""`python -m tests.torture [--runs N] [--seed S] [--database sqlite|postgresql] [--replicas 1|2] [--outages | --days]`.

Runs seeds S, S+1 … to the end, and prints for each failure how to run it again.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from pathlib import Path

from tests.torture.days import night_of_days
from tests.torture.outages import outage_night
from tests.torture.runs import Laboratory, Result, laboratory
from tests.torture.schedule import Schedule, schedule


def main() -> int:
    args = _arguments()
    first = args.seed if args.seed is not None else random.randrange(1_000_000)
    total: Counter[str] = Counter()
    log_events: Counter[str] = Counter()
    failed: list[int] = []
    began = time.monotonic()
    with laboratory() as lab:
        for seed in range(first, first + args.runs):
            kind = outage_night if args.outages else night_of_days if args.days else schedule
            plan = kind(seed, args.database, args.replicas)
            result = _survived(lab, plan, args.log)
            if result is None or result.wrong:
                failed.append(seed)
            if result is not None:
                total += result.counts
                log_events += result.log_events
                print(_line(result), flush=True)
    print(f"\n{args.runs} runs in {time.monotonic() - began:.0f} s; failed: {failed or 'none'}")
    print("  " + ", ".join(f"{count} {name}" for name, count in total.items()))
    print("  log events of the processes: " + (", ".join(f"{c} × {n}" for n, c in log_events.most_common()) or "none"))
    return 1 if failed else 0


def _survived(lab: Laboratory, plan: Schedule, log: Path | None) -> Result | None:
    rerun = f"python -m tests.torture --seed {plan.seed} --database {plan.database} --replicas {plan.replicas}"
    rerun += " --outages" * plan.outages + " --days" * bool(plan.days)
    try:
        result = lab.run(plan)
    except (TimeoutError, OSError) as error:
        print(f"{plan}\nthe run itself failed with {error!r}\nrun it again: {rerun}", flush=True)
        return None
    if result.wrong:
        print(f"{result}\nrun it again: {rerun}", flush=True)
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
    parser.add_argument("--seed", type=int, help="of the first run; default: random")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), help="default: from the seed")
    parser.add_argument("--replicas", type=int, choices=(1, 2), help="default: from the seed; SQLite has one")
    parser.add_argument("--outages", action="store_true", help="nights in which Slack is dead for hours")
    parser.add_argument("--days", action="store_true", help="nights in which weeks pass after the incidents")
    parser.add_argument("--log", type=Path, help="a file for the logs of the processes")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
