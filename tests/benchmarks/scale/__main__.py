"""`python -m tests.benchmarks.scale`: measure how costs grow, what replicas add, and a year of a company.

The results are in docs/scale.md.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tests.benchmarks.scale import company, growth, replicas
from tests.benchmarks.scale.growth import Cost

KINDS = ("sqlite", "postgresql")
PARTS = ("growth", "replicas", "company")
ROUNDS = 8


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.scale", description=__doc__)
    parser.add_argument("parts", nargs="*", choices=[[], *PARTS], metavar="part", help=", ".join(PARTS))
    parser.add_argument("--database", choices=KINDS, action="append", help="only this one")
    parser.add_argument("--grow", choices=growth.AXES, action="append", help="let only this grow")
    parser.add_argument("--factors", type=int, nargs="+", default=growth.FACTORS, help="how often as much")
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="how often each action is asked for")
    parser.add_argument("--replicas", type=int, nargs="+", default=replicas.REPLICAS)
    parser.add_argument("--engineers", type=int, default=company.Company().engineers)
    parser.add_argument("--json", type=Path, help="write the costs to this file, too, as soon as they are measured")
    parser.add_argument("--read", type=Path, nargs="+", help="measure nothing: print the costs in these files")
    return parser


def main(arguments: Sequence[str]) -> int:
    """Measure the parts that are asked for, or all, and print each."""
    args = _parser().parse_args(arguments)
    if args.read:
        _print([cost for path in args.read for cost in growth.read(path)])
        return 0
    kinds, parts = args.database or KINDS, args.parts or PARTS

    def keep(costs: Sequence[Cost]) -> None:
        if args.json:
            args.json.write_text(json.dumps([cost.as_json() for cost in costs], indent=1))

    with tempfile.TemporaryDirectory(prefix="tocsin-scale-") as name:
        folder = Path(name)
        if "growth" in parts:
            axes = {axis: growth.AXES[axis] for axis in args.grow or growth.AXES}
            _print(asyncio.run(growth.measure(folder, kinds, axes, args.factors, args.rounds, keep)))
        if "replicas" in parts:
            print(f"\n{replicas.table(asyncio.run(replicas.measure(folder, args.replicas)))}", flush=True)
        if "company" in parts:
            one = replace(company.Company(), engineers=args.engineers)
            print(f"\n{company.table(asyncio.run(company.measure(folder, kinds, one)))}", flush=True)
    return 0


def _print(costs: Sequence[Cost]) -> None:
    for kind, axis in dict.fromkeys((cost.database, cost.axis) for cost in costs):
        print(f"\n### {axis}, {kind}\n\n{growth.table(costs, kind, axis)}", flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
