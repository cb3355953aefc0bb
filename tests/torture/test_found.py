"""What the laboratory found, each as small as it can be told."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest

from bot.slack.sender import Case, Sender
from storage.errors import StorageError
from tests.scenarios.running import World, start, world
from tests.torture.people import has_block

POLICY = """
preset: sev1-5
announce: "#incidents"
severities:
  sev1:
    update_every: 15m
    roles: []
    respond_within: null
    escalate_after: null
    ladder: [{after: 0s, notify: ["user:U0TOM00000", "channel:#payments"], by: [slack]}]
"""

CARD = 1  # it shows the latest update, too


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yml"
    path.write_text(POLICY)
    return path


def keys(here: World, channel: str) -> list[str]:
    return [str(message.metadata) for message in here.ws.bot_messages(channel)]


async def test_a_page_that_arrived_unheard_is_settled_all_the_same(sqlite_url: str, policy: Path) -> None:
    """It counted as dropped once the incident was over, and went on asking for ever."""
    async with world(sqlite_url, policy=policy) as here:
        direct = here.ws.membership.open_im(here.ws.bot.id, here.tom.id)
        here.ws.faults.add("chat.postMessage", channel=direct.id, status=500, after=True)
        await here.declared("sev1 Payments are down")
        await here.ws.until(lambda: here.ws.bot_messages(direct.id))
        await here.maya.command("#general", "/incident resolve rolled back --in INC-1")
        await here.delivered()
        (page,) = here.ws.bot_messages(direct.id)
        assert not has_block(page, "page")
        assert all(row["state"] != "due" for row in (await here.show())["reminders"])


async def test_a_reminder_that_arrived_unheard_is_settled_all_the_same(sqlite_url: str, policy: Path) -> None:
    async with world(sqlite_url, policy=policy) as here:
        channel = await here.declared("sev1 Payments are down")
        await here.delivered()
        before = len(here.ws.bot_messages(channel.id))
        await here.maya.command(channel.id, "/incident next 1s")
        await here.ws.until(lambda: len(here.ws.bot_messages(channel.id)) > before)  # it is told first
        here.ws.faults.add("chat.postMessage", channel=channel.id, status=500, after=True)
        await here.ws.until(lambda: [m for m in here.ws.bot_messages(channel.id) if has_block(m, "nudge")])
        await here.maya.command(channel.id, "/incident update rolling back")
        await here.delivered()
        assert not [m for m in here.ws.bot_messages(channel.id) if has_block(m, "nudge")]


async def test_a_page_to_a_channel_is_looked_for_there_before_it_is_repeated(sqlite_url: str, policy: Path) -> None:
    """The bot may post in a public channel without being in it, and could not read whether it had."""
    async with world(sqlite_url, policy=policy) as here:
        payments = here.ws.channel("payments")
        here.ws.faults.add("chat.postMessage", channel=payments.id, status=500, after=True)
        await here.declared("sev1 Payments are down")
        await here.delivered()
        assert len(keys(here, "payments")) == 1


async def test_whoever_stood_still_past_its_lease_posts_nothing(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was stopped went on to post what it had claimed anew, and posted, when it was awake."""
    monkeypatch.setattr("bot.outbox.LEASE", timedelta(seconds=0.6))
    monkeypatch.setattr("bot.slack.api.TIMEOUT_S", 0.2)
    where, stood = Sender._where, []

    async def slowly(sender: Sender, case: Case) -> str:
        if case.row.kind == "update" and not stood:
            stood.append(case.row.once)
            time.sleep(0.7)  # nobody in this process runs
            await asyncio.sleep(1.0)  # and whoever claims it next is faster
        return await where(sender, case)

    monkeypatch.setattr(Sender, "_where", slowly)
    async with world(sqlite_url) as here:
        channel = await here.declared()
        await here.maya.command(channel.id, "/incident update rolling back")
        await here.delivered()
        await asyncio.sleep(1.2)
        assert stood
        assert len([m for m in here.ws.bot_messages(channel.id) if "rolling back" in str(m.blocks)]) == 1 + CARD


async def test_a_socket_that_could_not_be_opened_is_opened_soon(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The SDK stumbles over a 500 that is no JSON, and the connection was left alone for half a minute."""
    monkeypatch.setattr("bot.slack.socket.FIRST_WAIT_S", 0.05)
    async with world(sqlite_url, socket_mode=True) as here:
        await here.ws.until(lambda: len(here.ws.sockets.connections) == 2)
        here.ws.faults.add("apps.connections.open", status=500, count=3)
        await here.ws.sockets.disconnect("refresh_requested")
        await here.ws.until(lambda: len([c for c in here.ws.sockets.connections if not c.draining]) == 2, 5)


async def test_a_press_that_is_neither_recorded_nor_told_is_not_acknowledged(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with world(sqlite_url) as here:
        channel = await here.declared()
        await here.tom.join(channel.id)
        await here.delivered()

        def gone() -> None:
            raise StorageError("The disk is full.")

        with monkeypatch.context() as broken:
            broken.setattr(here.tocsin.database, "transaction", gone)
            assert not (await here.tom.press(here.card(channel), "Acknowledge")).ok
        assert (await here.show())["status"] == "detected"


async def test_what_slack_gave_up_while_the_database_was_away_is_fetched_once_it_is_back(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a start read the histories, and there was none: the process lived on."""
    monkeypatch.setattr("bot.gaps.LOOK_S", 0.1)
    monkeypatch.setattr("bot.gaps.NOT_OFTENER_S", 0.1)
    monkeypatch.setattr("bot.outbox.LEASE", timedelta(seconds=1))
    monkeypatch.setattr("bot.slack.api.TIMEOUT_S", 0.3)
    async with world(sqlite_url) as here:
        channel = await here.declared()
        await here.delivered()

        async def gone(*_: object) -> int:
            raise StorageError("The disk is full.")

        with monkeypatch.context() as broken:
            broken.setattr(here.tocsin.database.appender, "append", gone)
            await here.maya.say(channel.id, "the disk is full, I am cleaning up")
            await here.ws.until(lambda: here.ws.journal.deliveries[-1].state == "failed")
        await recorded(here, "the disk is full, I am cleaning up")


async def test_what_was_said_after_the_end_while_the_bot_was_away_is_fetched(sqlite_url: str) -> None:
    """Only the channels of open incidents were read at a start."""
    async with world(sqlite_url) as here:
        channel = await here.declared()
        await here.maya.command(channel.id, "/incident resolve rolled back")
        await here.delivered()
        await here.tocsin.stop()
        await here.maya.say(channel.id, "it was the cache, I am sure")
        await here.ws.until(lambda: here.ws.journal.deliveries[-1].state == "failed")
        here.tocsin = await start(here.ws, here.settings)
        await recorded(here, "it was the cache, I am sure")


async def recorded(here: World, text: str) -> None:
    async with asyncio.timeout(10):
        while text not in [entry["text"] for entry in (await here.show())["timeline"]]:
            await asyncio.sleep(0.05)
