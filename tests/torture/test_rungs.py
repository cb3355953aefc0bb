"""Four rungs by four methods page once and in order, whichever process dies; `make torture` has more seeds."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest

from tests.databases import PostgreSQL, SQLiteFiles
from tests.torture.rung_oracle import judge
from tests.torture.rungs import night, plan

ALWAYS = [3, 8] if os.environ.get("TOCSIN_TORTURE") else [3]
SEEDS = [int(seed) for seed in os.environ.get("TOCSIN_RUNGS", "").split(",") if seed] or ALWAYS


async def _night(seed: int, database: str, url: str, folder: Path) -> list[str]:
    async with asyncio.timeout(110), night(plan(seed, database), url, folder) as world:
        await world.run()
        return await judge(world)


@pytest.mark.parametrize("seed", SEEDS)
async def test_each_rung_calls_by_each_method_once_in_order_on_one_process(
    sqlite_files: SQLiteFiles, tmp_path: Path, seed: int
) -> None:
    wrong = await _night(seed, "sqlite", sqlite_files.create(), tmp_path)
    assert not wrong, f"{plan(seed, 'sqlite')}\n" + "\n".join(wrong)


@pytest.mark.parametrize("seed", SEEDS)
async def test_each_rung_calls_by_each_method_once_in_order_on_two_replicas(
    postgresql: PostgreSQL, tmp_path: Path, seed: int
) -> None:
    url = postgresql.create()
    wrong = await _night(seed, "postgresql", url, tmp_path)
    assert not wrong, f"{plan(seed, 'postgresql')}\n" + "\n".join(wrong)
    postgresql.give_back(url)
