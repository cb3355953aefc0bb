"""Every command of docs/moving, docs/moving.md and the cut-over playbook runs unchanged, against doubles."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from tests.importers.accounts import small_opsgenie
from tests.importers.conftest import Import
from tests.importers.doubles import OpsgenieDouble
from tests.importers.opsgenie_oracle import timeline
from tests.importers.pagerduty_oracle import entries
from tests.importers.test_dispatch import url as dispatch_url
from tests.importers.test_grafana_oncall import account as oncall
from tests.importers.test_ical import WEEKLY, calendar
from tests.importers.test_pagerduty import account as pagerduty

ROOT = Path(__file__).parents[2]
__all__ = ["dispatch_url"]
_COMMAND = re.compile(r"tocsin (?:import|check|playbooks)[^`\n\"…,]*")


def commands(path: str) -> list[str]:
    """The commands of a document, in their order, each once. What is shown without its arguments is left out."""
    first = sorted((ROOT / path).with_suffix("").glob("*.md"))  # a page for each source
    text = "".join(document.read_text() for document in (*first, ROOT / path))
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)
    inline = re.findall(r"`(tocsin [^`]+)`", text)
    in_text = _COMMAND.findall(text) if path.endswith(".yml") else []
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    found = [line for line in (*lines, *inline, *in_text) if line.startswith("tocsin ")]
    skipped = {"tocsin import", "tocsin import prove", "tocsin alerts", "tocsin search"}
    return [each for each in dict.fromkeys(map(str.strip, found)) if each not in skipped]


def opsgenie() -> OpsgenieDouble:
    double = small_opsgenie()
    for schedule in double.schedules:
        render = partial(timeline, schedule, double.overrides.get(schedule["id"], []))
        double.timelines[schedule["id"]] = lambda date, days, render=render: render(datetime.fromisoformat(date), days)
    return double


def pagerduty_rendered() -> Any:
    double = pagerduty()
    for schedule in double.lists["schedules"]:
        double.entries[schedule["id"]] = partial(entries, schedule, double.overrides.get(schedule["id"], []))
    return double


ACCOUNTS: dict[str, Callable[[], Any]] = {
    "pagerduty": pagerduty_rendered, "grafana-oncall": oncall, "opsgenie": opsgenie,
}  # fmt: skip


@pytest.fixture
def run(run_import: Import, tmp_path: Path, dispatch_url: str, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """Run one command in an empty folder with two calendars in it."""
    monkeypatch.setenv("DISPATCH_DATABASE_URL", dispatch_url)
    for name in ("primary", "secondary"):
        (tmp_path / f"{name}.ics").write_text(calendar(WEEKLY), newline="")
    assert CliRunner().invoke(main, ["migrate"]).exit_code == 0

    def run(command: str) -> Any:
        words = shlex.split(command)[1:]
        if "--output" in words:  # of each source
            (tmp_path / "policy.yml").write_text("preset: sev1-5\n")
        if words[0] != "import":
            return CliRunner().invoke(main, words)
        account = next((make for source, make in ACCOUNTS.items() if source in words), opsgenie)
        return run_import(account(), *words[1:])

    return run


@pytest.mark.timeout(120)
@pytest.mark.parametrize("path", ["docs/moving.md", "playbooks/moving-in-cut-over.yml"])
def test_every_command_runs_as_it_stands_there(path: str, run: Callable[[str], Any]) -> None:
    listed = commands(path)
    assert "tocsin import prove opsgenie --days 90" in listed
    for command in listed:
        result = run(command)
        fine = (0, 1) if command == "tocsin check" else (0,)  # here it misses the tokens of Slack
        assert result.exit_code in fine, f"{command}: {result.output}"
        assert "No such" not in result.output, f"{command}: {result.output}"
