"""`tocsin alerts noise` prints the noisiest rules with their figures from the database."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot import policy as policy_reader
from bot.cli.main import main
from bot.usecases.alerts import act
from bot.usecases.context import Context, Policies
from bot.usecases.incidents.declare import Declaration, declare
from storage.open import open_database
from tests.usecases.alerts.telling import alert, decide_all, report
from tests.usecases.conftest import MovableClock

POLICY = "preset: sev1-5\nalerts: {wait: 10s, routes: [{match: {do: ask}, do: ask}, {do: declare}]}\n"


async def fill(url: str, policy: Path) -> None:
    """One alert that declared, one that was a false alarm, one incident without any; and one of long ago."""
    database, clock = await open_database(url), MovableClock()
    loaded = policy_reader.read(policy)
    context = Context(database, Policies(loaded.policy, loaded.document, policy_reader.from_document), clock)
    clock.instant = datetime.now(UTC) - timedelta(days=60)
    await report(context, alert("Old", do="ask"))
    await decide_all(context, clock)
    clock.instant = datetime.now(UTC) - timedelta(hours=2)
    await report(context, alert("Down"), alert("Slow", do="ask"))
    await decide_all(context, clock)
    await act.dismiss(context, 3, "false_alarm", "Load test", "U1")
    await declare(context, Declaration(title="Nobody noticed", severity="sev3", actor="U1"))
    await database.close()


@pytest.fixture
def world(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = tmp_path / "policy.yml"
    policy.write_text(POLICY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    asyncio.run(fill(sqlite_url, policy))


def tocsin(*words: str) -> str:
    result = CliRunner().invoke(main, ["alerts", "noise", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_noisiest_rule_is_first_with_its_precision(world: None) -> None:
    shares, slow, down = tocsin().splitlines()
    assert shares == ("2 incidents: 50% an alert told of first, 50% none told of; 50% of the decided alerts were false")
    assert " ".join(slow.split()) == "Slow - told 1, right 0, false 1, noise 0, flapped 0; precision 0%"
    assert " ".join(down.split()) == "Down - told 1, right 1, false 0, noise 0, flapped 0; precision 100%"


def test_the_span_is_the_one_that_is_asked_for_and_programs_get_the_same_figures(world: None) -> None:
    recent: dict[str, Any] = json.loads(tocsin("--json"))
    assert (recent["incidents"], recent["detection_rate"], recent["false_positive_rate"]) == (2, 0.5, 0.5)
    assert [rule["rule"] for rule in recent["rules"]] == ["Slow", "Down"]
    assert {"Old", "Slow", "Down"} == {rule["rule"] for rule in json.loads(tocsin("--since", "90d", "--json"))["rules"]}
