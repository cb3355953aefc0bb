"""Slack is down for hours: people work elsewhere, and afterwards each channel gets one digest."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.workers.outage_watch import DOWN_AFTER_S, OutageWatch
from sandbox import Channel
from tests.api.calls import Program, program
from tests.scenarios.assertions import words
from tests.scenarios.running import World, policy_file, running_world

POLICY = """
preset: sev1-5
announce: "#incidents"
"""


class Outages:
    """Slack goes down and comes back, and the bot is told at once."""

    def __init__(self, world: World) -> None:
        self.world, self.trouble = world, "Slack does not answer"

    async def begin(self) -> None:
        await self.world.ws.go_down()
        await self._seen(self.trouble)

    async def end(self) -> None:
        await self.world.ws.come_back()
        await self._seen(None)
        await self.world.delivered()

    async def _seen(self, trouble: str | None) -> None:
        async def slack() -> str | None:
            return trouble

        watch = OutageWatch(self.world.tocsin.context, slack)
        watch._bad_since = None if trouble is None else time.monotonic() - DOWN_AFTER_S
        await watch.look()


@pytest.fixture
async def world(sqlite_url: str, tmp_path: Path) -> AsyncIterator[World]:
    async with running_world(sqlite_url, policy=policy_file(tmp_path, POLICY)) as running:
        running.tocsin.timer.remove(OutageWatch.name)
        yield running


async def act(maya: Program, path: str, **body: Any) -> Any:
    reply = await maya.post(path, body)
    assert reply.status in (200, 201), reply.body
    return reply.body


def bot_messages(world: World, channel: Channel) -> list[str]:
    """What the bot wrote in the channel itself, without threads."""
    messages = world.ws.bot_messages(channel.id)
    return [words(world, m) for m in messages if m.thread_ts in (None, m.ts)]


def everywhere(world: World, channel: Channel) -> str:
    return "\n".join(words(world, m) for m in world.ws.bot_messages(channel.id))


async def test_an_incident_declared_meanwhile_gets_its_channel_and_one_digest(world: World) -> None:
    slack = Outages(world)
    await slack.begin()
    async with program(world) as maya:
        await act(maya, "/incidents", title="Payments are down", severity="sev2")
        await act(maya, "/incidents/INC-1/acknowledge")
        for number in range(1, 13):
            await act(maya, "/incidents/INC-1/update", text=f"Finding {number}: queue {number * 7} is stuck")
        await act(maya, "/incidents/INC-1/note", text="The vendor was called at the weekend number")
    assert world.ws.find_channel("inc-1") is None
    await slack.end()
    channel = await world.incident_channel(1)
    posted = bot_messages(world, channel)
    digests = [text for text in posted if "While Slack was down" in text]
    assert len(digests) == 1
    assert "delayed" in digests[0]
    assert len(posted) <= 5, posted
    whole = everywhere(world, channel)
    for number in range(1, 13):
        assert whole.count(f"Finding {number}:") == 1 + (number == 12)  # the card shows the latest
    assert whole.count("The vendor was called") == 1


async def test_what_was_posted_before_is_not_told_again_and_announcements_are_stamped(world: World) -> None:
    slack = Outages(world)
    channel = await world.declare("sev2 Checkout is down")
    async with program(world) as maya:
        await act(maya, "/incidents/INC-1/update", text="Before the outage")
        await world.delivered()
        world.ws.faults.add("chat.postMessage", count=1, reset=True, after=True)  # it arrives, and nobody hears of it
        await act(maya, "/incidents/INC-1/update", text="On the edge")
        await world.ws.until(lambda: "On the edge" in everywhere(world, channel))
        await slack.begin()
        for number in range(8):
            await act(maya, "/incidents/INC-1/update", text=f"Meanwhile {number}")
        await act(maya, "/incidents", title="Payments are down", severity="sev3")
        await act(maya, "/incidents/INC-1/status", status="monitoring")
        await slack.end()
    whole = everywhere(world, channel)
    digest = next(text for text in bot_messages(world, channel) if "While Slack was down" in text)
    assert "Before the outage" not in digest
    assert "On the edge" not in digest
    assert whole.count("On the edge") == 1
    assert whole.count("Meanwhile 3") == 1
    assert len(bot_messages(world, channel)) <= 6  # two of them from before
    incidents = world.ws.find_channel("incidents")
    assert incidents is not None
    announced = [words(world, m) for m in world.ws.bot_messages(incidents.id)]
    (late,) = [text for text in announced if "INC-2" in text]
    assert "delayed: declared" in late
    assert [text.count("Meanwhile 3") for text in announced if "Meanwhile 3" in text] == [1]


async def test_a_page_by_hand_is_posted_although_somebody_responds_already(world: World) -> None:
    slack = Outages(world)
    channel = await world.declare("sev3 Checkout is down")
    await world.ws.person("maya").press(world.card(channel), "Acknowledge")
    await world.delivered()
    await slack.begin()
    async with program(world) as maya:
        await act(maya, "/incidents/INC-1/page", users=[world.tom.id], reason="We need the vendor's number")
        await slack.end()
    assert [text for text in bot_messages(world, channel) if "vendor's number" in text]


async def test_a_drill_withholds_what_goes_to_slack_for_itself_alone(world: World) -> None:
    async with program(world) as maya:
        drill = {"title": "Slack is down", "severity": "sev1", "drill": True, "slack_down": "30m"}
        await act(maya, "/incidents", **drill)
        await act(maya, "/incidents", title="A real one", severity="sev2")
        await world.incident_channel(2)
        await act(maya, "/incidents/INC-1/acknowledge")
        await act(maya, "/incidents/INC-1/update", text="We go on in a terminal")
        await act(maya, "/incidents/INC-1/note", text="The bridge works")
        await act(maya, "/incidents/INC-1/resolve", summary="It was only a drill")
        refused = await maya.post("/incidents", {"title": "x", "slack_down": "30m"})
        assert refused.status == 409
        assert (await world.show(1))["channel_id"] is None
    await world.pass_time(minutes=31)
    channel = world.ws.state.channels[(await world.show(1))["channel_id"]]
    (digest,) = [text for text in bot_messages(world, channel) if "While Slack was down" in text]
    assert "We go on in a terminal" in digest
    assert "The bridge works" in digest
    assert len(bot_messages(world, channel)) <= 5
    assert [e["text"] for e in (await world.show(1))["timeline"] if e["kind"] == "drill"]
