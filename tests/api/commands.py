"""Runs commands of the command line beside a running bot."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

from click.testing import CliRunner

from bot.cli.main import main
from tests.scenarios.running import World
from tests.waiting import WITHIN_S


async def tocsin(env: dict[str, str], *words: str, code: int = 0) -> Any:
    """Run a command in a thread; the JSON that it prints, else its words."""
    result = await asyncio.to_thread(CliRunner().invoke, main, list(words), env=env)
    assert result.exit_code == code, result.output
    logged = re.compile(r"\d{4}-\d\d-\d\d \d\d:|\[(?:info|debug|warning)")  # by the bot that runs beside
    printed = "\n".join(line for line in result.output.splitlines() if not logged.match(line))
    return json.loads(printed) if "--json" in words and code == 0 else printed


async def same_answers(world: World, server: dict[str, str], *words: str) -> Any:
    """What a command answers on the server, once it answers the same on the database: the bot may be at work."""
    async with asyncio.timeout(WITHIN_S):
        while (answer := await tocsin(server, *words)) != await tocsin({"DATABASE_URL": world.settings.url}, *words):
            pass
    return answer
