"""A bot with its API, and programs that use it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.calls import BOOTSTRAP, Program, program
from tests.scenarios.running import World, world


@pytest.fixture
async def here(sqlite_url: str) -> AsyncIterator[World]:
    async with world(sqlite_url, tocsin_api_token=BOOTSTRAP) as running:
        yield running


@pytest.fixture
async def maya(here: World) -> AsyncIterator[Program]:
    async with program(here) as client:
        yield client
