"""docs/alerts.md and the pages of its senders are true: the policy is valid, files are sent, commands print as said."""

from __future__ import annotations

import asyncio
import json
import os
import re
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import policy
from bot.integrations.alerts.protocol import Delivery
from bot.integrations.alerts.registry import SOURCES
from tests.alerts.sending import TOKEN
from tests.scenarios.running import World, running_world

ROOT = Path(__file__).resolve().parents[2]
DOCUMENT = (ROOT / "docs" / "alerts.md").read_text()
SENDERS = {path.stem: path.read_text() for path in (ROOT / "docs" / "integrations").glob("*.md")}


def block(language: str, beginning: str = "") -> str:
    (found,) = [
        text for text in re.findall(rf"```{language}\n(.*?)```", DOCUMENT, re.DOTALL) if text.startswith(beginning)
    ]
    return str(found)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the document's files, which the command line reads."""
    (tmp_path / "policy.yml").write_text(block("yaml", "# policy.yml").replace("wait: 20s", "wait: 0s"))
    (tmp_path / "alerts.json").write_text(block("json"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOCSIN_HOOK_TOKEN", raising=False)
    return tmp_path


async def tocsin(*arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    output, _ = await process.communicate()
    assert process.returncode == 0, output
    return output.decode()


def test_its_policy_is_valid_and_its_routes_do_what_the_table_says(folder: Path) -> None:
    loaded = policy.read(folder / "policy.yml")
    assert not [warning for warning in loaded.warnings if "alerts" in warning]
    table = DOCUMENT.split("| `do` |", 1)[1].split("\n\n", 1)[0]
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [
        "declare",
        "ask",
        "attach",
        "record",
        "drop",
        "heartbeat",
    ]


async def test_a_dry_run_prints_what_it_says(folder: Path) -> None:
    output = await tocsin("alerts", "send", "--kind", "alertmanager", "--dry-run", "alerts.json")
    assert output == block("text", "firing ")


@pytest.mark.timeout(300)  # it starts five processes
async def test_its_file_is_sent_and_its_commands_explain_what_became_of_it(
    folder: Path, sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running_world(sqlite_url, policy=folder / "policy.yml", tocsin_hook_token=TOKEN) as world:
        environment = {
            "DATABASE_URL": sqlite_url,
            "TOCSIN_HOOK_TOKEN": TOKEN,
            "PORT": str(world.tocsin.port),
            "TOCSIN_POLICY": str(folder / "policy.yml"),
        }
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        await commands_explain(world)


async def commands_explain(world: World) -> None:
    answer = json.loads(await tocsin("alerts", "send", "--kind", "alertmanager", "alerts.json"))
    named = re.search(r"`202` has `(\{.*?\})`", DOCUMENT, re.DOTALL)
    assert named is not None
    assert set(answer) == set(re.findall(r'"(\w+)"', named[1]))
    await world.incident_channel()
    (group,) = json.loads(await tocsin("alerts", "--json"))
    assert (group["id"], group["decision"], group["incident"], group["firing"]) == ("AG-1", "declared", "INC-1", 1)
    assert group["alerts"][0]["fingerprint"] == "aaaa000000000001"
    (explained,) = json.loads(await tocsin("alerts", "explain", "aaaa000000000001", "--json"))
    assert explained["steps"][0]["step"] == "route"
    shown = await tocsin("alerts", "explain", "AG-1")
    assert re.search(r"^  \d{4}-\d\d-\d\d \d\d:\d\d:\d\d  route +route 1 does not match", shown, re.M)
    assert "the route says `do: declare`" in [step["reason"] for step in explained["steps"]]
    assert explained["steps"][0]["reason"] == "route 1 does not match: env is missing, wanted /staging|dev/"
    assert explained["steps"][-1]["reason"] == "not by the alert: the ladder of INC-1 pages, if any"
    listed = await tocsin("alerts", "silence", "env=staging", "--for", "2h", "--reason", "Migration")
    assert listed.startswith("SI-1 ")
    assert await tocsin("alerts", "silence", "--end", "SI-1") == "No alert is silenced.\n"


@pytest.mark.parametrize("body", re.findall(r"-d '(\{.*?\})' ", SENDERS["scripts"]))
def test_the_events_that_it_sends_are_read_whole(body: str) -> None:
    batch = SOURCES["events"].read(Delivery(json.loads(body)), datetime.now(UTC))
    assert batch.received == 1
    assert not [each.annotations for each in batch.changes if each.annotations], "every field is known"


def test_every_source_has_a_section_and_datadogs_template_is_read_once_it_is_filled_in() -> None:
    for kind in SOURCES:
        page = "scripts" if kind == "events" else kind
        assert page in SENDERS, f"write docs/integrations/{page}.md"
        assert f"/hooks/{kind}" in SENDERS[page]
    (template,) = re.findall(r"```text\n(.*?)```", SENDERS["datadog"], re.DOTALL)
    template = template.replace("\n", "")
    filled = {**json.loads(template.replace("$ALERT_TRANSITION", "Triggered")), "title": "Slow", "alert_title": "Slow"}
    (alert,) = SOURCES["datadog"].read(Delivery(filled), datetime.now(UTC)).alerts
    assert alert.name == "Slow"
