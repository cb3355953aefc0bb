"""Who is on call is the same at every minute, by the policy and by the vendor's own rules."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.importers.plan import make_plan
from bot.importers.proof import PolicyCoverage, Proof, prove, window
from bot.importers.reader import Reader
from bot.importers.vendors import VENDORS
from bot.policy import load
from tests.importers.doubles import KEY, OpsgenieDouble, serving
from tests.importers.generated import opsgenie_account, pagerduty_account

NOW = datetime(2026, 9, 20, 13, 37, tzinfo=UTC)  # clocks change in the span, in the north and in the south


WHOLE = "TOCSIN_TORTURE" in os.environ  # `make torture`
SCHEDULES, PEOPLE = (500, 1000) if WHOLE else (3, 30)


def proof_of(double: Any, folder: Path, days: int = 90) -> Proof:
    vendor = VENDORS["opsgenie" if isinstance(double, OpsgenieDouble) else "pagerduty"]

    async def proved() -> Proof:
        async with serving(double) as url, aiohttp.ClientSession() as session:
            headers = {"Authorization": f"{vendor.scheme}{KEY}"}
            reader = Reader(vendor.title, url, headers, vendor.key_setting, session, pause_s=0.001, now=NOW)
            account = await vendor.read(reader, history=False)
            plan = make_plan(account, "", NOW)
            theirs = await vendor.rendering(reader, account, *window(NOW, days))
        path = folder / "policy.yml"
        path.write_text(plan.policy_text)
        return prove(account, plan, PolicyCoverage(load(path)), theirs, window(NOW, days), NOW)

    return asyncio.run(proved())


@pytest.mark.timeout(3600 if WHOLE else 120)
def test_generated_opsgenie_accounts_are_on_call_as_before_at_every_minute(tmp_path: Path) -> None:
    proof = proof_of(opsgenie_account(0, SCHEDULES, PEOPLE, NOW), tmp_path)
    assert proof.total_minutes == SCHEDULES * 120 * 1440
    assert [difference.as_json() for difference in proof.differences[:3]] == []
    assert proof.equal_minutes == proof.total_minutes


@pytest.mark.timeout(3600 if WHOLE else 120)
def test_generated_pagerduty_accounts_are_on_call_as_before_at_every_minute(tmp_path: Path) -> None:
    proof = proof_of(pagerduty_account(0, SCHEDULES, PEOPLE, NOW), tmp_path)
    assert proof.total_minutes == SCHEDULES * 120 * 1440
    assert [difference.as_json() for difference in proof.differences[:3]] == []
    assert proof.equal_minutes == proof.total_minutes


def test_a_difference_is_named_with_its_cause_and_its_minutes(tmp_path: Path) -> None:
    double = opsgenie_account(7, 2, 10, NOW)
    for schedule in double.schedules:
        schedule["rotations"] = [
            schedule["rotations"][0]
            | {
                "timeRestriction": None,
                "participants": [{"type": "user", "id": "u-gone"}, {"type": "user", "id": "u1"}],
                "type": "daily",
                "length": 1,
                "startDate": "2026-01-01T00:00:00Z",
                "endDate": None,
            }
        ]
    double.overrides = {"s0": [], "s1": []}
    proof = proof_of(double, tmp_path, days=2)
    assert proof.total_minutes - proof.equal_minutes == sum(difference.minutes for difference in proof.differences)
    assert len(proof.differences) > 30
    assert {difference.cause for difference in proof.differences} == {"nobody in the policy is u-gone"}
    assert {difference.ours for difference in proof.differences} == {()}
