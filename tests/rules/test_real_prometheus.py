"""A rule on a real Prometheus: its alert becomes a group and an incident, and resolves."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from bot.json_shapes.alerts import group_json
from storage.alerts import groups, members
from tests.rules.prometheus import needs_prometheus, prometheus
from tests.scenarios.running import World, policy_file, running_world

POLICY = """
preset: sev1-5
announce: "#incidents"
services:
  checkout: {name: Checkout}
alerts:
  wait: 0s
  routes:
    - {match: {source: rules, severity: sev1}, do: declare}
    - {do: record}
metrics: {checkout.errors: checkout_error_ratio}
rules:
  checkout-errors:
    name: Checkout fails
    description: More than half of the requests fail
    severity: sev1
    category: availability
    service: checkout
    every: 5s
    conditions:
      - {type: threshold, metric: checkout.errors, op: gt, value: 0.5}
    keep_firing: 1s
    runbook: https://runbooks.example.com/checkout
    labels: {team: shop}
"""


async def all_groups(world: World) -> list[dict[str, Any]]:
    async with world.tocsin.database.reading() as conn:
        newest = await groups.newest(conn, 100)
        numbers = [group.number for group in newest]
        counts, alerts = await members.counts(conn, numbers), await members.of_groups(conn, numbers, 100)
    return [group_json(group, counts[group.number], alerts[group.number]) for group in newest]


async def until_group(world: World, state: str) -> dict[str, Any]:
    async with asyncio.timeout(40):
        while True:
            found = [group for group in await all_groups(world) if group["state"] == state]
            if found:
                return found[0]
            await asyncio.sleep(0.1)


@needs_prometheus
async def test_a_threshold_that_is_exceeded_declares_an_incident_and_resolves(sqlite_url: str, tmp_path: Path) -> None:
    async with (
        prometheus(tmp_path, ["checkout_error_ratio 0.1"]) as running,
        running_world(sqlite_url, policy=policy_file(tmp_path, POLICY), prometheus_url=running.url) as world,
    ):
        await running.until("checkout_error_ratio", 0.1)
        running.exporter.lines = ["checkout_error_ratio 0.75"]
        group = await until_group(world, "firing")
        assert group["title"] == "Checkout fails: checkout.errors is 0.75 (> 0.5)"
        assert (group["source"], group["severity"], group["service"]) == ("rules", "sev1", "checkout")
        (alert,) = group["alerts"]
        assert alert["value"] == "0.75"
        assert alert["labels"] | {"instance": ""} == {
            "alertname": "Checkout fails", "rule": "checkout-errors", "source": "rules", "severity": "sev1",
            "category": "availability", "service": "checkout", "team": "shop", "job": "checkout", "instance": "",
        }  # fmt: skip
        assert alert["annotations"]["runbook_url"] == "https://runbooks.example.com/checkout"
        assert alert["url"].startswith(f"{running.url}/graph?g0.expr=checkout_error_ratio")
        await world.incident_channel()
        running.exporter.lines = ["checkout_error_ratio 0.1"]
        over = await until_group(world, "resolved")
        assert over["id"] == group["id"]
        assert over["incident"] == "INC-1"
        assert len(await all_groups(world)) == 1
