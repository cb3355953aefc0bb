"""Shared fixtures of use-case tests: a context on a real database, and a clock that the test moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import policy as policy_reader
from bot.usecases.context import Context, Policies
from storage.database import Database

START = datetime(2026, 3, 29, 1, 30, 15, 123456, tzinfo=UTC)

MakeContext = Callable[[str], Context]


class MovableClock:
    """Stands still until a test moves `instant`."""

    def __init__(self) -> None:
        self.instant = START

    def now(self) -> datetime:
        return self.instant

    def wall(self, instant: datetime) -> float:
        return instant.timestamp()

    def wall_seconds(self, span: timedelta) -> float:
        return span.total_seconds()

    def at(self, wall_s: float) -> datetime:
        return datetime.fromtimestamp(wall_s, UTC)


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def make_context(database: Database, clock: MovableClock, tmp_path: Path) -> MakeContext:
    """A context with the policy of this YAML text."""

    def make(policy: str) -> Context:
        (tmp_path / "policy.yml").write_text(policy)
        loaded = policy_reader.read(tmp_path / "policy.yml")
        return Context(database, Policies(loaded.policy, loaded.document, policy_reader.from_document), clock)

    return make
