"""Fixtures of the scenarios."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.scenarios.running import World, world


@pytest.fixture
async def here(sqlite_url: str) -> AsyncIterator[World]:
    """A bot on SQLite over HTTP."""
    async with world(sqlite_url) as running:
        yield running
