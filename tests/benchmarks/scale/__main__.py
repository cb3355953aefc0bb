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

KINDS = ("sqlite", "postgresql")
ROUNDS = 20


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale", description=__doc__)
    parser.add_argument("--database", choices=KINDS, action="append", help="Only this one.")
    parser.add_argument("--grow", choices=growth.AXES, action="append", help="Let only this grow.")
    parser.add_argument("--factors", type=int, nargs="+", default=growth.FACTORS)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="Write the measurements to this file, too.")
    args = parser.parse_args(arguments)
    kinds = args.database or KINDS
    axes = {axis: growth.AXES[axis] for axis in args.grow or growth.AXES}
    with tempfile.TemporaryDirectory(prefix="tocsin-scale-") as folder:
        costs = asyncio.run(growth.measure(Path(folder), kinds, axes, args.factors, args.rounds))
    if args.json:
        args.json.write_text(json.dumps([cost.as_json() for cost in costs], indent=1))
    for kind in kinds:
        for axis in axes:
            print(f"\n### {axis}, {kind}\n\n{growth.table(costs, kind, axis)}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
