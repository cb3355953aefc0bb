"""`python -m tests.benchmarks [name…] [--json]`: run all, or those named, and print one table."""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from collections.abc import Sequence

from tests.benchmarks.figures import Figure, table

NAMES = (
    "acknowledgements",
    "burst",
    "storage_appends",
    "storage_claims",
    "messages",
    "nudges",
    "recovery",
    "footprint",
    "instructions",
)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *NAMES], metavar="name", help=", ".join(NAMES))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args(arguments)
    found: list[Figure] = []
    for name in given.names or NAMES:
        print(f"{name} …", file=sys.stderr, flush=True)
        try:
            new = importlib.import_module(f"tests.benchmarks.{name}").figures()
        except (RuntimeError, TimeoutError) as error:  # the others can still be measured
            new = [Figure(name, f"not measured: {error}", "", False)]
        found += new
        print(table(new), file=sys.stderr, flush=True)
    if given.json:
        print(json.dumps([figure.as_json() for figure in found], ensure_ascii=False, indent=2))
    else:
        print(table(found))
    return 0 if all(figure.met is not False for figure in found) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
