"""`tocsin review`, `actions`, `times` and `metrics`: visibility, and answers to wrong lines."""

from __future__ import annotations

import asyncio
import shlex
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot.cli.commands import BY_NAME, EXAMPLES
from bot.cli.main import main
from bot.domain.actions.item import ActionItem
from bot.domain.incident.status import Status
from storage import actions, incidents
from storage.open import open_database
from tests.storage.helpers import incident

MAYA, NOOR = "U0MAYA0000", "U0NOOR0000"
HOUR = timedelta(hours=1)
NOW = datetime.now(UTC).replace(microsecond=0)


async def fill(url: str) -> None:
    """A public incident of Noor's and a private one of Maya's, both resolved, each with an action item."""
    ended = {"status": Status.RESOLVED, "resolved_at": NOW - HOUR, "ended_at": NOW - HOUR}
    times = {"declared_at": NOW - 2 * HOUR, "detected_at": NOW - 2 * HOUR, **ended}
    database = await open_database(url)
    async with database.transaction() as conn:
        await incidents.insert(conn, incident(1, title="Checkout is down", declared_by=NOOR, **times))
        await incidents.insert(conn, incident(2, title="Laptop stolen", declared_by=MAYA, private=True, **times))
        for number, owner in ((1, NOOR), (2, MAYA)):
            await actions.insert(conn, ActionItem(number, 1, f"Item of INC-{number}", owner, NOW, owner=owner))
    await database.close()


@pytest.fixture
def world(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    asyncio.run(fill(sqlite_url))


def tocsin(*words: str) -> str:
    return CliRunner().invoke(main, list(words)).output


@pytest.mark.parametrize("line", ["review INC-2", "actions INC-2", "actions --in INC-2", "times INC-2"])
def test_a_private_incident_is_not_there_for_a_person_outside_it(world: None, line: str) -> None:
    assert tocsin(*line.split(), "--as", NOOR) == "There is no incident INC-2. See them all: tocsin list all\n"
    assert "no incident" not in tocsin(*line.split(), "--as", MAYA)
    assert "no incident" not in tocsin(*line.split())


def test_the_times_of_a_private_incident_are_not_corrected_by_a_person_outside_it(world: None) -> None:
    resolved = (NOW - HOUR / 2).isoformat()
    line = ("times", "INC-2", "--resolved", resolved, "--reason", "The graph", "--as")
    assert "no incident" in tocsin(*line, NOOR)
    assert f"{NOW - HOUR / 2:%H:%M:%S}" in tocsin(*line, MAYA)


def test_lists_of_action_items_leave_out_those_of_private_incidents_of_others(world: None) -> None:
    assert [line.split()[0] for line in tocsin("actions").splitlines()] == ["AI-1-1", "AI-2-1"]
    assert [line.split()[0] for line in tocsin("actions", "--as", NOOR).splitlines()] == ["AI-1-1"]
    assert [line.split()[0] for line in tocsin("actions", "mine", "--as", MAYA).splitlines()] == ["AI-2-1"]
    assert tocsin("actions", "overdue") == "No action item is overdue.\n"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("actions mine", "Say who you are: tocsin actions mine --as U0MAYA0000"),
        ("actions soon", "This works: tocsin actions overdue, or tocsin actions INC-42"),
        ("actions --owner maya", "“maya” is no Slack ID. This works: tocsin actions --owner U0MAYA0000"),
        ("review", "This works: tocsin review INC-7 --format docx --output review.docx"),
        ("review INC-1 --format pdf", "This works: tocsin review INC-7"),
        (
            "review INC-1 --output missing/review.md",
            "(No such file or directory). Another place: --output ~/review.md",
        ),
        ("times INC-1 --resolved 2026-01-01T00:00Z", 'tocsin times INC-1 --started 2026-11-30T02:31Z --reason "As'),
        ("metrics --since soon", "“soon” is neither a span nor a day. Write 90d, or 2026-01-01."),
        ("metrics --by mood", "This works: tocsin metrics --since 90d --by service"),
        ("metrics --load maya", "“maya” is no Slack ID. This works: tocsin metrics --load U0MAYA0000"),
        ("relate INC-1 soon", "“soon” is not an incident ID. They look like INC-42."),
        ("merge INC-1", "Say into which incident: tocsin merge INC-7 INC-3"),
        ("tag INC-1", "Say which tags: tocsin tag INC-7 checkout -database"),
    ],
)
def test_a_wrong_line_is_answered_with_one_that_works(world: None, line: str, answer: str) -> None:
    assert answer in tocsin(*line.split())


def test_a_tag_is_taken_away_with_a_minus(world: None) -> None:
    tocsin("tag", "INC-1", "checkout", "database")
    assert '"tags": [\n    "checkout"\n  ]' in tocsin("tag", "INC-1", "-database", "--json")


def test_every_example_of_a_command_can_be_parsed() -> None:
    for name, example in EXAMPLES.items():
        command, *words = shlex.split(example)
        assert command == name
        BY_NAME[name].load().make_context(name, words)
