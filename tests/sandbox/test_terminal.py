"""Typed lines: one that cannot be carried out says why, and the next one is typed all the same."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sandbox.terminal import Terminal
from tests.sandbox.conftest import Bot


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
