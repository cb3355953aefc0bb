"""An installation that is set up well fails no check."""

from __future__ import annotations

from tests.check.scene import Scene


async def test_nothing_is_wrong_with_an_installation_that_works(well: Scene) -> None:
    await well.served()
    lines = await well.said()
    assert [line for line in lines if line.startswith("✗")] == []
    assert "✓ slack: connected to Sandbox as tocsin" in lines
    assert "✓ scopes: all granted" in lines


async def test_before_the_first_start_nothing_is_wrong_and_nothing_is_created(well: Scene) -> None:
    lines = await well.said()
    assert [line for line in lines if line.startswith("✗")] == []
    assert f"✓ database: {well.folder}/tocsin.db is not there yet; the first start creates it" in lines
    assert [path.name for path in well.folder.iterdir()] == ["policy.yml"]
