"""Every fault that the random nights found, each with the smallest test that shows it."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

import sandbox
from bot.domain.incident import Incident
from bot.slack.senders.base import Delivery, SenderBase
from storage import incidents
from storage.database import Database
from storage.engine.errors import StorageError, explain
from storage.open import open_database
from tests.databases import PostgreSQL
from tests.scenarios import processes
from tests.scenarios.running import MANIFEST, World, running_world, start
from tests.scenarios.test_kill import doubled_counts, incident_channels, wait_until_quiet
from tests.torture.people import has_block
from tests.waiting import WITHIN_S

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

CARD = 1  # the card also shows the latest update


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yml"
    path.write_text(POLICY)
    return path


def keys(world: World, channel: str) -> list[str]:
    return [str(message.metadata) for message in world.ws.bot_messages(channel)]


async def test_a_page_that_arrived_without_confirmation_is_withdrawn_from_a_person_who_was_removed(
    sqlite_url: str, policy: Path
) -> None:
    """It counted as dropped, and kept the incident's title and its buttons before the person's eyes."""
    async with running_world(sqlite_url, policy=policy) as world:
        direct = world.ws.membership.open_im(world.ws.bot.id, world.tom.id)
        unconfirmed = world.ws.faults.add("chat.postMessage", channel=direct.id, status=500, after=True, count=None)
        search = world.ws.faults.add("conversations.history", channel=direct.id, status=500, count=None)
        await world.maya.command("#general", "/incident declare --private sev1 Payroll leaked")
        channel = await world.incident_channel()
        await world.ws.until(lambda: world.ws.bot_messages(direct.id))
        await world.maya.invite(channel.id, "tom")
        await world.maya.kick(channel.id, "tom")
        async with asyncio.timeout(WITHIN_S):
            while world.tom.id not in (await _incident(world)).removed:
                await asyncio.sleep(0.02)
        world.ws.faults.rules.remove(unconfirmed)
        world.ws.faults.rules.remove(search)
        await world.delivered()
        (page,) = world.ws.bot_messages(direct.id)
        assert "Payroll" not in f"{page.text} {page.blocks}"
        assert not has_block(page, "page")


async def _incident(world: World) -> Incident:
    async with world.tocsin.database.reading() as conn:
        incident = await incidents.get(conn, 1)
    assert incident is not None
    return incident


async def test_a_page_that_arrived_without_confirmation_is_settled(sqlite_url: str, policy: Path) -> None:
    """It counted as dropped when the incident was over, and kept its buttons forever."""
    async with running_world(sqlite_url, policy=policy) as world:
        direct = world.ws.membership.open_im(world.ws.bot.id, world.tom.id)
        world.ws.faults.add("chat.postMessage", channel=direct.id, status=500, after=True)
        await world.declare("sev1 Payments are down")
        await world.ws.until(lambda: world.ws.bot_messages(direct.id))
        await world.maya.command("#general", "/incident resolve rolled back --in INC-1")
        await world.delivered()
        (page,) = world.ws.bot_messages(direct.id)
        assert not has_block(page, "page")
        assert all(row["state"] != "due" for row in (await world.show())["reminders"])


async def test_a_reminder_that_arrived_without_confirmation_is_settled(sqlite_url: str, policy: Path) -> None:
    async with running_world(sqlite_url, policy=policy) as world:
        channel = await world.declare("sev1 Payments are down")
        await world.delivered()
        before = len(world.ws.bot_messages(channel.id))
        await world.maya.command(channel.id, "/incident next 1s")
        await world.ws.until(lambda: len(world.ws.bot_messages(channel.id)) > before)  # the promise is posted first
        world.ws.faults.add("chat.postMessage", channel=channel.id, status=500, after=True)
        await world.ws.until(lambda: [m for m in world.ws.bot_messages(channel.id) if has_block(m, "nudge")])
        await world.maya.command(channel.id, "/incident update rolling back")
        await world.delivered()
        assert not [m for m in world.ws.bot_messages(channel.id) if has_block(m, "nudge")]


async def test_a_page_to_a_channel_is_looked_up_there_before_it_is_repeated(sqlite_url: str, policy: Path) -> None:
    """The bot may post in a public channel that it is not in, but could not read whether it had."""
    async with running_world(sqlite_url, policy=policy) as world:
        payments = world.ws.channel("payments")
        world.ws.faults.add("chat.postMessage", channel=payments.id, status=500, after=True)
        await world.declare("sev1 Payments are down")
        await world.delivered()
        assert len(keys(world, "payments")) == 1


async def test_a_process_stopped_past_its_lease_posts_nothing(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stopped process, once awake, posted a notice that had been claimed again and posted meanwhile."""
    monkeypatch.setattr("bot.workers.outbox.LEASE", timedelta(seconds=0.6))
    monkeypatch.setattr("bot.slack.client.api.TIMEOUT_S", 0.2)
    destination = SenderBase.destination
    delayed: list[str] = []

    async def delayed_destination(sender: SenderBase, delivery: Delivery) -> str | None:
        if delivery.notice.kind == "update" and not delayed:
            delayed.append(delivery.notice.dedup_key)
            time.sleep(0.7)  # blocks this whole process, as a stop does
            await asyncio.sleep(1.0)  # gives the next claim time to post first
        return await destination(sender, delivery)

    monkeypatch.setattr(SenderBase, "destination", delayed_destination)
    async with running_world(sqlite_url) as world:
        channel = await world.declare()
        await world.maya.command(channel.id, "/incident update rolling back")
        await world.delivered()
        await asyncio.sleep(1.2)  # past both delays: a late post would be there
        assert delayed
        assert len([m for m in world.ws.bot_messages(channel.id) if "rolling back" in str(m.blocks)]) == 1 + CARD


async def test_a_socket_that_failed_to_open_is_opened_soon(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK fails on a 500 that is not JSON, and the connection then stayed closed for half a minute."""
    monkeypatch.setattr("bot.slack.inbound.socket_mode.FIRST_WAIT_S", 0.05)
    async with running_world(sqlite_url, socket_mode=True) as world:
        await world.ws.until(lambda: len(world.ws.sockets.connections) == 2)
        world.ws.faults.add("apps.connections.open", status=500, count=3)
        await world.ws.sockets.disconnect("refresh_requested")
        await world.ws.until(lambda: len([c for c in world.ws.sockets.connections if not c.draining]) == 2, WITHIN_S)


async def test_a_press_that_is_neither_recorded_nor_reported_is_not_acknowledged(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_world(sqlite_url) as world:
        channel = await world.declare()
        await world.tom.join(channel.id)
        await world.delivered()

        def gone() -> None:
            raise StorageError("The disk is full.")

        with monkeypatch.context() as broken:
            broken.setattr(world.tocsin.database, "transaction", gone)
            assert not (await world.tom.press(world.card(channel), "Acknowledge")).ok
        assert (await world.show())["status"] == "detected"


async def test_events_given_up_during_a_database_outage_are_read_afterwards(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only a restart read the histories, and the process kept running."""
    monkeypatch.setattr("bot.workers.outage_monitor.LOOK_S", 0.1)
    monkeypatch.setattr("bot.workers.outage_monitor.NOT_OFTENER_S", 0.1)
    monkeypatch.setattr("bot.workers.outbox.LEASE", timedelta(seconds=1))
    monkeypatch.setattr("bot.slack.client.api.TIMEOUT_S", 0.3)
    async with running_world(sqlite_url) as world:
        channel = await world.declare()
        await world.delivered()

        async def gone(*_: object) -> int:
            raise StorageError("The disk is full.")

        with monkeypatch.context() as broken:
            broken.setattr(world.tocsin.database.appender, "append", gone)
            await world.maya.say(channel.id, "the disk is full, I am cleaning up")
            await world.ws.until(lambda: world.ws.journal.deliveries[-1].state == "failed")
        await wait_until_recorded(world, "the disk is full, I am cleaning up")


async def test_messages_after_the_end_of_an_incident_are_read_after_an_absence(sqlite_url: str) -> None:
    """Only the channels of open incidents were read at startup."""
    async with running_world(sqlite_url) as world:
        channel = await world.declare()
        await world.maya.command(channel.id, "/incident resolve rolled back")
        await world.delivered()
        await world.tocsin.stop()
        await world.maya.say(channel.id, "it was the cache, I am sure")
        await world.ws.until(lambda: world.ws.journal.deliveries[-1].state == "failed")
        world.tocsin = await start(world.ws, world.settings)
        await wait_until_recorded(world, "it was the cache, I am sure")


async def wait_until_recorded(world: World, text: str) -> None:
    async with asyncio.timeout(WITHIN_S):
        while text not in [entry["text"] for entry in (await world.show())["timeline"]]:
            await asyncio.sleep(0.05)


@pytest.mark.skipif(not os.environ.get("TOCSIN_TORTURE"), reason="waits for real leases; `make torture` runs it")
@pytest.mark.parametrize("before", [True, False], ids=["before its post", "after its post"])
async def test_a_process_stopped_in_the_window_doubles_one_message_and_no_other(
    postgresql: PostgreSQL, policy: Path, before: bool
) -> None:
    """The known limit: a process stopped after its last check of the clock posts when it continues."""
    url = postgresql.create()
    async with sandbox.running(manifest=MANIFEST, retry_delays_s=(0.05, 0.3, 1.0)) as ws:
        base = {"slack_bot_token": ws.settings.bot_token, "slack_signing_secret": ws.settings.signing_secret}
        settings = {**base, "slack_api_url": ws.api_url, "database_url": url, "tocsin_policy": str(policy), "port": 0}
        stopped = processes.Death("call", 1, before, signal.SIGSTOP, "chat.postMessage")
        frozen = await processes.start(settings, stopped)
        ws.request_url = f"http://127.0.0.1:{frozen.port}/slack/events"
        other: processes.Bot | None = None
        try:
            await ws.person("maya").command("#general", "/incident declare sev2 Checkout is down")
            other = await processes.start(settings)
            await ws.until(lambda: incident_channels(ws) and ws.pinned(incident_channels(ws)[0]))
            await asyncio.sleep(2.5)  # past the lease: the other process has looked for the message and posted it
            frozen.signal(signal.SIGCONT)
            await asyncio.sleep(0.5)  # the continued process posts, or does not
            await wait_until_quiet(ws, url)
            assert sum(count - 1 for count in doubled_counts(ws).values()) == (1 if before else 0)
            assert len(ws.pinned(incident_channels(ws)[0])) == 1
        finally:
            frozen.signal(signal.SIGCONT)
            await frozen.kill()
            if other is not None:
                await other.kill()
            postgresql.give_back(url)


async def test_a_process_stopped_in_a_transaction_loses_its_locks(
    postgresql: PostgreSQL, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stopped replica kept its incidents locked, and the others waited until it continued."""
    monkeypatch.setattr("storage.database.IDLE_IN_TRANSACTION_S", 0.3)
    url = postgresql.create()
    stopped, other = await open_database(url), await open_database(url)
    try:
        with pytest.raises(StorageError):
            await _number_in_both(stopped, other)
    finally:
        await stopped.close()
        await other.close()
        postgresql.give_back(url)


async def _number_in_both(stopped: Database, other: Database) -> None:
    async with stopped.transaction() as conn:
        assert await incidents.next_number(conn) == 1
        async with asyncio.timeout(WITHIN_S), other.transaction() as meanwhile:
            assert await incidents.next_number(meanwhile) == 1


async def test_a_card_shows_no_failure_for_a_page_that_was_no_longer_needed(sqlite_url: str, policy: Path) -> None:
    """The edit that would have settled the page failed with it, and the card offered a retry."""
    async with running_world(sqlite_url, policy=policy) as world:
        direct = world.ws.membership.open_im(world.ws.bot.id, world.tom.id)
        world.ws.faults.add("chat.postMessage", channel=direct.id, status=500)
        await world.declare("sev1 Payments are down")
        await world.maya.command("#general", "/incident resolve rolled back --in INC-1")
        await world.delivered()
        assert not world.ws.bot_messages(direct.id)
        await world.maya.command("#general", "/incident reopen it is back --in INC-1")
        await world.delivered()
        assert "Retry" not in str(world.card(world.ws.channel("inc-1-payments-are-down")).blocks)


def test_a_connection_that_ends_under_a_statement_is_a_connection_lost() -> None:
    """asyncpg reports it with an internal message, which passed for a programming error."""
    message = "cannot switch to state 12; another operation (2) is in progress"
    assert explain(sa.exc.InternalError("SELECT 1", {}, Exception(message))) == explain(ConnectionResetError())
