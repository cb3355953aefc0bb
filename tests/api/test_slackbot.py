"""Slackbot's MCP client: a signed request counts once, for the person it names, and for five minutes."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.api.calls import MAYA, TOM, program
from tests.scenarios.running import World, running_world


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with running_world(sqlite_url, tocsin_slackbot_mcp="write") as running:
        async with program(running, scopes="admin") as maya:
            await maya.post("/incidents", {"title": "Breach", "severity": "sev1", "private": True})
            await maya.post("/incidents", {"title": "Checkout is down", "severity": "sev2"})
        yield running


def signed_headers(world: World, body: bytes, *, ago_s: int = 0, secret: str | None = None) -> dict[str, str]:
    """The headers that Slack sends."""
    at = str(int(time.time()) - ago_s)
    key = (secret or world.ws.settings.signing_secret).encode()
    signature = hmac.new(key, f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    return {
        "Content-Type": "application/json", "Accept": "application/json, text/event-stream",
        "X-Slack-Request-Timestamp": at, "X-Slack-Signature": f"v0={signature}",
    }  # fmt: skip


def calling(world: World, tool: str, user: str | None = MAYA, team: str | None = None, **given: Any) -> bytes:
    meta = {} if user is None else {"slack": {"user_id": user, "team_id": team or world.ws.settings.team_id}}
    params = {"name": tool, "arguments": given, "_meta": meta}
    return json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params}).encode()


async def post_signed(world: World, body: bytes, headers: dict[str, str]) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as session:
        address = f"http://127.0.0.1:{world.tocsin.port}/mcp"
        async with session.post(address, data=body, headers=headers) as answer:
            return answer.status, await answer.json(content_type=None)


async def tool_answer(world: World, body: bytes) -> str:
    status, answer = await post_signed(world, body, signed_headers(world, body))
    assert status == 200, answer
    return str(answer["result"]["content"][0]["text"])


async def test_slackbot_sees_what_the_person_sees_who_asks_it(world: World) -> None:
    listing = json.dumps({"jsonrpc": "2.0", "id": 0, "method": "tools/list"}).encode()
    status, answer = await post_signed(world, listing, signed_headers(world, listing))
    assert status == 200, answer
    assert "list_incidents" in {tool["name"] for tool in answer["result"]["tools"]}
    ids = [each["id"] for each in json.loads(await tool_answer(world, calling(world, "list_incidents")))["incidents"]]
    assert ids == ["INC-2", "INC-1"]
    assert "INC-1" not in await tool_answer(world, calling(world, "list_incidents", TOM))


async def test_what_slackbot_writes_is_the_persons_and_counts_once(world: World) -> None:
    body = calling(world, "add_note", id="INC-2", text="Asked Slackbot")
    headers = signed_headers(world, body)
    assert (await post_signed(world, body, headers))[0] == 200
    assert (await post_signed(world, body, headers))[0] == 401, "a replay"
    notes = [each for each in (await world.show(2))["timeline"] if each["kind"] == "note"]
    assert [(each["actor"], each["source"]) for each in notes] == [(MAYA, "mcp")]


async def test_what_slack_did_not_sign_now_and_for_somebody_here_is_refused(world: World) -> None:
    body = calling(world, "add_note", id="INC-2", text="Forged")
    for headers in (
        signed_headers(world, body, secret="guessed"), signed_headers(world, body, ago_s=400),
        signed_headers(world, body, ago_s=-400),
        {**signed_headers(world, body), "X-Slack-Signature": ""}, signed_headers(world, body + b" "),
    ):  # fmt: skip
        assert (await post_signed(world, body, headers))[0] == 401
    for wrong, status in (
        (calling(world, "list_incidents", None), 401), (calling(world, "list_incidents", "nobody"), 401),
        (calling(world, "list_incidents", team="T0OTHER000"), 403), (b"[" + body + b"]", 400), (b"{", 400),
        (json.dumps({"jsonrpc": "2.0", "id": 1, "method": "resources/read"}).encode(), 401),
    ):  # fmt: skip
        assert (await post_signed(world, wrong, signed_headers(world, wrong)))[0] == status, wrong
    assert "note" not in await world.kinds(2)


async def test_slackbot_gets_nothing_unless_it_is_allowed_and_only_reads_where_it_is_said_so(sqlite_url: str) -> None:
    for setting, status in ((None, 401), ("read", 200)):
        async with running_world(sqlite_url, tocsin_slackbot_mcp=setting) as world:
            body = calling(world, "add_note", id="INC-2", text="x")
            answered, answer = await post_signed(world, body, signed_headers(world, body))
            assert answered == status
            if status == 200:
                assert "needs the scope write" in answer["result"]["content"][0]["text"]
