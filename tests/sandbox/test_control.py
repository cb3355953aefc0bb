"""The control API and its stream, and a workspace process whose file survives kill -9."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import Workspace
from tests.sandbox.block_kit import button, modal
from tests.sandbox.conftest import Bot
from tests.waiting import WITHIN_S


class Remote:
    """A client of the control API."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.session = session

    async def get(self, path: str) -> Any:
        """Send a GET request."""
        async with self.session.get(f"{self.url}/sandbox{path}") as response:
            return await response.json()

    async def post(self, path: str, **body: Any) -> Any:
        """Send a POST request."""
        async with self.session.post(f"{self.url}/sandbox{path}", json=body) as response:
            return await response.json()


@pytest.fixture
async def remote(ws: Workspace, session: aiohttp.ClientSession) -> Remote:
    """The control API of this test's workspace."""
    return Remote(ws.url, session)


async def test_a_person_can_act_over_http(bot: Bot, remote: Remote) -> None:
    client = bot.client

    @bot.app.command("/incident")
    async def declare(ack: Any, body: dict[str, Any]) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=modal())
        await ack()

    @bot.app.view("declare")
    async def declared(ack: Any, view: dict[str, Any]) -> None:
        made = (await client.conversations_create(name="inc-1"))["channel"]["id"]
        card = [{"type": "actions", "elements": [button("Acknowledge", action_id="ack")]}]
        await client.chat_postMessage(
            channel=made, text=view["state"]["values"]["title"]["title"]["value"], blocks=card
        )
        await ack()

    @bot.app.action("ack")
    async def acknowledged(ack: Any, say: Any) -> None:
        await say("acknowledged")
        await ack()

    assert (await remote.post("/people/maya/command", channel="general", line="/incident"))["ok"]
    (view,) = (await remote.get("/people/maya/views"))["views"]
    assert "Severity" in view["as_text"]
    refused = await remote.post("/people/maya/submit", view=view["id"])
    assert refused["error"] == "client_validation"
    await remote.post("/people/maya/fill", view=view["id"], values={"Title": "Search", "Severity": "One"})
    assert (await remote.post("/people/maya/submit"))["ok"]
    (card,) = [m for m in (await remote.get("/channels/inc-1/messages"))["messages"] if m.get("bot_id")][-1:]
    assert card["text"] == "Search"
    pressed = await remote.post("/people/maya/press", channel="inc-1", ts=card["ts"], name="Acknowledge")
    assert pressed["ok"]
    async with remote.session.get(f"{remote.url}/sandbox/channels/inc-1/text?viewer=maya") as response:
        assert "acknowledged" in await response.text()
    assert (await remote.post("/people/maya/say", channel="inc-1", text="hi"))["error"] == "not_in_channel"
    assert (await remote.post("/people/maya/dance"))["error"] == "no_such_thing"
    methods = {call["method"] for call in (await remote.get("/calls"))["records"]}
    assert {"views.open", "conversations.create"} <= methods
    kinds = {delivery["kind"] for delivery in (await remote.get("/deliveries"))["records"]}
    assert {"slash_commands", "interactive", "events_api"} == kinds


async def test_faults_and_time_are_set_over_http(ws: Workspace, client: AsyncWebClient, remote: Remote) -> None:
    await remote.post("/faults", method="auth.test", error="fatal_error")
    assert (await remote.get("/faults"))["rules"][0]["error"] == "fatal_error"
    with pytest.raises(Exception, match="fatal_error"):
        await client.auth_test()
    await remote.post("/faults/delivery", copies=2)
    assert ws.delivery.faults.copies == 2
    await remote.post("/slack", down=True)
    with pytest.raises(Exception, match="503"):
        await client.auth_test()
    await remote.post("/slack", down=False)
    before = ws.clock.now()
    await remote.post("/clock", advance=60)
    assert ws.clock.now() >= before + 60


async def test_the_stream_reports_changes(ws: Workspace, session: aiohttp.ClientSession) -> None:
    async with session.ws_connect(f"{ws.url}/sandbox/stream") as stream:
        await ws.person("maya").say("general", "hello")
        change = json.loads((await stream.receive(timeout=WITHIN_S)).data)
    assert (change["kind"], change["channel"]) == ("message", "C0GENERAL0")


async def test_other_web_sites_cannot_reach_the_workspace(ws: Workspace, session: aiohttp.ClientSession) -> None:
    async with session.get(f"{ws.url}/sandbox/state", headers={"Origin": "https://evil.example"}) as response:
        assert response.status == 403
    async with session.get(f"{ws.url}/sandbox/state", headers={"Host": "evil.example"}) as response:
        assert response.status == 403


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Any]:
    """A function that starts `python -m sandbox` on the same file, repeatedly if needed."""
    processes: list[asyncio.subprocess.Process] = []

    async def run() -> tuple[asyncio.subprocess.Process, str]:
        command = [sys.executable, "-m", "sandbox", "--port", "0", "--db", str(tmp_path / "workspace.db")]
        process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
        processes.append(process)
        assert process.stdout
        ready = json.loads(await asyncio.wait_for(process.stdout.readline(), WITHIN_S))
        return process, ready["url"]

    yield run
    for process in processes:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_answered_calls_survive_kill_9(start: Any, session: aiohttp.ClientSession) -> None:
    process, url = await start()
    client = AsyncWebClient("xoxb-sandbox", base_url=f"{url}/api/", session=session)
    made = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    ts = (await client.chat_postMessage(channel=made, text="card"))["ts"]
    await client.pins_add(channel=made, timestamp=ts)
    await Remote(url, session).post("/people/maya/say", channel="general", text="before the crash")
    process.kill()
    await process.wait()

    _, url = await start()
    remote = Remote(url, session)
    channel = await remote.get("/channels/inc-1/messages")
    assert [m["text"] for m in channel["messages"]][-1] == "card"
    assert channel["channel"]["pins"][0]["ts"] == ts
    general = await remote.get("/channels/general/messages")
    assert general["messages"][-1]["text"] == "before the crash"
    client = AsyncWebClient("xoxb-sandbox", base_url=f"{url}/api/", session=session)
    assert (await client.chat_postMessage(channel=made, text="after"))["ts"] > ts
