"""People's text neither controls the terminal of a person who runs `tocsin`, nor forges a line there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from storage import incidents
from storage.open import open_database
from storage.timeline import entries as timeline
from tests.databases import run
from tests.storage.helpers import incident, message_entry

HOSTILE = "\x1b]0;pwned\x07\x1b[2J\x9b31m\rall well\n2026-03-29 ● resolved\u2028\u202eevil\u200f"
ESCAPED = r"\x1b]0;pwned\x07\x1b[2J\x9b31m\rall well\n2026-03-29 ● resolved\u2028\u202eevil\u200f"


@pytest.fixture
def hostile(sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An incident in which everything that people write is hostile."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    run(_store(sqlite_url))


async def _store(url: str) -> None:
    database = await open_database(url)
    async with database.transaction() as conn:
        await incidents.insert(conn, incident(title=HOSTILE, roles={"commander": HOSTILE}))
        await timeline.append(conn, 1, [message_entry(HOSTILE, actor=HOSTILE), message_entry("fine")])
    await database.close()


@pytest.mark.parametrize("command", [("list",), ("list", "all"), ("show", "INC-1")])
def test_texts_of_people_are_shown_escaped_on_the_line_that_they_belong_to(
    hostile: None, command: tuple[str, ...]
) -> None:
    lines = CliRunner().invoke(main, command).stdout.split("\n")
    assert any(ESCAPED in line for line in lines)

    assert not [line for line in lines if not line.isprintable() or line.startswith("2026-03-29 ●")]


@pytest.mark.parametrize("command", [("list", "--json"), ("show", "INC-1", "--json"), ("export", "INC-1")])
def test_json_means_the_same_and_is_harmless_on_a_terminal(hostile: None, command: tuple[str, ...]) -> None:
    output = CliRunner().invoke(main, command).stdout
    assert not [line for line in output.split("\n") if not line.isprintable()]
    documents = [json.loads(line) for line in output.splitlines()] if command[0] == "export" else [json.loads(output)]
    assert _holds(documents, HOSTILE)


def test_an_error_that_quotes_what_was_typed_is_escaped(hostile: None) -> None:
    done = CliRunner().invoke(main, ["show", "INC-\x1b[2J"])
    assert (done.exit_code, done.stderr) == (1, "“INC-\\x1b[2J” is not an incident ID. They look like INC-42.\n")


def _holds(value: object, text: str) -> bool:
    if isinstance(value, dict):
        return any(_holds(inner, text) for inner in value.values())
    if isinstance(value, list):
        return any(_holds(inner, text) for inner in value)
    return value == text
