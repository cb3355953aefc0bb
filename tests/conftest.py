"""Fixtures of all tests. A test with `database` or `database_url` runs on both SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import hypothesis
import pytest
from aiohttp import web_app

from storage.database import Database
from storage.open import open_database
from tests.databases import PostgreSQL, SQLiteFiles

BOTH = ("sqlite", "postgresql")

# An example may take any time, since other tests use the processors meanwhile.
hypothesis.settings.register_profile(
    "shared machine", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("shared machine")


@pytest.fixture(autouse=True)
def forgotten_handlers() -> Iterator[None]:
    """aiohttp remembers the last thousand handlers, and with each of them the whole bot of its test."""
    yield
    web_app._cached_build_middleware.cache_clear()


@pytest.fixture(scope="session")
def sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> SQLiteFiles:
    return SQLiteFiles(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    server = PostgreSQL()
    yield server
    server.stop()


@pytest.fixture
def sqlite_url(sqlite_files: SQLiteFiles) -> str:
    """A migrated SQLite file of the test's own."""
    return sqlite_files.create()


@pytest.fixture(params=BOTH)
def database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A migrated database of the test's own, of either kind, for tests that start the real process."""
    yield from _created(request, empty=False)


@pytest.fixture(params=BOTH)
def empty_database_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database without any tables yet."""
    yield from _created(request, empty=True)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open, empty database of either kind."""
    connected = await open_database(database_url)
    yield connected
    await connected.close()


def _created(request: pytest.FixtureRequest, *, empty: bool) -> Iterator[str]:
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_files").create(empty=empty)
        return
    server: PostgreSQL = request.getfixturevalue("postgresql")
    url = server.create(empty=empty)
    yield url
    if empty:
        server.drop(url)
    else:
        server.give_back(url)
