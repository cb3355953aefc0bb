"""Runs `tocsin import` as people do, against a double."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bot.cli.main import main
from tests.importers.doubles import KEY, serving

Import = Callable[..., Result]


@pytest.fixture
def run_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Import:
    """Run `tocsin import …` in an empty folder with the double's address and key in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OPSGENIE_API_KEY", KEY)
    monkeypatch.setenv("PAGERDUTY_API_TOKEN", KEY)
    monkeypatch.setenv("ONCALL_API_TOKEN", KEY)
    monkeypatch.setenv("DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path}/tocsin.db")
    for name in ("SLACK_BOT_TOKEN", "TOCSIN_POLICY", "TOCSIN_URL"):
        monkeypatch.delenv(name, raising=False)

    def run(double: Any, *arguments: str) -> Result:
        async def served() -> Result:
            async with serving(double) as url:
                for name in ("OPSGENIE_API_URL", "PAGERDUTY_API_URL", "ONCALL_API_URL"):
                    monkeypatch.setenv(name, url)
                return await asyncio.to_thread(CliRunner().invoke, main, ["import", *arguments])

        return asyncio.run(served())

    return run


def rows_of(result: Result) -> list[dict[str, Any]]:
    """The rows that `--json` printed."""
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)
    assert isinstance(rows, list)
    return rows
