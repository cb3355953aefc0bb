"""The process is killed, really, at every commit and every call to Slack: nothing is lost and nothing is doubled."""

from __future__ import annotations

import asyncio
import json
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

import sandbox
from sandbox import Workspace
from storage.deadlines import next_due_at
from storage.open import open_database
from storage.outbox import census
from storage.schema import deadlines
from storage.timeline import entries as timeline
from storage.timeline.verify import chain_faults
from tests.scenarios import processes
from tests.scenarios.processes import Death
from tests.scenarios.running import MANIFEST, policy_file
from tests.waiting import WITHIN_S

POLICY = """
preset: sev1-5
announce: "#incidents"
bookmarks: {bridge: "https://meet.example.org/{id}"}
severities:
  sev1:
    update_every: 2h
    roles: []
    respond_within: null
    escalate_after: null
    ladder: [{after: 0s, notify: ["user:U0TOM00000"], by: [slack]}]
  sev2: {update_every: null, roles: [], respond_within: null, escalate_after: null, ladder: []}
"""

# A declare with all that follows takes so many commits and calls; `make torture` dies at each, `make test` at some.
COMMITS, CALLS = 26, 13
STEP = 1 if os.environ.get("TOCSIN_TORTURE") else 8


def deaths(commits: int, calls: int, step: int = STEP) -> list[Death]:
    points = [Death("commit", n, before) for n in range(1, commits + 1, step) for before in (True, False)]
    return points + [Death("call", n, before) for n in range(1, calls + 1, step) for before in (True, False)]


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    return policy_file(tmp_path, POLICY)


@asynccontextmanager
async def workspace() -> AsyncIterator[Workspace]:
    async with sandbox.running(manifest=MANIFEST, retry_delays_s=(0.05, 0.3, 1.0), ack_timeout_s=1.0) as ws:
        yield ws


def settings(ws: Workspace, url: str, policy: Path) -> dict[str, Any]:
    return {
        "slack_bot_token": ws.settings.bot_token,
        "slack_signing_secret": ws.settings.signing_secret,
        "slack_api_url": ws.api_url,
        "database_url": url,
        "tocsin_policy": str(policy),
        "port": 0,
    }


async def run_again(ws: Workspace, bot: processes.Bot, url: str, policy: Path) -> processes.Bot:
    """The operator's supervisor starts it anew; Slack finds it where it was."""
    await bot.kill()
    again = await processes.start(settings(ws, url, policy))
    ws.request_url = f"http://127.0.0.1:{again.port}/slack/events"
    return again


async def nothing_waits(url: str) -> bool:
    """Whether no deadline has lapsed undecided, and the outbox is empty."""
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            depth = await census.count_by_state(conn)
            lapsed = (deadlines.c.state == "waiting") & (deadlines.c.due_at <= datetime.now(UTC))
            undecided = await conn.scalar(sa.select(sa.func.count()).where(lapsed))
            return not undecided and not any(depth[state] for state in ("held", "queued", "leased", "unknown"))
    finally:
        await database.close()


async def overdue(url: str) -> None:
    """Until the update that was promised within a second is overdue, or was asked for before the bot died."""
    database = await open_database(url, migrate=False)
    try:
        while True:
            async with database.reading() as conn:
                due_at = await next_due_at(conn)
            now = datetime.now(UTC)
            if due_at is None or not now < due_at < now + timedelta(seconds=2):
                return
            await asyncio.sleep(0.02)
    finally:
        await database.close()


async def wait_until_quiet(ws: Workspace, url: str) -> None:
    """Everything that was to be said has been said."""
    async with asyncio.timeout(WITHIN_S):
        while True:
            await ws.settled(WITHIN_S)
            if await nothing_waits(url):
                return
            await asyncio.sleep(0.05)


async def wait_until_dead_or_quiet(bot: processes.Bot, ws: Workspace, url: str) -> None:
    """The bot has died, or everything is done without its coming to the point at which it was to die."""
    async with asyncio.timeout(WITHIN_S):
        while bot.alive:
            await ws.settled(WITHIN_S)
            if await nothing_waits(url):
                return
            await asyncio.sleep(0.05)


def doubled_counts(ws: Workspace) -> dict[str, int]:
    """Messages of the bot that stand twice anywhere, by the key each carries."""
    keys = Counter(
        json.dumps(message.metadata, sort_keys=True)
        for log in ws.state.logs.values()
        for message in log.messages.values()
        if message.user == ws.bot.id and message.metadata
    )
    return {key: count for key, count in keys.items() if count > 1}


def incident_channels(ws: Workspace) -> list[str]:
    return [name for name in ws.channel_names() if name.startswith("inc-")]


@pytest.mark.parametrize("death", deaths(COMMITS, CALLS), ids=str)
async def test_a_declare_survives_being_killed_anywhere(database_url: str, policy: Path, death: Death) -> None:
    async with workspace() as ws:
        bot = await processes.start(settings(ws, database_url, policy), death)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        reply = await ws.person("maya").command("#general", "/incident declare sev2 Checkout is down")
        await wait_until_dead_or_quiet(bot, ws, database_url)
        bot = await run_again(ws, bot, database_url, policy)
        try:
            await wait_until_quiet(ws, database_url)
            assert_one_of_each(ws, acknowledged=reply.ok)
        finally:
            await bot.kill()


def assert_one_of_each(ws: Workspace, *, acknowledged: bool) -> None:
    channels = incident_channels(ws)
    if not acknowledged and not channels:
        return  # it died before the commit, and the person was told that the declaration failed
    assert channels == ["inc-1-checkout-is-down"]
    assert len(ws.pinned(channels[0])) == 1
    cards = [message for message in ws.bot_messages(channels[0]) if "Acknowledge" in str(message.blocks)]
    assert len(cards) == 1
    assert len(ws.bot_messages("incidents")) == 1
    assert len(ws.channel(channels[0]).bookmarks) == 1
    assert doubled_counts(ws) == {}


async def declare_and_kill(ws: Workspace, url: str, policy: Path, text: str) -> str:
    """An incident that stands complete, and no bot running any more. Returns its channel."""
    bot = await processes.start(settings(ws, url, policy))
    ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
    try:
        await ws.person("maya").command("#general", f"/incident declare {text}")
        await ws.until(lambda: incident_channels(ws) and ws.pinned(incident_channels(ws)[0]))
        await wait_until_quiet(ws, url)
        if text.startswith("sev1"):
            await ws.person("maya").command(incident_channels(ws)[0], "/incident next 1s")
    finally:
        await bot.kill()
    return incident_channels(ws)[0]


@pytest.mark.parametrize("death", deaths(8, 4, max(1, STEP // 2)), ids=str)
async def test_a_reminder_survives_being_killed_anywhere(database_url: str, policy: Path, death: Death) -> None:
    async with workspace() as ws:
        channel = await declare_and_kill(ws, database_url, policy, "sev1 Payments are down")
        await overdue(database_url)  # while nobody runs: there is no clock to move in another process
        bot = await processes.start(settings(ws, database_url, policy), death)
        await wait_until_dead_or_quiet(bot, ws, database_url)
        bot = await run_again(ws, bot, database_url, policy)
        try:
            await ws.until(lambda: reminders(ws, channel))
            await wait_until_quiet(ws, database_url)
            assert len(reminders(ws, channel)) == 1
            assert len(pages(ws)) == 1
            assert doubled_counts(ws) == {}
        finally:
            await bot.kill()


def reminders(ws: Workspace, channel: str) -> list[sandbox.Message]:
    return [message for message in ws.bot_messages(channel) if "Post update" in str(message.blocks)]


def pages(ws: Workspace) -> list[sandbox.Message]:
    return [m for c in ws.state.channels.values() if c.is_im for m in ws.bot_messages(c.id) if "paged" in m.text]


@pytest.mark.parametrize("death", deaths(3, 1, 1), ids=str)
async def test_no_message_is_lost_however_the_bot_dies(database_url: str, policy: Path, death: Death) -> None:
    said = [f"message {number}" for number in range(8)]
    async with workspace() as ws:
        channel = await declare_and_kill(ws, database_url, policy, "sev2 Checkout is down")
        bot = await processes.start(settings(ws, database_url, policy), death)
        ws.request_url = f"http://127.0.0.1:{bot.port}/slack/events"
        for text in said:
            await ws.person("maya").say(channel, text)
        await wait_until_dead_or_quiet(bot, ws, database_url)
        bot = await run_again(ws, bot, database_url, policy)
        try:
            await wait_until_quiet(ws, database_url)
            assert await messages(database_url) == said
        finally:
            await bot.kill()


async def messages(url: str) -> list[str]:
    """What the timeline has of them, in the order they were said."""
    database = await open_database(url, migrate=False)
    try:
        async with database.reading() as conn:
            entries = [r.entry for r in await timeline.read(conn, 1) if r.entry.kind == "message"]
            assert await chain_faults(conn, 1) == []
    finally:
        await database.close()
    return [entry.text for entry in sorted(entries, key=lambda entry: entry.source_ts or "")]
