"""`python -m tests.benchmarks [name…] [--json]`: run all benchmarks, or the named ones, and print a table."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence

from tests.benchmarks.figures import Figure, table

NAMES = (
    "acknowledgements",
    "api",
    "burst",
    "storage_appends",
    "storage_claims",
    "messages",
    "nudges",
    "recovery",
    "returning",
    "footprint",
    "instructions",
    "alerts",
    "status_page",
    "subscribers",
    "importing",
    "proof",
    "on_call",
    "console",
    "period_figures",
)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *NAMES], metavar="name", help=", ".join(NAMES))
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args(arguments)
    results: list[Figure] = []
    for name in args.names or NAMES:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            rows = importlib.import_module(f"tests.benchmarks.{name}").figures()
        except (RuntimeError, TimeoutError) as error:  # measure the others anyway
            rows = [Figure(name, f"not measured: {error}", "", False)]
        results += rows
        print(table(rows), file=sys.stderr, flush=True)
    if args.json:
        print(json.dumps([figure.as_json() for figure in results], ensure_ascii=False, indent=2))
    else:
        print(table(results))
    return 0 if all(figure.met is not False for figure in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
