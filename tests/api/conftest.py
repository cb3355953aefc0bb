"""A bot with its API, and programs that use it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.api.calls import BOOTSTRAP, Program, program
from tests.scenarios.running import World, running_world


@pytest.fixture
async def world(sqlite_url: str) -> AsyncIterator[World]:
    async with running_world(sqlite_url, tocsin_api_token=BOOTSTRAP) as running:
        yield running


@pytest.fixture
async def maya(world: World) -> AsyncIterator[Program]:
    async with program(world) as client:
        yield client
