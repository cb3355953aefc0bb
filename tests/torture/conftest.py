"""The laboratory for pytest: on the session's databases."""

from __future__ import annotations

import pytest

from tests.databases import PostgreSQL, SQLiteFiles
from tests.torture.runs import Laboratory


@pytest.fixture(scope="session")
def place(request: pytest.FixtureRequest, sqlite_files: SQLiteFiles) -> Laboratory:
    def postgresql() -> PostgreSQL:
        server: PostgreSQL = request.getfixturevalue("postgresql")
        return server

    return Laboratory(sqlite_files, postgresql)
