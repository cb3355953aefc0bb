"""`python -m tests.benchmarks.scale`: measure how the cost of each action grows, and print tables or JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks.scale import growth
from tests.benchmarks.scale.growth import Cost

KINDS = ("sqlite", "postgresql")
ROUNDS = 20


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale", description=__doc__)
    parser.add_argument("--database", choices=KINDS, action="append", help="Only this one.")
    parser.add_argument("--grow", choices=growth.AXES, action="append", help="Let only this grow.")
    parser.add_argument("--factors", type=int, nargs="+", default=growth.FACTORS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="Write the measurements to this file, too, as soon as they are made.")
    parser.add_argument("--read", type=Path, nargs="+", help="Measure nothing: print what is in these files.")
    args = parser.parse_args(arguments)
    kinds = args.database or KINDS
    axes = {axis: growth.AXES[axis] for axis in args.grow or growth.AXES}
    if args.read:
        _print([cost for path in args.read for cost in growth.read(path)])
        return 0

    def keep(costs: Sequence[Cost]) -> None:
        if args.json:
            args.json.write_text(json.dumps([cost.as_json() for cost in costs], indent=1))

    with tempfile.TemporaryDirectory(prefix="tocsin-scale-") as folder:
        costs = asyncio.run(growth.measure(Path(folder), kinds, axes, args.factors, args.rounds, keep))
    _print(costs)
    return 0


def _print(costs: Sequence[Cost]) -> None:
    for kind, axis in dict.fromkeys((cost.database, cost.axis) for cost in costs):
        print(f"\n### {axis}, {kind}\n\n{growth.table(costs, kind, axis)}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
