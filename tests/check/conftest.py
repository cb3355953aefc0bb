"""Fixtures of the tests of `tocsin check`."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.check.scene import Scene, scene


@pytest.fixture
async def well(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    """An installation in a folder of its own that would work."""
    monkeypatch.chdir(tmp_path)
    async with scene(tmp_path, lambda: request.getfixturevalue("postgresql")) as made:
        yield made
