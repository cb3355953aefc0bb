"""`tocsin drill` declares a drill, also one that plays a past incident."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main


class Shell:
    """A command line on a database of its own."""

    def __init__(self, folder: Path) -> None:
        self._env = {"DATABASE_URL": f"sqlite:///{folder}/t.db"}

    def run(self, *words: str) -> Result:
        return CliRunner().invoke(main, list(words), env=self._env)

    def read(self, *words: str) -> Any:
        result = self.run(*words, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.output)


@pytest.fixture
def shell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    monkeypatch.chdir(tmp_path)
    shell = Shell(tmp_path)
    shell.run("migrate")
    shell.read("declare", "sev2", "Checkout", "is", "down")
    return shell


def test_a_past_incident_is_played_as_a_drill_of_its_severity(shell: Shell) -> None:
    shell.read("resolve", "INC-1", "Rolled back")
    drill = shell.read("drill", "inc-1", "--at", "10x")
    assert (drill["title"], drill["severity"], drill["drill"]) == ("Replay of INC-1: Checkout is down", "sev2", True)
    (due,) = [r for r in shell.read("show", drill["id"])["reminders"] if "plays" in r["reason"]]
    assert due["state"] == "waiting"
    said = shell.run("drill", "INC-1").output
    assert "What came in in INC-1 comes in again" in said
    assert "tocsin ack INC-3" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("INC-1", "--at", "10x"), "only an incident that has ended"),
        (("INC-1", "--at", "fast"), "tocsin drill INC-42 --at 10x"),
        (("INC-1", "--at", "0x"), "tocsin drill INC-42 --at 10x"),
        (("sev1", "Something", "--at", "10x"), "Only a past incident is played at a speed"),
        (("INC-99",), "INC-99"),
    ],
)
def test_what_cannot_be_played_is_refused_with_the_reason(shell: Shell, words: tuple[str, ...], said: str) -> None:
    result = shell.run("drill", *words)
    assert result.exit_code == 1
    assert said in result.output
    assert len(shell.read("list", "all")) == 1
