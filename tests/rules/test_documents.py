"""The examples of docs/rules.md work unchanged."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from bot import policy
from bot.cli.main import main
from tests.rules.prometheus import needs_prometheus

TEXT = (Path(__file__).parents[2] / "docs" / "rules.md").read_text(encoding="utf-8")
EXAMPLES = dict(re.findall(r"```yaml\n# (\S+)\n(.*?)```", TEXT, re.DOTALL))


def test_the_policy_is_valid_without_warnings_of_rules(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(EXAMPLES["policy.yml"], encoding="utf-8")
    loaded = policy.read(path)
    assert list(loaded.policy.rules) == ["checkout-errors", "no-orders"]
    assert not [warning for warning in loaded.warnings if "rules" in warning or "probes" in warning]


@needs_prometheus
def test_the_unit_test_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in EXAMPLES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["rules", "test", "checkout.test.yml"], catch_exceptions=False)
    assert (result.output, result.exit_code) == ("✓ checkout.test.yml: half of the requests fail\n", 0)


def test_the_nine_rules_that_ship_are_nine(tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text("rules: {preset: llm-platform}", encoding="utf-8")
    assert "brings nine rules" in TEXT
    assert len(policy.load(path).rules) == 9
