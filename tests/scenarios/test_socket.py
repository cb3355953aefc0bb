"""The main path over Socket Mode, with sockets dropped in the middle."""

from __future__ import annotations

import asyncio

import pytest

from bot.usecases.incidents.post_update import post_update
from tests.scenarios.assertions import until
from tests.scenarios.running import World, running_world
from tests.waiting import WITHIN_S


@pytest.fixture
def short_pings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.slack.inbound.socket_mode.PING_S", 0.3)
    monkeypatch.setattr("bot.slack.inbound.socket_mode.WATCH_S", 0.1)


@pytest.mark.usefixtures("short_pings")
async def test_an_incident_runs_over_socket_mode(database_url: str) -> None:
    async with running_world(database_url, socket_mode=True) as world:
        channel = await world.declare("sev2 Checkout is down")
        await world.tom.join(channel.id)
        await world.tom.press(world.card(channel), "Acknowledge")
        await world.maya.command(channel.id, "/incident update")
        await world.maya.fill(world.maya.view, {"What changed?": "rolled back"})
        assert (await world.maya.submit()).ok
        await world.maya.say(channel.id, "errors are falling")
        await world.maya.command(channel.id, "/incident resolve rolled back")
        await world.ws.settled()
        await world.delivered()
        whole = await world.show()
        assert whole["status"] == "resolved"
        kinds = [entry["kind"] for entry in whole["timeline"]]
        for kind in ("declared", "acknowledged", "update", "message", "resolved"):
            assert kind in kinds


@pytest.mark.usefixtures("short_pings")
async def test_dropped_connections_come_back_and_no_message_is_lost(database_url: str) -> None:
    async with running_world(database_url, socket_mode=True) as world:
        channel = await world.declare("sev2 Checkout is down")
        texts = [f"before {number}" for number in range(3)]
        for text in texts:
            await world.maya.say(channel.id, text)
        world.ws.sockets.drop()
        for number in range(3):
            await world.maya.say(channel.id, f"during {number}")
            texts.append(f"during {number}")
        await world.ws.until(lambda: [c for c in world.ws.sockets.connections if not c.draining])
        reply = await world.maya.command(channel.id, "/incident note the sockets came back")
        assert reply.ok
        await world.ws.settled()
        await world.delivered()

        async def recorded() -> list[str]:
            return sorted(e["text"] for e in (await world.show())["timeline"] if e["kind"] == "message")

        assert await recorded() == sorted(texts)


@pytest.mark.usefixtures("short_pings")
async def test_messages_sent_while_nothing_was_connected_are_read_from_the_history(sqlite_url: str) -> None:
    async with running_world(sqlite_url, socket_mode=True) as world:
        channel = await world.declare("sev2 Checkout is down")
        world.ws.delivery.faults.drop = True
        world.ws.sockets.refusing = True
        world.ws.sockets.drop()
        await world.maya.say(channel.id, "nobody heard this")
        await world.ws.until(lambda: not world.ws.sockets.connections)
        world.ws.delivery.faults.drop = False
        sockets = world.tocsin.sockets
        assert sockets is not None
        await until(lambda: sockets.open_count == 0)  # the watchdog has noticed
        world.ws.sockets.refusing = False
        await world.ws.until(lambda: len(world.ws.sockets.connections) >= 1, timeout_s=WITHIN_S)
        await _wait_until_recorded(world, "nobody heard this")


@pytest.mark.usefixtures("short_pings")
@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_slack_may_ask_for_a_new_connection_at_any_time(sqlite_url: str, reason: str) -> None:
    async with running_world(sqlite_url, socket_mode=True) as world:
        channel = await world.declare("sev2 Checkout is down")
        await world.ws.sockets.disconnect(reason)
        await world.ws.until(lambda: len(world.ws.sockets.connections) >= 1)
        for number in range(5):
            assert (await world.maya.command(channel.id, f"/incident note {number}")).ok
        assert (await world.kinds()).count("note") == 5


async def _wait_until_recorded(world: World, text: str) -> None:
    """Wait until the text is on the timeline."""
    async with asyncio.timeout(WITHIN_S):
        while text not in [entry["text"] for entry in (await world.show())["timeline"]]:
            await asyncio.sleep(0.05)


@pytest.mark.usefixtures("short_pings")
async def test_dead_connections_that_look_open_are_replaced_and_no_message_is_lost(
    sqlite_url: str,
) -> None:
    async with running_world(sqlite_url, socket_mode=True) as world:
        channel = await world.declare("sev2 Checkout is down")
        await world.ws.until(lambda: len(world.ws.sockets.connections) == 2)
        dead = list(world.ws.sockets.connections)
        world.ws.sockets.freeze()
        assert not any(connection.socket.closed for connection in dead)
        await world.maya.say(channel.id, "into a dead socket")
        await world.ws.until(lambda: [c for c in world.ws.sockets.connections if c not in dead], timeout_s=WITHIN_S)
        await _wait_until_recorded(world, "into a dead socket")
        for connection in dead:
            world.ws.sockets._cut(connection)
        assert (await world.maya.command(channel.id, "/incident note and it goes on")).ok


@pytest.mark.usefixtures("short_pings")
async def test_connections_that_answer_pings_but_deliver_nothing_are_replaced(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.slack.inbound.socket_mode.UNHEARD_AFTER_S", 0.5)
    async with running_world(sqlite_url, socket_mode=True) as world:
        channel = await world.declare("sev2 Checkout is down")
        await world.ws.until(lambda: len(world.ws.sockets.connections) == 2)
        await world.ws.settled()
        deaf = list(world.ws.sockets.connections)
        world.ws.sockets.mute()
        await world.maya.say(channel.id, "unheard")
        for number in range(3):  # by a person who uses the command line, since Slack's commands do not arrive
            await post_update(world.tocsin.context, 1, f"still looking {number}", world.maya.id)
        await world.ws.until(lambda: [c for c in world.ws.sockets.connections if c not in deaf], timeout_s=WITHIN_S)
        await world.ws.until(lambda: not [c for c in world.ws.sockets.connections if c in deaf], timeout_s=WITHIN_S)
        await _wait_until_recorded(world, "unheard")
        assert (await world.maya.command(channel.id, "/incident note we are heard again")).ok


@pytest.mark.usefixtures("short_pings")
async def test_a_connection_whose_reader_has_ended_is_replaced(sqlite_url: str) -> None:
    async with running_world(sqlite_url, socket_mode=True) as world:
        channel = await world.declare("sev2 Checkout is down")
        sockets = world.tocsin.sockets
        assert sockets is not None
        await world.ws.until(lambda: len(world.ws.sockets.connections) == 2)
        wedged, before = list(sockets._open), list(world.ws.sockets.connections)
        for connection in wedged:
            assert connection.message_receiver is not None
            connection.message_receiver.cancel()
        await until(lambda: not set(sockets._open) & set(wedged))
        await world.ws.until(lambda: not [c for c in world.ws.sockets.connections if c in before], timeout_s=WITHIN_S)
        await world.ws.until(lambda: world.ws.sockets.connections, timeout_s=WITHIN_S)
        assert (await world.maya.command(channel.id, "/incident note it goes on")).ok
