"""Which modules a process imports, and which only when they are needed: docs/decisions/0009-late-imports.md."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

import sandbox
from bot.cli.commands import ENTRIES, LazyCommand
from tests.scenarios.running import MANIFEST, ROOT

LIBRARIES_OF_COMMANDS = {"aiohttp", "jinja2", "pydantic", "slack_bolt", "slack_sdk", "sqlalchemy", "structlog", "yaml"}
SELDOM_NEEDED = {"alembic", "apprise", "cryptography", "docx", "fpdf", "icalendar", "jwt", "lxml", "mcp", "twilio"}
OF_OTHER_PROCESSES = {"bot.importers", "bot.cli.incidents", "bot.cli.verbs", "playwright", "sandbox", "tests"}
WIDTH = 62  # of a line of `tocsin --help`, behind the name
STARTED_WITHIN_S = 60.0


def imported(report: str) -> set[str]:
    """Every module in what `-X importtime` writes."""
    return set(re.findall(r"^import time: .*\| +([\w.]+)$", report, re.MULTILINE))


def test_the_list_of_commands_imports_none_of_them() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "bot", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "statuspage" in done.stdout
    modules = imported(done.stderr)
    assert "bot.cli.main" in modules
    assert modules & {*LIBRARIES_OF_COMMANDS, *SELDOM_NEEDED, "bot.settings", "storage"} == set()


async def test_a_bot_that_is_ready_has_not_imported_what_is_seldom_needed(sqlite_url: str, tmp_path: Path) -> None:
    async with sandbox.running(manifest=MANIFEST) as ws:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-X", "importtime", "-m", "bot", "serve", cwd=tmp_path, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={
                **os.environ, "DATABASE_URL": sqlite_url, "PYTHONPATH": str(ROOT), "PORT": "0",
                "SLACK_BOT_TOKEN": ws.settings.bot_token, "SLACK_SIGNING_SECRET": ws.settings.signing_secret,
                "SLACK_API_URL": ws.api_url, "LOG_LEVEL": "ERROR",
            },
        )  # fmt: skip
        assert process.stdout is not None
        assert process.stderr is not None
        report = asyncio.create_task(process.stderr.read())
        ready = await asyncio.wait_for(process.stdout.readline(), STARTED_WITHIN_S)
        process.terminate()
        modules = imported((await report).decode())
        await process.wait()
    assert b'"ready": true' in ready
    assert "bot.slack.listeners" in modules
    assert modules & {*SELDOM_NEEDED, *OF_OTHER_PROCESSES} == set()


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_command_of_the_list_is_in_its_module(entry: LazyCommand) -> None:
    command = entry.load()
    assert isinstance(command, click.Command)
    assert (command.name, command.hidden) == (entry.name, False)
    assert len(entry.summary) <= WIDTH


def test_the_list_of_commands_is_in_the_order_of_the_alphabet() -> None:
    assert [entry.name for entry in ENTRIES] == sorted(entry.name for entry in ENTRIES)


def test_every_command_is_in_the_list() -> None:
    """A module of the command line defines a command of its own as `@click.command("NAME")`, or `_verb("NAME", …)`."""
    made = re.compile(r'^(?:@click\.(?:command|group)|\w+_command = _verb)\(\s*"(\w+)"', re.MULTILINE)
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "bot" / "cli").glob("*.py")]
    # Of `tocsin import`, `tocsin statuspage` and `tocsin alerts`.
    of_groups = {"ical", "dispatch", "prove", "subscribers", "send"}
    assert {name for source in sources for name in made.findall(source)} - of_groups == {e.name for e in ENTRIES}
