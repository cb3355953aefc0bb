"""The benchmark behind docs/scale.md still runs, on a database that hardly grows."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.scale import growth, world

ACTIONS = ("declare", "note", "list all", "20 alerts")


async def test_the_benchmark_of_growth_fills_asks_and_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "IDLE_S", 1.0)
    monkeypatch.setattr(growth, "DUE", 2)
    monkeypatch.setattr(growth, "WARM", 0)

    costs = await growth.measure(tmp_path, ["sqlite"], {world.HISTORY: ACTIONS}, [1], 1)

    by_action = {cost.action: cost for cost in costs}
    assert set(by_action) == {*ACTIONS, growth.IDLE, growth.REMINDER, growth.START, growth.MEMORY}
    for action in (*ACTIONS, growth.REMINDER):
        assert by_action[action].counts.statements > 0
        assert by_action[action].counts.database > 0
    assert "| declare |" in growth.table(costs, "sqlite", world.HISTORY)
