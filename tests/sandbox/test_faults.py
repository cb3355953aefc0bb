"""Injected faults: for which calls, how often, before or after the effect."""

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from sandbox import Workspace, running
from tests.sandbox.conftest import Bot, error_of


@pytest.fixture
async def room(client: AsyncWebClient) -> str:
    """A channel that the bot created."""
    channel: str = (await client.conversations_create(name="inc-1"))["channel"]["id"]
    return channel


async def test_a_rate_limited_call_says_when_to_retry(client: AsyncWebClient, ws: Workspace, room: str) -> None:
    ws.faults.add("chat.postMessage", status=429, retry_after=2, count=1)
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel=room, text="x")
    assert (caught.value.response.status_code, caught.value.response.headers["Retry-After"]) == (429, "2")
    await client.chat_postMessage(channel=room, text="x")
    assert len(ws.bot_messages(room)) == 1


async def test_an_error_can_be_limited_to_one_channel(client: AsyncWebClient, ws: Workspace, room: str) -> None:
    ws.faults.add("chat.*", error="internal_error", channel=room, count=None)
    assert await error_of(client.chat_postMessage(channel=room, text="x")) == "internal_error"
    assert await error_of(client.chat_postMessage(channel=room, text="x")) == "internal_error"
    other = (await client.conversations_create(name="inc-2"))["channel"]["id"]
    await client.chat_postMessage(channel=other, text="x")
    ws.faults.clear()
    await client.chat_postMessage(channel=room, text="x")


async def test_a_call_can_take_effect_and_never_be_answered(ws: Workspace, room: str) -> None:
    ws.faults.add("chat.postMessage", hang=True, after=True)
    timeout = aiohttp.ClientTimeout(total=0.2)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        client = AsyncWebClient(ws.settings.bot_token, base_url=ws.api_url, session=session, retry_handlers=[])
        with pytest.raises(asyncio.TimeoutError):
            await client.chat_postMessage(channel=room, text="once")
    assert [message.text for message in ws.bot_messages(room)] == ["once"]


@pytest.mark.parametrize(("after", "posted"), [(True, 1), (False, 0)])
async def test_a_connection_can_break_before_or_after_the_effect(
    client: AsyncWebClient, ws: Workspace, room: str, after: bool, posted: int
) -> None:
    ws.faults.add("chat.postMessage", reset=True, after=after)
    with pytest.raises(aiohttp.ClientError):
        await client.chat_postMessage(channel=room, text="x")
    assert len(ws.bot_messages(room)) == posted


async def test_a_server_error_can_follow_the_effect(client: AsyncWebClient, ws: Workspace, room: str) -> None:
    ws.faults.add("chat.postMessage", status=500, after=True)
    with pytest.raises(SlackApiError):
        await client.chat_postMessage(channel=room, text="x")
    assert len(ws.bot_messages(room)) == 1
    assert ws.calls("chat.postMessage")[0].fault == "500 after"


async def test_events_held_during_an_outage_arrive_after_it(bot: Bot, room: str) -> None:
    ws = bot.ws
    await ws.person("maya").join(room)
    await ws.settled()
    bot.events.clear()
    await ws.go_down()
    with pytest.raises(SlackApiError) as caught:
        await bot.client.chat_postMessage(channel=room, text="x")
    assert caught.value.response.status_code == 503
    await ws.person("maya").say(room, "anybody?")
    await ws.settled()
    assert bot.events == []
    await ws.come_back()
    await ws.settled()
    assert [event["text"] for event in bot.events] == ["anybody?"]
    await bot.client.chat_postMessage(channel=room, text="x")


async def test_rate_limits_count_per_minute_and_a_channel_takes_one_post_a_second() -> None:
    async with running(tiers=True) as ws, aiohttp.ClientSession() as session:
        client = AsyncWebClient(ws.settings.bot_token, base_url=ws.api_url, session=session, retry_handlers=[])
        ids = [(await client.conversations_create(name=f"inc-{n}"))["channel"]["id"] for n in range(20)]
        assert await error_of(client.conversations_create(name="inc-20")) == "ratelimited"
        ws.clock.advance(61)
        await client.conversations_create(name="inc-20")

        async def burst(channel: str) -> list[Any]:
            calls = (client.chat_postMessage(channel=channel, text="x") for _ in range(8))
            return [result for result in await asyncio.gather(*calls, return_exceptions=True)]

        refused = [r for r in await burst(ids[0]) if isinstance(r, SlackApiError)]
        assert refused
        assert int(refused[0].response.headers["Retry-After"]) >= 1
        assert not isinstance((await burst(ids[1]))[0], SlackApiError)
