"""`tocsin replay` compares, and changes nothing."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from bot.cli.main import main

POLICY = """
preset: sev1-5
contacts: {ana: {name: Ana, slack: U0AAAAAA7}}
severities: {sev1: {respond_within: null, ladder: [{after: 0m, notify: ["contact:ana"], by: [slack]}]}}
"""


def test_the_json_has_the_documented_fields_and_the_database_is_untouched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "new.yml").write_text(POLICY)
    env = {"DATABASE_URL": f"sqlite:///{tmp_path}/t.db"}

    def tocsin(*words: str) -> str:
        result = CliRunner().invoke(main, list(words), env=env)
        assert result.exit_code == 0, result.output
        return result.output

    def read(*words: str) -> Any:
        return json.loads(tocsin("replay", *words, "--policy", "new.yml", "--json"))

    tocsin("migrate")
    tocsin("declare", "sev1", "Checkout", "is", "down")
    before = hashlib.sha256((tmp_path / "t.db").read_bytes()).hexdigest()
    one = read("INC-1")
    assert list(one) == ["incident", "sent", "would_send", "differences"]
    (page,) = [each for each in one["would_send"] if each["kind"] == "page"]
    assert list(page) == ["at", "kind", "rung", "to", "by", "reason"]
    assert (page["rung"], page["to"], page["by"]) == (1, ["U0AAAAAA7"], ["slack"])
    assert [row["difference"] for row in one["differences"] if row["kind"] == "page"] == ["would be sent as well"]
    summed = read("--all", "--since", "90d")
    assert {name: set(row) for name, row in summed.items()} == {
        name: {"sent", "would_send"} for name in ("pages", "night_pages", "silent_minutes")
    }
    assert summed["pages"] == {"sent": 0, "would_send": 1}
    assert "would be sent as well" in tocsin("replay", "INC-1", "--policy", "new.yml")
    assert hashlib.sha256((tmp_path / "t.db").read_bytes()).hexdigest() == before
