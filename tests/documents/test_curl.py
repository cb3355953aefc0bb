"""The requests of docs/api.md and docs/integrations/scripts.md are sent unchanged with curl to a running bot."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from tests.alerts.sending import TOKEN
from tests.documents.reading import blocks, commands_in
from tests.scenarios.running import World, running_world

pytestmark = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
ADDRESSES = ("http://127.0.0.1:3000", "http://tocsin.internal:3000")


async def tocsin(command: str) -> str:
    done = await asyncio.to_thread(CliRunner().invoke, main, command.split()[1:])
    assert done.exit_code == 0, done.output
    return done.output


async def curl(world: World, command: str, **env: str) -> str:
    for address in ADDRESSES:
        command = command.replace(address, f"http://127.0.0.1:{world.tocsin.port}")
    process = await asyncio.create_subprocess_shell(
        command.replace("curl ", "curl --silent --show-error --fail-with-body ", 1),
        env={**os.environ, **env}, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await process.communicate()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def test_the_requests_of_the_api_are_answered(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    tokens, requests = (commands_in(block.text) for block in blocks("docs/api.md", "console"))
    async with running_world(sqlite_url) as world:
        (token,) = re.findall(r"tcs_[\w-]+", await tocsin(tokens[0]))
        listed, declared, updated = [await curl(world, command, TOKEN=token) for command in requests]
        assert '"incidents"' in listed or "[]" in listed
        assert "Checkout is down" in declared
        assert "INC-1" in updated
        assert "update" in await world.kinds()
        for command in tokens[1:]:
            assert "ci" in await tocsin(command)
        with pytest.raises(AssertionError, match="401"):
            await curl(world, requests[0], TOKEN=token)


async def test_the_events_of_scripts_and_pipelines_are_taken(sqlite_url: str) -> None:
    requests = [
        command for block in blocks("docs/integrations/scripts.md", "sh") for command in commands_in(block.text)
    ]
    assert len(requests) == 2
    async with running_world(sqlite_url, tocsin_hook_token=TOKEN) as world:
        for command in requests:
            assert "received" in await curl(world, command, TOCSIN_HOOK_TOKEN=TOKEN)
