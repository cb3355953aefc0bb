"""Commands that cannot work say why in a sentence: no traceback, and nothing is created."""

from __future__ import annotations

from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from bot.cli.main import main
from storage.open import open_database
from tests.databases import run

COMMANDS = [["list"], ["search", "x"], ["show", "INC-1"], ["verify"], ["export", "--all"], ["restored"],
            ["playbooks", "stats"]]  # fmt: skip


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def said(monkeypatch: pytest.MonkeyPatch, url: str, command: list[str]) -> str:
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
    assert "There is no database at" in said(monkeypatch, f"sqlite:///{tmp_path}/tocsin.db", command)
    assert [path.name for path in tmp_path.iterdir() if path.suffix != ".lock"] == []


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_an_empty_database_is_called_empty(
    monkeypatch: pytest.MonkeyPatch, empty_database_url: str, command: list[str]
) -> None:
    assert "The database is empty" in said(monkeypatch, empty_database_url, command)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_the_tables_of_an_earlier_version_are_called_so(
    monkeypatch: pytest.MonkeyPatch, sqlite_url: str, command: list[str]
) -> None:
    run(_at_revision(sqlite_url, "0002"))
    assert "The tables are those of an earlier Tocsin (revision 0002" in said(monkeypatch, sqlite_url, command)


async def _at_revision(url: str, revision: str) -> None:
    database = await open_database(url)
    async with database.transaction() as conn:
        await conn.execute(sa.text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
    await database.close()
