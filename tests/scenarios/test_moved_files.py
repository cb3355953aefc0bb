"""A database or lock file that is moved or removed while the bot serves from it is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.running import World
from tests.scenarios.test_watching import ready, ticked


def file_of(world: World, ending: str = "") -> Path:
    return Path(world.settings.url.removeprefix("sqlite:///") + ending)


async def test_a_lock_file_that_was_removed_is_noticed(world: World) -> None:
    await ticked(world)
    assert (await ready(world))[0] == 200
    file_of(world, ".lock").unlink()
    status, checks = await ready(world)
    assert status == 503
    assert checks["database"].startswith(f"the lock file {file_of(world, '.lock')} was removed")


@pytest.mark.parametrize("replaced", [False, True])
async def test_a_database_that_was_moved_is_noticed(world: World, replaced: bool) -> None:
    await ticked(world)
    file_of(world).rename(file_of(world, ".old"))
    if replaced:
        file_of(world).write_bytes(file_of(world, ".old").read_bytes())
    status, checks = await ready(world)
    assert status == 503
    assert "was moved, removed or replaced while Tocsin serves from it" in checks["database"]
