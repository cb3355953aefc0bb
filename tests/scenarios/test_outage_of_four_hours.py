"""Slack is down for four hours: an incident is declared, paged, acknowledged, updated and resolved without it.

Afterwards nothing is lost, and nothing is said twice.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import aiohttp
import pytest

from bot.clock import Clock
from bot.usecases import outage as outages
from bot.usecases.outage import NOTICED, Outage
from bot.workers.outage_watch import OutageWatch
from sandbox import Message
from tests.api.calls import MAYA, Program, program
from tests.integrations.scene import TOM, Scene, scene
from tests.scenarios.assertions import words
from tests.scenarios.running import MovableClock, World

PUBLIC = "https://tocsin.example.com"
STATUS_PAGE = """
status_page: {name: Example AI, preset: llm-platform}
"""
NO_PHONE = ("twilio_auth_token", "pagerduty_routing_key", "webhook_url")


async def pass_hours(world: World, clock: MovableClock, hours: float) -> None:
    """Let time pass while Slack is down: what waits for it is not waited for."""
    clock.ahead += timedelta(hours=hours)
    await world._nothing_due()


async def acknowledged_by_link(at: Scene) -> None:
    """Follow the link of Tom's mail, and press its button."""
    content = at.post.envelopes[-1].content
    assert isinstance(content, bytes)
    parts = email.message_from_bytes(content, policy=email.policy.default).walk()
    text = next(part.get_content() for part in parts if part.get_content_type() == "text/plain")
    link = f"http://127.0.0.1:{at.world.tocsin.port}{text.partition(PUBLIC)[2].split()[0]}"
    async with aiohttp.ClientSession() as session:
        async with session.get(link) as shown:
            assert "Acknowledge" in await shown.text()
        async with session.post(link) as done:
            assert done.status == 200


async def shows(at: Scene, indicator: str) -> Any:
    """What the public sees, once it is this."""
    url = f"http://127.0.0.1:{at.world.tocsin.port}/api/v2/summary.json"
    async with asyncio.timeout(20), aiohttp.ClientSession() as session:
        while True:
            async with session.get(url) as answer:
                shown = await answer.json()
            if shown["status"]["indicator"] == indicator:
                return shown
            await asyncio.sleep(0.05)


async def publish(at: Scene, maya: Program) -> None:
    """Publish on the status page, and go on there; it is public at once, with Slack dead."""
    new = {
        "title": "Payments fail", "message": "We look into it.", "incident": "INC-1",
        "components": {"API": "major_outage"},
    }  # fmt: skip
    made = await maya.post("/status-page/publications", new)
    assert made.status == 201, made.body
    for text, status in (("We know why.", "identified"), ("A mend is on its way.", "monitoring")):
        told = await maya.post("/status-page/publications/INC-1/update", {"message": text, "status": status})
        assert told.status == 200, told.body
    assert "Payments fail" in str((await shows(at, "critical"))["incidents"])


def keys(messages: list[Message]) -> Counter[str]:
    """How often each message was posted, by the key in its metadata."""
    return Counter(m.metadata["event_payload"]["key"] for m in messages if m.metadata)


async def test_four_hours_without_slack_lose_nothing_and_double_nothing(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with scene(
        sqlite_url, tmp_path, first="slack", without=NO_PHONE, beside=STATUS_PAGE, tocsin_url=PUBLIC
    ) as at:
        world, context, clock = at.world, at.world.tocsin.context, MovableClock()
        world.tocsin.timer.remove(OutageWatch.name)
        context.clock, world.tocsin.scheduler._clock = clock, cast(Clock, clock)
        await world.ws.go_down()
        async with context.database.transaction() as conn:
            context.outage = await outages.start(conn, Outage(clock.now(), NOTICED, "no answer"))
        async with program(world, person=MAYA) as maya:

            async def does(path: str, **body: Any) -> None:
                reply = await maya.post(f"/incidents{path}", body)
                assert reply.status in (200, 201), reply.body

            await does("", title="Payments are down", severity="sev1")
            started = time.monotonic()
            while "tom@example.com" not in at.mailed():
                assert time.monotonic() - started < 60
                await asyncio.sleep(0.05)
            await acknowledged_by_link(at)
            await publish(at, maya)
            for hour in range(8):
                await does("/INC-1/update", text=f"Update of half-hour {hour}: still failing over")
                await does("/INC-1/note", text=f"Note of half-hour {hour}")
                await pass_hours(world, clock, 0.5)
            await does("/INC-1/status", status="monitoring")
            done = await maya.post("/status-page/publications/INC-1/resolve", {"message": "Payments work again."})
            assert done.body["status"] == "resolved", done.body
            await shows(at, "none")
            await does("/INC-1/resolve", summary="The vendor failed over")
        await world.ws.come_back()
        async with context.database.transaction() as conn:
            severities = [level.key for level in context.policy.severities]
            await outages.stop(conn, clock.now(), severities)
            context.outage, context.past_outages = None, await outages.past_outages(conn)
        context.wakeups.notify()
        await world.delivered()
        shown = await world.show()
        assert shown["resolved_at"] is not None
        assert [e["actor"] for e in shown["timeline"] if e["kind"] == "acknowledged"] == [TOM]
        channel = world.ws.state.channels[shown["channel_id"]]
        messages = world.ws.bot_messages(channel.id)
        top = [m for m in messages if m.thread_ts in (None, m.ts)]
        assert len(top) <= 5, [words(world, m) for m in top]
        digest = "\n".join(words(world, m) for m in messages if "While Slack was down" in words(world, m))
        for hour in range(8):
            assert digest.count(f"Update of half-hour {hour}:") == 1
            assert digest.count(f"Note of half-hour {hour}") == 1
        said = "\n".join(words(world, m) for m in top)
        assert said.count("Payments work again.") <= 2  # in the digest, and as the newest receipt
        assert len([m for m in top if "We look into it." in words(world, m)]) <= 1  # only in the digest, if at all
        assert at.pages(TOM) == []  # answered by the link: not repeated
        every = [m for room in world.ws.state.channels.values() for m in world.ws.bot_messages(room.id)]
        assert set(keys(every).values()) == {1}
