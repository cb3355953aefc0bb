"""What the documents say is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from bot import policy
from bot.cli.main import main
from bot.domain.values.target import Target
from bot.settings import Settings
from bot.slack.commands.verbs import VERBS

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text()
GUIDE = (ROOT / "docs" / "operator.md").read_text()


def test_the_readme_names_every_verb() -> None:
    rows = README.split("<!-- verbs", 1)[1].split("\n\n")[1]
    named = {word for cell in re.findall(r"`([^`]+)`", rows) for word in cell.split()[:1]}
    assert {verb.name for verb in VERBS} <= named


def test_the_guide_names_every_setting_and_no_other() -> None:
    table = GUIDE.split("## Settings", 1)[1].split("\n## ", 1)[0]
    cells = [line.split("|")[1] for line in table.splitlines() if line.startswith("| `")]
    named = {name for cell in cells for name in re.findall(r"`([A-Z_]+)`", cell)}
    assert named == {name.upper() for name in Settings.model_fields}


def test_the_defaults_in_the_guide_are_those_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    settings = Settings(_env_file=None)
    for value in (settings.slack_api_url, settings.url, settings.tocsin_command, settings.host, str(settings.port)):
        assert value in GUIDE


def test_the_guide_names_every_command() -> None:
    table = GUIDE.split("## The command line", 1)[1].split("\n## ", 1)[0]
    named = set(re.findall(r"`tocsin (\w+)", table))
    assert set(main.commands) <= named


def test_the_policy_in_the_readme_is_a_policy(tmp_path: Path) -> None:
    block = re.search(r"```yaml\n(.*?)```", README, re.DOTALL)
    assert block is not None
    path = tmp_path / "policy.yml"
    path.write_text(block[1])
    read = policy.read(path)
    assert read.policy.severity("sev1").ladder[1].notify == (Target.parse("contact:priya"),)


def test_the_scopes_of_the_manifest_are_those_that_check_asks_for() -> None:
    from bot.check.slack import SCOPES

    manifest = yaml.safe_load((ROOT / "manifest.yml").read_text())
    assert set(manifest["oauth_config"]["scopes"]["bot"]) == set(SCOPES)


def test_links_between_documents_lead_somewhere() -> None:
    for path in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text()):
            assert (path.parent / target).exists(), f"{path.name} → {target}"
