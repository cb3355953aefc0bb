"""The demo sends alerts in the shapes of monitoring systems, with the effects that its buttons promise."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from bot import policy as policy_reader
from bot.domain.alerts.routing import place_all
from bot.integrations.alerts.protocol import Delivery
from bot.integrations.alerts.registry import SOURCES
from sandbox.demo import HERE
from sandbox.demo_alerts import BY_NAME, SAMPLES, DemoAlerts, Sample
from tests.scenarios.running import World, running_world

STARTED, ENDED = "2026-03-02T09:00:00.123456Z", "2026-03-02T09:05:00Z"
DOES = {"checkout": {"declare"}, "staging": {"record"}, "storm": {"declare"}, "change": set()}


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: sample.name)
@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_a_sample_is_read_whole_and_goes_where_its_button_says(sample: Sample, status: str) -> None:
    policy = policy_reader.read(HERE / "demo.policy.yml").policy
    ended = ENDED if status == "resolved" else "0001-01-01T00:00:00Z"
    batches = [
        SOURCES[sample.kind].read(Delivery(json.loads(json.dumps(body))), datetime.now(UTC))
        for body in sample.body(status, STARTED, ended)
    ]
    assert [batch.rejected for batch in batches] == [()] * len(batches)
    alerts = [alert for batch in batches for alert in batch.alerts]
    assert {str(alert.status) for alert in alerts} <= {status}
    assert {str(each.route.do) for each in place_all(alerts, policy)} == DOES.get(sample.name, {"ask"})
    assert {alert.labels.get("service", "checkout") for alert in alerts} <= policy.services.keys()
    assert len({alert.identity for alert in alerts}) == (500 if sample.name == "storm" else len(alerts))


@pytest.fixture
async def demo(sqlite_url: str) -> AsyncIterator[tuple[World, str]]:
    """A bot with the demo's policy, and the address of the routes that its inspector uses."""
    policy = Path(HERE / "demo.policy.yml")
    async with running_world(sqlite_url, policy=policy, tocsin_hook_token="demo", tocsin_demo=True) as world:
        site = web.Application()
        DemoAlerts(f"http://127.0.0.1:{world.tocsin.port}", "demo", gap_s=0.0).routes(site)
        runner = web.AppRunner(site, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield world, f"http://127.0.0.1:{runner.addresses[0][1]}/sandbox/demo/alerts"
        await runner.cleanup()


async def test_each_button_fires_and_resolves_and_a_storm_is_one_incident(demo: tuple[World, str]) -> None:
    world, url = demo
    async with aiohttp.ClientSession() as session:

        async def press(name: str, status: str = "firing") -> dict[str, Any]:
            async with session.post(url, json={"sample": name, "status": status}) as answer:
                assert answer.status == 200, await answer.text()
                return dict(await answer.json())

        async def firing() -> set[str]:
            async with session.get(url) as answer:
                return {each["name"] for each in (await answer.json())["samples"] if each["firing"]}

        assert (await press("payments"))["new"] == 1
        assert (await press("payments"))["repeated"] == 1
        assert await firing() == {"payments"}
        assert (await press("payments", "resolved"))["resolved"] == 1
        assert (await press("change"))["new"] == 1
        assert await firing() == set()
        assert (await press("storm"))["new"] == 500
        channel = await world.incident_channel()
        await world.ws.until(lambda: any("may help" in each.text for each in world.ws.bot_messages(channel.id)))
        assert Counter(name.startswith("inc-") for name in world.ws.channel_names())[True] == 1
        async with session.post(url, json={"sample": "nothing"}) as answer:
            assert answer.status == 404
        await world.tocsin.stop()
        async with session.post(url, json={"sample": "payments"}) as answer:
            assert (answer.status, (await answer.json())["error"]) == (503, "The bot does not answer. Start it first.")


async def test_a_flapping_sample_fires_resolves_and_fires_again(demo: tuple[World, str]) -> None:
    world, _ = demo
    alerts = DemoAlerts(f"http://127.0.0.1:{world.tocsin.port}", "demo", speed=20.0, gap_s=0.0)
    await alerts.fire(BY_NAME["flapping"])
    await asyncio.gather(*alerts._flapping)
    assert await alerts.fire(BY_NAME["flapping"]) == {"new": 0, "repeated": 1, "resolved": 0, "groups": []}
