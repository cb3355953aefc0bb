from __future__ import annotations

from datetime import timedelta

from bot.domain.alerts.shadow_page import ShadowPage, ShadowSide
from storage import shadow
from storage.database import Database
from tests.storage.helpers import NOW


async def test_old_pages_of_shadow_mode_are_deleted_in_steps(database: Database) -> None:
    days = [ShadowPage(f"k{n}", ShadowSide.THEIRS, NOW + timedelta(days=n), "Anna", "opsgenie:a") for n in range(5)]
    async with database.transaction() as conn:
        await shadow.save(conn, days)
        before = NOW + timedelta(days=3)
        assert [await shadow.delete_before(conn, before, 2) for _ in range(3)] == [2, 1, 0]
        left = await shadow.between(conn, NOW, NOW + timedelta(days=9), 10)
    assert [page.key for page in left] == ["k3", "k4"]


async def test_pages_are_found_by_their_keys(database: Database) -> None:
    page = ShadowPage("opsgenie:7ba97e3a", ShadowSide.ALERT, NOW, "", "opsgenie:disk-1", "Disk full")
    async with database.transaction() as conn:
        await shadow.save(conn, [page])
        assert await shadow.with_keys(conn, {"opsgenie:7ba97e3a", "opsgenie:other"}) == {page.key: page}
        assert await shadow.with_keys(conn, set()) == {}
