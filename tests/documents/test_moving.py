"""The commands in docs/moving are executed here, against doubles of the vendors."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.main import main
from bot.policy import load
from tests.databases import PostgreSQL
from tests.documents.reading import blocks, commands_in
from tests.importers.accounts import small_opsgenie
from tests.importers.conftest import Import, run_import  # noqa: F401 - a fixture
from tests.importers.test_dispatch import url as dispatch_url  # noqa: F401 - a fixture
from tests.importers.test_grafana_oncall import account as oncall
from tests.importers.test_ical import WEEKLY, calendar
from tests.importers.test_pagerduty import account as pagerduty

DOCUMENTS = [
    "docs/moving/opsgenie.md",
    "docs/moving/pagerduty.md",
    "docs/moving/grafana-oncall.md",
    "docs/moving/calendar.md",
    "docs/moving/dispatch.md",
]
BLOCKS = [commands_in(block.text) for document in DOCUMENTS for block in blocks(document, "sh")]
DOUBLES = {"opsgenie": small_opsgenie, "pagerduty": pagerduty, "grafana-oncall": oncall}


def script_of(source: str) -> list[list[str]]:
    """The commands of the one block that imports from this source, each in words; its exports name known settings."""
    (commands,) = [each for each in BLOCKS if any(line.startswith(f"tocsin import {source} ") for line in each)]
    return [shlex.split(line) for line in commands if not line.startswith("export ")]


def test_every_block_imports_from_a_source_that_is_tried_here() -> None:
    sources = {shlex.split(line)[2] for each in BLOCKS for line in each if line.startswith("tocsin import ")}
    assert sources == {*DOUBLES, "ical", "dispatch", "prove"}


@pytest.mark.parametrize("source", DOUBLES)
def test_a_plan_is_made_as_the_guide_says(
    source: str,
    run_import: Import,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    for words in script_of(source):
        done = run_import(DOUBLES[source](), *words[2:])
        assert done.exit_code == 0, done.output
    assert load(tmp_path / "policy.yml").schedules


def test_calendars_are_planned_and_proved_as_the_guide_says(
    run_import: Import,  # noqa: F811 - the fixture
    tmp_path: Path,
) -> None:
    for name in ("primary", "secondary"):
        (tmp_path / f"{name}.ics").write_text(calendar(WEEKLY).replace(":Primary", f":{name}"))
    for words in script_of("ical"):
        done = CliRunner().invoke(main, words[1:])
        assert done.exit_code == 0, done.output
    assert set(load(tmp_path / "policy.yml").schedules) == {"primary", "secondary"}


def test_incidents_of_dispatch_are_planned_as_the_guide_says(
    dispatch_url: str,  # noqa: F811 - the fixture
    postgresql: PostgreSQL,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DISPATCH_DATABASE_URL", dispatch_url)
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/tocsin.db")
    for words in script_of("dispatch"):
        done = CliRunner().invoke(main, words[1:])
        assert done.exit_code == 0, done.output
        assert "incident             2 moved" in done.output
