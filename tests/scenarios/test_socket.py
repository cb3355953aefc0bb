"""The main path over Socket Mode, with sockets dropped in the middle."""

from __future__ import annotations

import asyncio

import pytest

from bot.usecases.incidents.post_update import post_update
from tests.scenarios.assertions import until
from tests.scenarios.running import World, world
from tests.waiting import WITHIN_S


@pytest.fixture
def short_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.inbound.socket_mode.PING_S", 0.3)
    monkeypatch.setattr("bot.slack.inbound.socket_mode.WATCH_S", 0.1)


@pytest.mark.usefixtures("short_pings")
async def test_an_incident_runs_over_socket_mode(database_url: str) -> None:
    async with world(database_url, socket_mode=True) as here:
        channel = await here.declared("sev2 Checkout is down")
        await here.tom.join(channel.id)
        await here.tom.press(here.card(channel), "Acknowledge")
        await here.maya.command(channel.id, "/incident update")
        await here.maya.fill(here.maya.view, {"What changed?": "rolled back"})
        assert (await here.maya.submit()).ok
        await here.maya.say(channel.id, "errors are falling")
        await here.maya.command(channel.id, "/incident resolve rolled back")
        await here.ws.settled()
        await here.delivered()
        whole = await here.show()
        assert whole["status"] == "resolved"
        kinds = [entry["kind"] for entry in whole["timeline"]]
        for kind in ("declared", "acknowledged", "update", "message", "resolved"):
            assert kind in kinds


@pytest.mark.usefixtures("short_pings")
async def test_dropped_connections_come_back_and_no_message_is_lost(database_url: str) -> None:
    async with world(database_url, socket_mode=True) as here:
        channel = await here.declared("sev2 Checkout is down")
        texts = [f"before {number}" for number in range(3)]
        for text in texts:
            await here.maya.say(channel.id, text)
        here.ws.sockets.drop()
        for number in range(3):
            await here.maya.say(channel.id, f"during {number}")
            texts.append(f"during {number}")
        await here.ws.until(lambda: [c for c in here.ws.sockets.connections if not c.draining])
        reply = await here.maya.command(channel.id, "/incident note the sockets came back")
        assert reply.ok
        await here.ws.settled()
        await here.delivered()

        async def recorded() -> list[str]:
            return sorted(e["text"] for e in (await here.show())["timeline"] if e["kind"] == "message")

        assert await recorded() == sorted(texts)


@pytest.mark.usefixtures("short_pings")
async def test_messages_sent_while_nothing_was_connected_are_read_from_the_history(sqlite_url: str) -> None:
    async with world(sqlite_url, socket_mode=True) as here:
        channel = await here.declared("sev2 Checkout is down")
        here.ws.delivery.faults.drop = True
        here.ws.sockets.refusing = True
        here.ws.sockets.drop()
        await here.maya.say(channel.id, "nobody heard this")
        await here.ws.until(lambda: not here.ws.sockets.connections)
        here.ws.delivery.faults.drop = False
        sockets = here.tocsin.sockets
        assert sockets is not None
        await until(lambda: sockets.open_count == 0)  # the watchdog has noticed
        here.ws.sockets.refusing = False
        await here.ws.until(lambda: len(here.ws.sockets.connections) >= 1, timeout_s=20)
        await _recorded(here, "nobody heard this")


@pytest.mark.usefixtures("short_pings")
@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_slack_may_ask_for_a_new_connection_at_any_time(sqlite_url: str, reason: str) -> None:
    async with world(sqlite_url, socket_mode=True) as here:
        channel = await here.declared("sev2 Checkout is down")
        await here.ws.sockets.disconnect(reason)
        await here.ws.until(lambda: len(here.ws.sockets.connections) >= 1)
        for number in range(5):
            assert (await here.maya.command(channel.id, f"/incident note {number}")).ok
        assert (await here.kinds()).count("note") == 5


async def _recorded(here: World, text: str) -> None:
    """Wait until the text is on the timeline."""
    async with asyncio.timeout(WITHIN_S):
        while text not in [entry["text"] for entry in (await here.show())["timeline"]]:
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("short_pings")
async def test_dead_connections_that_look_open_are_replaced_and_no_message_is_lost(
    sqlite_url: str,
) -> None:
    async with world(sqlite_url, socket_mode=True) as here:
        channel = await here.declared("sev2 Checkout is down")
        await here.ws.until(lambda: len(here.ws.sockets.connections) == 2)
        dead = list(here.ws.sockets.connections)
        here.ws.sockets.freeze()
        assert not any(connection.socket.closed for connection in dead)
        await here.maya.say(channel.id, "into a dead socket")
        await here.ws.until(lambda: [c for c in here.ws.sockets.connections if c not in dead], timeout_s=10)
        await _recorded(here, "into a dead socket")
        for connection in dead:
            here.ws.sockets._cut(connection)
        assert (await here.maya.command(channel.id, "/incident note and it goes on")).ok


@pytest.mark.usefixtures("short_pings")
async def test_connections_that_answer_pings_but_deliver_nothing_are_replaced(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.inbound.socket_mode.UNHEARD_AFTER_S", 0.5)
    async with world(sqlite_url, socket_mode=True) as here:
        channel = await here.declared("sev2 Checkout is down")
        await here.ws.until(lambda: len(here.ws.sockets.connections) == 2)
        await here.ws.settled()
        deaf = list(here.ws.sockets.connections)
        here.ws.sockets.mute()
        await here.maya.say(channel.id, "unheard")
        for number in range(3):  # by a person who uses the command line, since Slack's commands do not arrive
            await post_update(here.tocsin.context, 1, f"still looking {number}", here.maya.id)
        await here.ws.until(lambda: [c for c in here.ws.sockets.connections if c not in deaf], timeout_s=10)
        await here.ws.until(lambda: not [c for c in here.ws.sockets.connections if c in deaf], timeout_s=10)
        await _recorded(here, "unheard")
        assert (await here.maya.command(channel.id, "/incident note we are heard again")).ok


@pytest.mark.usefixtures("short_pings")
async def test_a_connection_whose_reader_has_ended_is_replaced(sqlite_url: str) -> None:
    async with world(sqlite_url, socket_mode=True) as here:
        channel = await here.declared("sev2 Checkout is down")
        sockets = here.tocsin.sockets
        assert sockets is not None
        await here.ws.until(lambda: len(here.ws.sockets.connections) == 2)
        wedged, before = list(sockets._open), list(here.ws.sockets.connections)
        for connection in wedged:
            assert connection.message_receiver is not None
            connection.message_receiver.cancel()
        await here.ws.until(lambda: not set(sockets._open) & set(wedged), timeout_s=10)
        await here.ws.until(lambda: not [c for c in here.ws.sockets.connections if c in before], timeout_s=10)
        await here.ws.until(lambda: here.ws.sockets.connections, timeout_s=10)
        assert (await here.maya.command(channel.id, "/incident note it goes on")).ok
