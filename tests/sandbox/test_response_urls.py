"""Response URLs: their limits, and answers that replace, delete and post."""

from typing import Any

import aiohttp
import pytest
from slack_sdk.webhook.async_client import AsyncWebhookClient

from sandbox import Workspace
from tests.sandbox.block_kit import button, section
from tests.sandbox.conftest import Bot


@pytest.fixture
async def url(bot: Bot) -> str:
    """The response_url of a command Maya typed."""
    urls: list[str] = []

    @bot.app.command("/incident")
    async def keep(ack: Any, command: dict[str, Any]) -> None:
        urls.append(command["response_url"])
        await ack()

    await bot.ws.person("maya").command("general", "/incident list")
    return urls[0]


async def test_a_response_url_takes_five_answers(url: str, ws: Workspace) -> None:
    hook = AsyncWebhookClient(url)
    for number in range(5):
        assert (await hook.send(text=f"answer {number}")).status_code == 200
    refused = await hook.send(text="one too many")
    assert (refused.status_code, "used_url" in refused.body) == (404, True)
    assert len(ws.person("maya").ephemerals("general")) == 5
    assert ws.person("tom").ephemerals("general") == []


async def test_a_response_url_expires_after_half_an_hour(url: str, ws: Workspace) -> None:
    ws.clock.advance(30 * 60 + 1)
    assert "expired_url" in (await AsyncWebhookClient(url).send(text="late")).body


async def test_the_blocks_of_an_answer_are_validated(url: str, ws: Workspace) -> None:
    answer = await AsyncWebhookClient(url).send(text="x", blocks=[section("x" * 3001)])
    assert (answer.status_code, "invalid_blocks" in answer.body) == (400, True)


async def test_an_in_channel_answer_is_visible_to_everyone(url: str, ws: Workspace) -> None:
    await AsyncWebhookClient(url).send(text="hello all", response_type="in_channel")
    assert ws.messages("general")[-1].text == "hello all"


async def test_an_answer_can_replace_or_delete_the_pressed_message(
    bot: Bot, ws: Workspace, session: aiohttp.ClientSession
) -> None:
    urls: list[str] = []

    @bot.app.command("/incident")
    async def menu(ack: Any) -> None:
        await ack(text="menu", blocks=[{"type": "actions", "elements": [button("List", action_id="list")]}])

    @bot.app.action("list")
    async def keep(ack: Any, body: dict[str, Any]) -> None:
        urls.append(body["response_url"])
        assert body["container"]["is_ephemeral"]
        await ack()

    maya = ws.person("maya")
    await maya.command("general", "/incident")
    (shown,) = maya.ephemerals("general")
    assert (await maya.press(shown, "List")).ok
    hook = AsyncWebhookClient(urls[0])
    await hook.send(text="nothing open", replace_original=True)
    assert [e.text for e in maya.ephemerals("general")] == ["nothing open"]
    await hook.send(delete_original=True)
    assert maya.ephemerals("general") == []
