"""Typed lines: one that cannot be carried out says why, and the next one is typed all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient

from sandbox.terminal import Terminal
from tests.sandbox.conftest import Bot
from tests.sandbox.test_blocks import asked
from tests.sandbox.test_modals import modal


async def test_what_slack_refuses_is_said_and_ends_nothing(bot: Bot) -> None:
    said: list[str] = []
    await bot.ws.person("maya").create("quiet")
    terminal = Terminal(bot.ws, said.append)

    async def lines() -> AsyncIterator[str]:
        for line in ("in quiet", "as tom", "/plain help", "in general", "hello everybody", "show"):
            yield line

    await terminal.run(lines(), echo=False)
    assert said[0].startswith("  ! You are not in this channel yet.")
    assert "hello everybody" in said[-1]


async def test_an_open_form_is_shown_once_and_its_times_can_be_read(bot: Bot) -> None:
    said: list[str] = []
    when = {"type": "datetimepicker", "action_id": "from", "initial_date_time": 1_795_264_140}

    @bot.app.command("/incident")
    async def open_it(ack: Any, body: dict[str, Any], client: AsyncWebClient) -> None:
        if body["text"] == "cover":
            blocks = [asked(when, block_id="from")]
            await client.views_open(trigger_id=body["trigger_id"], view=modal(blocks=blocks))
        await ack()

    terminal = Terminal(bot.ws, said.append)

    async def lines() -> AsyncIterator[str]:
        for line in ("/incident cover", "/incident other", "close", "/incident cover"):
            yield line

    await terminal.run(lines(), echo=False)
    assert len(said) == 2
    assert all("21 Nov 13:29" in form for form in said)
