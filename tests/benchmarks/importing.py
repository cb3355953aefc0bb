"""Planning the move of a large Opsgenie account: 5,000 people, 1,000 schedules and 300 ladders, over HTTP."""

from __future__ import annotations

import asyncio
import os
import random
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.figures import Figure
from tests.importers.accounts import user
from tests.importers.doubles import KEY, OpsgenieDouble, serving
from tests.importers.generated import opsgenie_account

PEOPLE, SCHEDULES, LADDERS = 5000, 1000, 300
LONGEST_S, LARGEST_MB = 60.0, 300.0


def account() -> OpsgenieDouble:
    """The account. Its double has no rate limit."""
    double = opsgenie_account(1, SCHEDULES, PEOPLE, datetime.now(UTC))
    chance = random.Random(1)
    for number in range(PEOPLE):
        double.users[number] = user(f"u{number}", f"p{number}@example.com", f"Person {number}")
        double.contacts[f"u{number}"] = [{"id": f"c{number}", "method": "sms", "to": f"49-151{number:08}"}]
    double.escalations = [_ladder(chance, number) for number in range(LADDERS)]
    return double


def _ladder(chance: random.Random, number: int) -> dict[str, Any]:
    targets = [("schedule", f"s{chance.randrange(SCHEDULES)}"), ("user", f"u{chance.randrange(PEOPLE)}")]
    rules = [
        {
            "condition": "if-not-acked", "notifyType": "default", "delay": {"timeAmount": 10 * place},
            "recipient": {"type": kind, "id": identity},
        }
        for place, (kind, identity) in enumerate(targets)
    ]  # fmt: skip
    return {"id": f"e{number}", "name": f"Ladder {number}", "rules": rules, "repeat": {"count": 2, "waitInterval": 10}}


def figures() -> list[Figure]:
    """The time and the memory of one plan."""
    with tempfile.TemporaryDirectory() as folder:
        seconds, megabytes = asyncio.run(_measured(Path(folder)))
    what = f"plan of {SCHEDULES:,} schedules, {PEOPLE:,} people, {LADDERS} ladders"
    return [
        Figure(what, f"{seconds:.0f} s", f"≤ {LONGEST_S:.0f} s", seconds <= LONGEST_S),
        Figure(f"{what}: memory", f"{megabytes:.0f} MB", f"≤ {LARGEST_MB:.0f} MB", megabytes <= LARGEST_MB),
    ]


async def _measured(folder: Path) -> tuple[float, float]:
    async with serving(account()) as url:
        environment = {**os.environ, "OPSGENIE_API_KEY": KEY, "OPSGENIE_API_URL": url}
        program = [sys.executable, "-c", _PROGRAM, str(folder / "policy.yml")]
        begun = time.monotonic()
        done = await asyncio.to_thread(subprocess.run, program, env=environment, capture_output=True, check=True)
        return time.monotonic() - begun, int(done.stderr.split()[-1]) / 1024


_PROGRAM = """
import resource, sys
from bot.cli.main import main
try:
    main(["import", "opsgenie", "--plan", "--json", "--output", sys.argv[1]])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""
