"""Commands that cannot work say why in a sentence: no traceback, and nothing is created."""

from __future__ import annotations

import asyncio
import os
import socket
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

import sandbox
from bot.cli.main import main
from storage.open import open_database
from tests.databases import run
from tests.scenarios.running import MANIFEST, ROOT

COMMANDS = [["list"], ["search", "x"], ["show", "INC-1"], ["verify"], ["export", "--all"], ["restored"],
            ["playbooks", "stats"]]  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def error_output(monkeypatch: pytest.MonkeyPatch, url: str, command: list[str]) -> str:
    """What a command that fails prints, which is one line."""
    monkeypatch.setenv("DATABASE_URL", url)
    done = CliRunner().invoke(main, command, catch_exceptions=False)
    assert (done.exit_code, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_without_a_database_commands_say_so_and_create_none(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, command: list[str]
) -> None:
    assert "There is no database at" in error_output(monkeypatch, f"sqlite:///{tmp_path}/tocsin.db", command)
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_empty_database_is_called_empty(
    monkeypatch: pytest.MonkeyPatch, empty_database_url: str, command: list[str]
) -> None:
    assert "The database is empty" in error_output(monkeypatch, empty_database_url, command)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_tables_of_an_earlier_version_are_called_so(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str, command: list[str]
) -> None:
    run(_at_revision(sqlite_url, "0002"))
    assert "The tables are those of an earlier Tocsin (revision 0002" in error_output(monkeypatch, sqlite_url, command)


async def _at_revision(url: str, revision: str) -> None:
    database = await open_database(url)
    async with database.transaction() as conn:
        await conn.execute(sa.text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    await database.close()


def test_a_port_that_is_in_use_is_said_in_one_line(sqlite_url: str, tmp_path: Path) -> None:
    run(_serving_twice(sqlite_url, tmp_path))


async def _serving_twice(url: str, folder: Path) -> None:
    async with sandbox.running(manifest=MANIFEST) as ws:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "bot", "serve", cwd=folder, stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={
                    **os.environ, "DATABASE_URL": url, "PYTHONPATH": str(ROOT), "PORT": str(port),
                    "SLACK_BOT_TOKEN": ws.settings.bot_token, "SLACK_SIGNING_SECRET": ws.settings.signing_secret,
                    "SLACK_API_URL": ws.api_url, "LOG_LEVEL": "ERROR",
                },
            )  # fmt: skip
            output, complaints = await process.communicate()
    words = f"Port {port} of 127.0.0.1 is in use by another program. Stop that one, or set PORT to another.\n"
    assert (process.returncode, output.decode(), complaints.decode()) == (1, "", words)
