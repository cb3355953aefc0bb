"""The terminal: lines are executed, and one that fails is explained."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from sandbox.terminal import Terminal
from tests.sandbox.block_kit import input_block, modal
from tests.sandbox.conftest import Bot


async def test_a_refused_line_is_explained_and_the_next_one_executed(bot: Bot) -> None:
    output: list[str] = []
    await bot.ws.person("maya").create("quiet")
    terminal = Terminal(bot.ws, output.append)

    async def lines() -> AsyncIterator[str]:
        for line in ("in quiet", "as tom", "/plain help", "in general", "hello everybody", "show"):
            yield line

    await terminal.run(lines(), echo=False)
    assert output[0].startswith("  ! You are not in this channel yet.")
    assert "hello everybody" in output[-1]


async def test_an_open_form_is_printed_once_with_readable_times(bot: Bot) -> None:
    output: list[str] = []
    when = {"type": "datetimepicker", "action_id": "from", "initial_date_time": 1_795_264_140}

    @bot.app.command("/incident")
    async def open_it(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        if body["text"] == "cover":
            blocks = [input_block(when, block_id="from")]
            await client.views_open(trigger_id=body["trigger_id"], view=modal(blocks=blocks))
        await ack()

    terminal = Terminal(bot.ws, output.append)

    async def lines() -> AsyncIterator[str]:
        for line in ("/incident cover", "/incident other", "close", "/incident cover"):
            yield line

    await terminal.run(lines(), echo=False)
    assert len(output) == 2
    assert all("21 Nov 13:29" in form for form in output)


async def test_a_script_waits_until_the_channel_of_its_incident_is_set_up(bot: Bot) -> None:
    output: list[str] = []
    tasks: list[asyncio.Task[None]] = []

    async def set_up(client: AsyncWebClient, user: str) -> None:
        await asyncio.sleep(0.5)
        channel = (await client.conversations_create(name="inc-1-checkout"))["channel"]["id"]
        await asyncio.sleep(1)
        card = await client.chat_postMessage(channel=channel, text="card")
        await client.pins_add(channel=channel, timestamp=card["ts"])
        await asyncio.sleep(1)
        await client.conversations_invite(channel=channel, users=user)

    @bot.app.command("/incident")
    async def open_it(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        tasks.append(asyncio.create_task(set_up(client, body["user_id"])))
        await ack()

    terminal = Terminal(bot.ws, output.append)

    async def lines() -> AsyncIterator[str]:
        for line in ("/incident declare", "in INC-1", "the deployment is to blame", "show"):
            yield line

    await terminal.run(lines(), echo=True)
    assert terminal.problems == []
    assert "the deployment is to blame" in output[-1]


async def test_an_answer_that_was_printed_can_be_pressed_wherever_it_was_shown(bot: Bot) -> None:
    output: list[str] = []
    lead = {"type": "button", "action_id": "lead", "text": {"type": "plain_text", "text": "Lead"}}

    @bot.app.command("/incident")
    async def answer(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        await ack()
        blocks = [{"type": "actions", "elements": [lead]}]
        await client.conversations_join(channel="C0INCIDENT")
        await client.chat_postEphemeral(channel="C0INCIDENT", user=body["user_id"], text="Lead?", blocks=blocks)

    @bot.app.action("lead")
    async def led(ack: Any) -> None:
        await ack()
        pressed.set()

    pressed = asyncio.Event()
    terminal = Terminal(bot.ws, output.append)

    async def lines() -> AsyncIterator[str]:
        for line in ("in general", "/incident ack", "press Lead"):
            yield line

    await terminal.run(lines(), echo=False)
    assert terminal.problems == []
    assert pressed.is_set()
