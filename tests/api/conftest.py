"""A bot with its API, and programs that use it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.api.calls import BOOTSTRAP, Program, program
from tests.scenarios.running import World, running_world


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with running_world(sqlite_url, tocsin_api_token=BOOTSTRAP) as running:
        yield running


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands run where neither this checkout's policy nor its `.env` is meant."""
    monkeypatch.chdir(tmp_path)
    for name in ("TOCSIN_POLICY", "DATABASE_URL", "TOCSIN_URL", "TOCSIN_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
async def maya(world: World) -> AsyncIterator[Program]:
    async with program(world) as client:
        yield client
