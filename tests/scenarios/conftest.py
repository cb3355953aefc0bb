"""Fixtures of the scenarios."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import structlog

from tests.programs import program_folder
from tests.scenarios.running import World, running_world
from tests.scenarios.shop import Shop


@pytest.fixture(autouse=True)
def plain_log() -> Iterator[None]:
    """Tracebacks in the log without the values of variables, as in production, where `bot.logs` sees to it."""
    renderer = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, renderer])
    yield
    structlog.reset_defaults()


@pytest.fixture
def policy() -> Path | None:
    """The preset; a module with a policy of its own has a fixture of this name."""
    return None


@pytest.fixture
async def world(sqlite_url: str, policy: Path | None) -> AsyncIterator[World]:
    """A bot on SQLite over HTTP."""
    async with running_world(sqlite_url, policy=policy) as running:
        yield running


@pytest.fixture
def shop() -> Iterator[Shop]:
    """Programs that playbooks run."""
    with program_folder() as folder:
        yield Shop(folder)
