"""`tocsin alerts all` prints every group and every alert, page by page."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot import policy as policy_reader
from bot.cli import alert_list
from bot.cli.main import main
from bot.json_shapes.alerts import group_json
from bot.usecases.context import Context, Policies
from storage.alerts import groups, members
from storage.open import open_database
from tests.usecases.alerts.telling import alert, report, resolved_alert
from tests.usecases.conftest import MovableClock

POLICY = "preset: sev1-5\nalerts: {group_by: [alertname], routes: [{do: record}]}\n"


async def fill(url: str, policy: Path) -> list[dict[str, Any]]:
    """Five groups, one of them with seven alerts of which three fire. Returns them as the contract says."""
    database = await open_database(url)
    loaded = policy_reader.read(policy)
    context = Context(database, Policies(loaded.policy, loaded.document, policy_reader.from_document), MovableClock())
    many = [alert("Many", instance=f"{number} [] \x1b") for number in range(7)]
    await report(context, *many, *(alert(f"One{number}") for number in range(4)))
    await report(context, *(resolved_alert(each) for each in (*many[2:6], alert("One2"))))
    async with database.reading() as conn:
        newest = await groups.newest(conn, 100)
        numbers = [group.number for group in newest]
        counts, alerts = await members.counts(conn, numbers), await members.of_groups(conn, numbers, 100)
    await database.close()
    return [group_json(group, counts[group.number], alerts[group.number]) for group in newest]


@pytest.fixture
def expected(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    policy = tmp_path / "policy.yml"
    policy.write_text(POLICY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    return asyncio.run(fill(sqlite_url, policy))


def tocsin(*words: str) -> str:
    result = CliRunner().invoke(main, ["alerts", *words], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(("per_page", "alerts_per_page", "small"), [(200, 500, 20), (2, 2, 1), (5, 7, 6), (1, 1, 0)])
def test_every_group_has_all_of_its_alerts_whatever_the_size_of_a_page(
    expected: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, per_page: int, alerts_per_page: int, small: int
) -> None:
    monkeypatch.setattr(alert_list, "GROUPS", per_page)
    monkeypatch.setattr(alert_list, "ALERTS", alerts_per_page)
    monkeypatch.setattr(alert_list, "SMALL", small)
    text = tocsin("all", "--json")
    assert json.loads(text) == expected
    assert text == json.dumps(expected, ensure_ascii=False, indent=2).replace("\x1b", "\\u001b") + "\n"
    assert json.loads(tocsin("--json")) == [group for group in expected if group["state"] == "firing"]
    assert len(tocsin("all").splitlines()) == 2 * len(expected)


def test_without_alerts_it_says_so(tmp_path: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATABASE_URL", sqlite_url)

    async def create() -> None:
        await (await open_database(sqlite_url)).close()

    asyncio.run(create())
    assert tocsin("all") == "No alerts yet.\n"
    assert tocsin("all", "--json") == "[]\n"
    assert "No alert fires" in tocsin()
