"""Looking up who is on call now, among 500 imported schedules with restrictions and covers."""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from datetime import timedelta
from pathlib import Path

import aiohttp

from bot.domain.oncall.schedule import on_call_lookup
from bot.domain.policy.policy import Policy
from bot.importers.plan import Plan, make_plan
from bot.importers.proof import overrides_of
from bot.importers.reader import Reader
from bot.importers.vendors import VENDORS
from bot.policy import load
from tests.benchmarks.figures import Figure
from tests.importers.doubles import KEY, serving
from tests.importers.generated import opsgenie_account
from tests.importers.test_proof import NOW

SCHEDULES, PEOPLE = 500, 1000
LONGEST_MS = 1.0


def figures() -> list[Figure]:
    """The time of one lookup, and of all schedules one after the other."""
    plan, policy = _imported()
    covers = overrides_of(plan.covers)
    one: list[float] = []
    rounds: list[float] = []
    for hour in range(24):
        at = NOW + timedelta(hours=hour)
        begun = time.perf_counter()
        lookup = on_call_lookup(policy, covers)
        for schedule in policy.schedules:
            before = time.perf_counter()
            lookup(schedule, at)
            one.append(1000 * (time.perf_counter() - before))
        rounds.append(1000 * (time.perf_counter() - begun))
    one.sort()
    p99 = one[len(one) * 99 // 100]
    return [
        Figure(
            f"who is on call now, of {SCHEDULES} schedules: p50, p99", f"{statistics.median(one):.3f}, {p99:.3f} ms",
            f"≤ {LONGEST_MS:.0f} ms", p99 <= LONGEST_MS,
        ),
        Figure("the same for all of them", f"{statistics.median(rounds):.0f} ms", "", None),
    ]  # fmt: skip


def _imported() -> tuple[Plan, Policy]:
    vendor = VENDORS["opsgenie"]

    async def planned() -> Plan:
        async with serving(opsgenie_account(2, SCHEDULES, PEOPLE, NOW)) as url, aiohttp.ClientSession() as session:
            headers = {"Authorization": f"{vendor.scheme}{KEY}"}
            reader = Reader(vendor.title, url, headers, vendor.key_setting, session, now=NOW)
            return make_plan(await vendor.read(reader, history=False), "", NOW)

    plan = asyncio.run(planned())
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "policy.yml"
        path.write_text(plan.policy_text)
        return plan, load(path)
