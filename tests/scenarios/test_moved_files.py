"""A database or lock file that is moved or removed while the bot serves from it is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.running import World
from tests.scenarios.test_watching import ready, ticked


def file_of(here: World, ending: str = "") -> Path:
    return Path(here.settings.url.removeprefix("sqlite:///") + ending)


async def test_a_lock_file_that_was_removed_is_noticed(here: World) -> None:
    await ticked(here)
    assert (await ready(here))[0] == 200
    file_of(here, ".lock").unlink()
    status, checks = await ready(here)
    assert status == 503
    assert checks["database"].startswith(f"the lock file {file_of(here, '.lock')} was removed")


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_database_that_was_moved_is_noticed(here: World, replaced: bool) -> None:
    await ticked(here)
    file_of(here).rename(file_of(here, ".old"))
    if replaced:
        file_of(here).write_bytes(file_of(here, ".old").read_bytes())
    status, checks = await ready(here)
    assert status == 503
    assert "was moved, removed or replaced while Tocsin serves from it" in checks["database"]
