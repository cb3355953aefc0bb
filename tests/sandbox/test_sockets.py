"""Socket Mode: tickets, several connections, disconnects and retries, also with Slack's own client."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import Workspace
from tests.sandbox.block_kit import button, fill_required, modal
from tests.sandbox.conftest import bolt
from tests.waiting import WITHIN_S


class Socketed:
    """A Bolt app over Socket Mode."""

    def __init__(self, ws: Workspace, client: AsyncWebClient) -> None:
        self.ws = ws
        self.client = client
        self.app = bolt(ws, client)
        self.events: list[dict[str, Any]] = []
        self.handler = AsyncSocketModeHandler(self.app, ws.settings.app_token, web_client=client, ping_interval=0.2)

        async def remember(event: dict[str, Any]) -> None:
            self.events.append(event)

        self.app.event("message")(remember)
        self.app.event("member_joined_channel")(remember)


@pytest.fixture
async def socketed(ws: Workspace, client: AsyncWebClient) -> AsyncIterator[Socketed]:
    """A Bolt app that is connected by Socket Mode."""
    bot = Socketed(ws, client)
    await bot.handler.connect_async()  # type: ignore[no-untyped-call]
    await ws.until(lambda: ws.sockets.connections)
    ws.membership.join(ws.channel("general"), ws.bot)
    await ws.settled()
    bot.events.clear()
    yield bot
    await bot.handler.close_async()  # type: ignore[no-untyped-call]


async def test_commands_events_and_presses_come_over_a_socket(socketed: Socketed) -> None:
    ws = socketed.ws

    @socketed.app.command("/incident")
    async def answer(ack: Any) -> None:
        await ack(text="menu", blocks=[{"type": "actions", "elements": [button("List", action_id="list")]}])

    @socketed.app.action("list")
    async def listed(ack: Any, respond: Any) -> None:
        await respond("none", replace_original=True)
        await ack()

    maya = ws.person("maya")
    reply = await maya.command("general", "/incident")
    assert (reply.ok, reply.text) == (True, "menu")
    assert (await maya.press(maya.ephemerals()[0], "List")).ok
    assert maya.ephemerals()[0].text == "none"
    await maya.say("general", "hello")
    await ws.settled()
    assert [event["text"] for event in socketed.events] == ["hello"]


async def test_a_modal_is_answered_over_a_socket(socketed: Socketed) -> None:
    @socketed.app.shortcut("declare")
    async def open_it(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=modal())
        await ack()

    @socketed.app.view("declare")
    async def refuse(ack: Any) -> None:
        await ack(response_action="errors", errors={"title": "Taken"})

    maya = socketed.ws.person("maya")
    await maya.shortcut("declare")
    await fill_required(maya)
    assert (await maya.submit()).errors == {"title": "Taken"}


class Raw:
    """A bare connection that acknowledges only on request."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def frame(self) -> dict[str, Any]:
        """Receive the next frame."""
        frame: dict[str, Any] = json.loads((await self.socket.receive(timeout=WITHIN_S)).data)
        return frame

    async def ack(self, frame: dict[str, Any]) -> None:
        """Acknowledge a frame."""
        await self.socket.send_str(json.dumps({"envelope_id": frame["envelope_id"]}))


async def connect(ws: Workspace, session: aiohttp.ClientSession) -> Raw:
    """Open a connection and receive its `hello`."""
    headers = {"Authorization": f"Bearer {ws.settings.app_token}"}
    async with session.post(f"{ws.api_url}apps.connections.open", headers=headers) as response:
        url = (await response.json())["url"]
    raw = Raw(await session.ws_connect(url))
    hello = await raw.frame()
    assert (hello["type"], hello["connection_info"]["app_id"]) == ("hello", ws.settings.app_id)
    return raw


async def test_a_ticket_opens_one_connection(ws: Workspace, session: aiohttp.ClientSession) -> None:
    url = ws.sockets.ticket()
    await session.ws_connect(url)
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(url)


async def test_an_unacknowledged_event_is_retried_on_another_connection(
    ws: Workspace, session: aiohttp.ClientSession
) -> None:
    first_connection, second_connection = await connect(ws, session), await connect(ws, session)
    ws.settings.ack_timeout_s = 0.1
    ws.membership.open_im("U0MAYA0000", ws.bot.id)
    await ws.person("maya").dm("tocsin", "hello")
    first = await first_connection.frame()
    assert (first["type"], first["retry_attempt"], first["accepts_response_payload"]) == ("events_api", 0, False)
    again = await second_connection.frame()
    assert (again["retry_attempt"], again["retry_reason"]) == (1, "timeout")
    assert again["payload"]["event_id"] == first["payload"]["event_id"]
    assert again["envelope_id"] != first["envelope_id"]
    await second_connection.ack(again)
    await ws.settled()
    assert ws.journal.deliveries[-1].ok


async def test_envelopes_of_a_broken_connection_go_to_the_next_one(
    ws: Workspace, session: aiohttp.ClientSession
) -> None:
    first_connection = await connect(ws, session)
    await ws.person("maya").dm("tocsin", "hello")
    lost = await first_connection.frame()
    assert ws.sockets.drop() == 1
    second_connection = await connect(ws, session)
    again = await second_connection.frame()
    assert again["payload"]["event_id"] == lost["payload"]["event_id"]
    await second_connection.ack(again)
    await ws.settled()


async def test_a_press_without_a_connection_fails_at_once(ws: Workspace) -> None:
    assert (await ws.person("maya").command("general", "/incident")).error == "dispatch_failed"


async def test_a_command_typed_while_the_app_starts_waits_until_it_is_connected(
    ws: Workspace, session: aiohttp.ClientSession
) -> None:
    maya = ws.person("maya")
    ws.delivery.app_starts()
    typed = asyncio.create_task(maya.command("general", "/incident list"))
    await ws.until(lambda: maya.ephemerals("general"))
    assert maya.ephemerals("general")[0].text == ("Tocsin is starting. What you typed waits until it is connected.")
    assert not typed.done()
    connection = await connect(ws, session)
    await connection.ack(await connection.frame())
    assert (await typed).ok


async def test_an_eleventh_connection_is_refused(ws: Workspace, session: aiohttp.ClientSession) -> None:
    kept = [await connect(ws, session) for _ in range(10)]
    eleventh = Raw(await session.ws_connect(ws.sockets.ticket()))
    assert (await eleventh.frame())["reason"] == "too_many_websockets"
    assert len(ws.sockets.connections) == len(kept)


async def test_a_disconnect_gives_its_reason_and_a_warning_leaves_time(
    ws: Workspace, session: aiohttp.ClientSession
) -> None:
    ws.settings.disconnect_warning_s = 0.05
    first_connection = await connect(ws, session)
    await ws.sockets.disconnect("warning")
    assert (await first_connection.frame())["reason"] == "warning"
    assert len(ws.sockets.connections) == 1
    await ws.person("maya").dm("tocsin", "still here?")
    await first_connection.ack(await first_connection.frame())
    await ws.settled()
    closed = await first_connection.socket.receive(timeout=WITHIN_S)
    assert closed.type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.ERROR)

    second_connection = await connect(ws, session)
    await ws.sockets.disconnect("refresh_requested")
    assert (await second_connection.frame())["reason"] == "refresh_requested"


async def test_slacks_client_reconnects_after_a_dropped_socket(socketed: Socketed) -> None:
    ws = socketed.ws
    gone = ws.sockets.connections[0]
    ws.sockets.drop()
    post = asyncio.create_task(ws.person("maya").say("general", "are you back?"))
    await ws.until(lambda: ws.sockets.connections and ws.sockets.connections[0] is not gone, timeout_s=20)
    await post
    await ws.settled(20)
    assert "are you back?" in [event.get("text") for event in socketed.events]
