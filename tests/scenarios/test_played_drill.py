"""A past incident is replayed as a drill: its messages arrive again, people act, and the result is compared."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from bot.domain.incident.status import Status
from bot.domain.timeline.entry import Entry, entry
from sandbox import Channel, Workspace
from storage import incidents
from storage.open import open_database
from storage.timeline import entries as timeline
from tests.alerts.sending import TOKEN, alert, webhook
from tests.scenarios import processes
from tests.scenarios.assertions import all_messages, of_kind, settle, type_command, words
from tests.scenarios.processes import Death
from tests.scenarios.running import World, policy_file, running_world
from tests.scenarios.test_kill import (
    STEP,
    deaths,
    doubled_counts,
    run_again,
    settings,
    wait_until_dead_or_quiet,
    wait_until_quiet,
    workspace,
)
from tests.storage.helpers import incident

POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev1:
    update_every: 30m
    roles: []
    respond_within: null
    escalate_after: null
    ladder: [{after: 0s, notify: ["user:U0TOM00000"], by: [slack]}, {after: 5m, notify: ["user:U0PRIYA000"]}]
alerts:
  wait: 0s
  severity: {map: {critical: sev1}}
  routes: [{match: {severity: critical}, do: declare}]
"""


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


@pytest.fixture
async def world(sqlite_url: str, policy: Path) -> AsyncIterator[World]:
    async with running_world(sqlite_url, policy=policy, tocsin_hook_token=TOKEN) as running:
        yield running


async def lived_through(world: World) -> None:
    """INC-1 of an alert: two hours, Tom answers after twenty minutes, one update, and a deleted message."""
    url, headers = f"http://127.0.0.1:{world.tocsin.port}/hooks/alertmanager", {"Authorization": f"Bearer {TOKEN}"}
    body = webhook(alert("CheckoutDown", severity="critical", service="checkout"))
    async with aiohttp.ClientSession() as session, session.post(url, json=body, headers=headers) as answer:
        assert answer.status == 202
    channel = await world.incident_channel(1)
    await world.ws.person("maya").join(channel.id)
    await world.ws.person("maya").say(channel.id, "The card vendor times out <@U0TOM00000>")
    await world.ws.settled()
    await world.pass_time(minutes=20)
    await world.ws.person("tom").press(world.card(channel), "Acknowledge")
    mistake = await world.ws.person("tom").say(channel.id, "Oops, wrong channel")
    await world.ws.person("tom").delete(mistake)
    await world.ws.person("tom").say(channel.id, "Deploy 4512 went out at 02:47")
    await world.ws.settled()
    await type_command(world, "tom", channel.name, "/incident update Rolled back")
    await world.pass_time(minutes=100)
    await type_command(world, "tom", channel.name, "/incident resolve Rolled back deploy 4512")
    await world.pass_time(minutes=1)


def replayed(world: World, channel: Channel) -> str:
    return "\n".join(words(world, m) for m in world.ws.bot_messages(channel.id) if "Replayed from" in words(world, m))


async def test_a_past_incident_is_played_people_act_and_it_is_compared(world: World) -> None:
    await lived_through(world)
    said = await type_command(world, "maya", "#general", "/incident drill INC-1 at 10x")
    assert "INC-2" in said
    await world.ws.until(lambda: world.ws.find_channel("drill-inc-2"))
    await settle(world)
    channel = world.ws.find_channel("drill-inc-2")
    assert channel is not None
    assert (await world.show(2))["title"].startswith("Replay of INC-1: ")
    assert "CheckoutDown" in replayed(world, channel)
    assert "card vendor" in replayed(world, channel)
    assert "4512" not in replayed(world, channel)  # twenty minutes later then, two now
    await world.pass_time(minutes=1)
    await world.ws.person("priya").press(world.card(channel), "Acknowledge")
    await world.pass_time(minutes=1, seconds=5)
    whole = replayed(world, channel)
    assert whole.count("Deploy 4512") == 1
    assert whole.count("card vendor") == 1
    assert "Oops" not in whole
    await type_command(world, "priya", channel.name, "/incident update We would roll back")
    await type_command(world, "priya", channel.name, "/incident resolve It was a drill")
    await world.pass_time(seconds=5)
    (compared,) = [words(world, m) for m in world.ws.bot_messages(channel.id) if "then, and this drill now" in m.text]
    assert "acknowledged after 20m" in compared
    assert "1m" in compared
    assert "status updates: 1 posted, 1 reminder then; 1 posted, no reminder now" in compared
    assert "• mitigated after" in compared
    assert "• ended after" in compared
    await world.pass_time(hours=3)
    assert replayed(world, channel) == whole

    posted = [m for m in all_messages(world) if m.user == world.ws.bot.id]
    about = [m for m in posted if m.channel == channel.id or "INC-2" in words(world, m)]
    assert len(about) > 5
    assert not any(world.tom.id in world.ws.mentioned(m) for m in about)
    assert not any("page" in m.text.lower() for m in about if world.ws.state.channels[m.channel].is_im)
    assert of_kind(await world.show(2), "page") == []


async def past_and_drill(url: str, policy: Path) -> None:
    """A past incident with thirty messages, and a drill that has just begun to play it."""
    now = datetime.now(UTC)
    then = now - timedelta(days=30)
    at = {"declared_at": then, "detected_at": then, "ended_at": then + timedelta(hours=1)}
    database = await open_database(url)
    try:
        async with database.transaction() as conn:
            await incidents.skip_numbers(conn, 1)
            await incidents.insert(conn, incident(1, severity="sev2", status=Status.RESOLVED, **at))
            rows = [entry(then, "alert", "prometheus", "Latency is high")]
            for number in range(30):
                moment = then + timedelta(seconds=number)
                rows.append(Entry(moment, "message", "U0MAYA0000", f"line {number}.", source_ts=f"17.{number:06}"))
            await timeline.append(conn, 1, rows)
    finally:
        await database.close()


FEW = [Death("commit", n, before) for n in (8, 12) for before in (True, False)] + [Death("call", 8, before=False)]


@pytest.mark.parametrize("death", deaths(24, 16, 1) if STEP == 1 else FEW, ids=str)
async def test_a_played_drill_survives_being_killed_anywhere(sqlite_url: str, policy: Path, death: Death) -> None:
    async with workspace() as ws:
        await past_and_drill(sqlite_url, policy)
        bot = await processes.start(settings(ws, sqlite_url, policy), death)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        reply = await ws.person("maya").command("#general", "/incident drill INC-1 at 100x")
        await wait_until_dead_or_quiet(bot, ws, sqlite_url)
        bot = await run_again(ws, bot, sqlite_url, policy)
        try:
            if not reply.ok:
                await ws.person("maya").command("#general", "/incident drill INC-1 at 100x")
            await wait_until_quiet(ws, sqlite_url)
            assert doubled_counts(ws) == {}
            for channel in drills(ws):
                told = "\n".join(m.text + str(m.blocks) for m in ws.bot_messages(channel.id) if "Replayed" in m.text)
                assert [number for number in range(30) if told.count(f"line {number}.") == 0] == []
        finally:
            await bot.kill()


def drills(ws: Workspace) -> list[Channel]:
    found = [channel for channel in ws.state.channels.values() if channel.name.startswith("drill-inc-")]
    assert found
    return found
