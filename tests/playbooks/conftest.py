"""Fixtures of the runners' tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.playbooks.hostile import Bench
from tests.programs import program_folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder for programs."""
    with program_folder() as folder:
        yield folder


@pytest.fixture
def bench(folder: Path) -> Bench:
    return Bench(folder)
