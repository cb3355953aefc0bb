"""`tocsin playbooks`, as an operator types it."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path

import jsonschema
import pytest
import yaml
from click.testing import CliRunner, Result

from bot.cli.main import main
from bot.domain.incident import Incident, Ladder
from bot.domain.playbook import lifecycle, steps
from bot.policy.yaml_source import parse_yaml
from playbooks import loader
from storage import incidents
from storage import playbook_runs as stored
from storage.open import open_database


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither this checkout's policy nor its `.env` is meant."""
    monkeypatch.chdir(tmp_path)
    for name in ("TOCSIN_POLICY", "TOCSIN_PLAYBOOKS"):
        monkeypatch.delenv(name, raising=False)


def tocsin(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["playbooks", *arguments])


def own(folder: Path) -> Path:
    folder.mkdir()
    (folder / "mine.yml").write_text(
        "id: espresso\nname: Espresso machine\ncategory: kitchen\nseverities: [1]\nsymptoms: [No coffee]\n"
        "phases: [{title: Look, steps: [{title: Descale, commands: [descale --now], timeout: 90s}]}]\n"
    )
    return folder


def test_json_has_the_shape_of_the_contract() -> None:
    shown = json.loads(tocsin("--json").stdout)
    assert len(shown) == len(loader.shipped_library().playbooks)
    recovery = next(one for one in shown if one["id"] == "service-down-auto-recovery")
    assert recovery["severities"] == ["sev1", "sev2"]
    assert recovery["phases"][1]["steps"][0] == {
        "title": "Restart the service",
        "commands": ["systemctl restart {unit}"],
        "requires_approval": True,
        "rollback": "systemctl stop {unit}\nsystemctl start {backup_unit}",
        "verification": "The unit is active",
        "timeout_s": 30,
    }


def test_severities_are_those_of_the_policy_in_force(tmp_path: Path) -> None:
    (tmp_path / "policy.yml").write_text("preset: p0-p4\n")
    shown = json.loads(tocsin("--json").stdout)
    assert next(one for one in shown if one["id"] == "war-room")["severities"] == ["p0", "p1"]


def test_a_folder_extends_the_shipped_playbooks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCSIN_PLAYBOOKS", str(own(tmp_path / "own")))
    found = json.loads(tocsin("--json").stdout)
    assert next(one for one in found if one["id"] == "espresso")["phases"][0]["steps"][0]["timeout_s"] == 90
    assert "espresso" in tocsin("find", "no", "coffee").stdout.splitlines()[0]


def test_check_counts_valid_playbooks(tmp_path: Path) -> None:
    found = tocsin("check", str(own(tmp_path / "own")))
    assert (found.exit_code, found.stdout) == (0, f"1 playbook in {tmp_path / 'own'}, nothing wrong.\n")


def test_check_fails_with_the_line_and_a_hint(tmp_path: Path) -> None:
    folder = own(tmp_path / "own")
    (folder / "mine.yml").write_text((folder / "mine.yml").read_text().replace("category:", "categroy:"))
    found = tocsin("check", str(folder))
    assert found.exit_code == 1
    assert f"{folder / 'mine.yml'}:3: categroy is not a setting here. Did you mean category?" in found.stderr


def test_find_names_the_playbook_and_the_reason() -> None:
    lines = tocsin("find", "redis", "connection", "refused").stdout.splitlines()
    assert lines[0].split()[0] == "redis-outage"
    assert "also called: connection refused 6379" in lines[1]


def test_find_takes_the_labels_of_an_alert() -> None:
    found = json.loads(tocsin("find", "--label", "alertname=ServiceDown", "--json").stdout)
    assert found[0]["id"] == "service-down-auto-recovery"
    assert found[0]["reasons"][0] == "alert label: alertname=ServiceDown"


def test_find_says_if_nothing_fits() -> None:
    assert tocsin("find", "zzzz").stdout.startswith("Nothing fits.")


def test_show_fills_in_given_values_and_leaves_the_rest() -> None:
    shown = tocsin("show", "memory-leak", "--set", "pod=api-7", "--set", "namespace=shop").stdout
    assert "$ kubectl describe pod api-7 -n shop" in shown
    assert "$ kubectl describe pod {pod} -n {namespace}" in tocsin("show", "memory-leak").stdout


@pytest.mark.parametrize(("given", "said"), [("pod=a b", "pod must be a name"), ("pdo=x", "has no parameter “pdo”")])
def test_show_refuses_an_invalid_value(given: str, said: str) -> None:
    found = tocsin("show", "memory-leak", "--set", given)
    assert found.exit_code == 1
    assert said in found.stderr


def test_the_schema_for_editors_accepts_every_shipped_file_and_refuses_a_typo() -> None:
    schema = json.loads(tocsin("--schema").stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for playbook in loader.shipped_library().playbooks:
        validator.validate(parse_yaml(Path(playbook.file).read_text(encoding="utf-8"), playbook.file).values)
    wrong = {**yaml.safe_load((loader.SHIPPED / "war-room.yml").read_text(encoding="utf-8")), "ownr": "x"}
    assert not validator.is_valid(wrong)


def test_stats_list_each_playbook(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    asyncio.run(walked_once(sqlite_url))
    (found,) = [load for load in json.loads(tocsin("stats", "--json").stdout) if load["id"] == "redis-outage"]
    assert (found["used"], found["ended"], found["succeeded"], found["skipped"]) == (1, 1, 0, {"1.1": 1})
    assert found["last_used_at"] == "2026-03-02T12:00:00.000000Z"
    assert len(json.loads(tocsin("stats", "--json").stdout)) == 40
    _, line, rest = tocsin("stats").stdout.splitlines()
    assert line.split()[:3] == ["redis-outage", "1", "0%"]
    assert line.endswith("1.1 1×")
    assert rest == "39 others were never used. With them: tocsin playbooks stats --all"
    _, first, *others = tocsin("stats", "--all").stdout.splitlines()
    assert first == line
    assert others[0].split()[:3] == ["api-high-error-rate", "0", "never"]
    assert len(others) == 39


def test_stats_of_unused_playbooks_are_one_line(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", sqlite_url)
    asyncio.run(walked_never(sqlite_url))
    assert tocsin("stats").stdout == "All 40 were never used. With them: tocsin playbooks stats --all\n"


async def walked_never(url: str) -> None:
    await (await open_database(url)).close()


async def walked_once(url: str) -> None:
    """Opened, the first step skipped, stopped."""
    database = await open_database(url)
    at = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
    try:
        async with database.transaction() as conn:
            incident = Incident(1, "Redis", "sev2", "U1", at, at, Ladder(at))
            await incidents.insert(conn, incident)
            walk = lifecycle.open_run(1, 1, loader.shipped_library().get("redis-outage"), "U1", at).run
            walk = steps.skip(walk, "1.1", "U1", at, "We know").run
            await stored.save(conn, lifecycle.abandon(walk, "U1", at, "It was the network").run)
    finally:
        await database.close()
