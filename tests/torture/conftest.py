"""The laboratory as a pytest fixture, on the session's databases."""

from __future__ import annotations

import pytest

from tests.databases import PostgreSQL, SQLiteFiles
from tests.scenarios.conftest import plain_log
from tests.torture.runs import Laboratory

__all__ = ["lab", "plain_log"]


@pytest.fixture(scope="session")
def lab(request: pytest.FixtureRequest, sqlite_files: SQLiteFiles) -> Laboratory:
    def postgresql() -> PostgreSQL:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server

    return Laboratory(sqlite_files, postgresql)
