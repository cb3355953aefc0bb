from __future__ import annotations

from datetime import timedelta

from bot.domain.oncall.schedule import Override
from storage import overrides
from storage.database import Database
from tests.storage.helpers import NOW

HOUR = timedelta(hours=1)


async def test_covers_are_in_force_until_they_end_in_the_order_made(database: Database) -> None:
    first = Override("primary", "U1", NOW, NOW + 2 * HOUR)
    second = Override("primary", "U2", NOW, NOW + HOUR)
    async with database.transaction() as conn:
        await overrides.add(conn, first, "U1", NOW)
        await overrides.add(conn, second, "U2", NOW)
    async with database.reading() as conn:
        assert await overrides.in_force(conn, NOW) == (first, second)
        assert await overrides.in_force(conn, NOW + HOUR) == (first,)
        assert await overrides.in_force(conn, NOW + 2 * HOUR) == ()


async def test_a_cover_that_is_ended_early_is_returned_as_it_was_made(database: Database) -> None:
    later = Override("primary", "U1", NOW + 3 * HOUR, NOW + 4 * HOUR)
    current = Override("primary", "U1", NOW, NOW + 2 * HOUR)
    async with database.transaction() as conn:
        for cover in (later, current, Override("primary", "U2", NOW, NOW + HOUR)):
            await overrides.add(conn, cover, cover.member, NOW)
        assert await overrides.end_early(conn, "primary", "U1", NOW + HOUR / 2) == (current, later)
        assert await overrides.end_early(conn, "primary", "U1", NOW + HOUR / 2) == ()
        assert [cover.member for cover in await overrides.in_force(conn, NOW + HOUR / 2)] == ["U2"]


async def test_imported_shifts_are_replaced_and_come_before_covers(database: Database) -> None:
    cover = Override("primary", "U1", NOW, NOW + HOUR)
    shift = Override("primary", "anna", NOW, NOW + 2 * HOUR)
    async with database.transaction() as conn:
        await overrides.add(conn, cover, "U1", NOW)
        await overrides.replace_imported_shifts(conn, "primary", [Override("primary", "ben", NOW, NOW + HOUR)])
        await overrides.replace_imported_shifts(conn, "primary", [shift])
        await overrides.replace_imported_shifts(conn, "backup", [shift])
        await overrides.delete_imported_except(conn, ["primary"])
        assert await overrides.imported_shifts(conn, "primary") == [shift]
        assert await overrides.imported_shifts(conn, "backup") == []
        assert await overrides.in_force(conn, NOW) == (shift, cover)


async def test_a_cover_of_a_layer_keeps_it_and_can_be_ended_alone(database: Database) -> None:
    night = Override("support", "U1", NOW, NOW + HOUR, "night")
    whole = Override("support", "U1", NOW, NOW + HOUR)
    async with database.transaction() as conn:
        await overrides.add(conn, night, "U1", NOW)
        await overrides.add(conn, whole, "U1", NOW)
        assert await overrides.in_force(conn, NOW) == (night, whole)
        assert await overrides.end_early(conn, "support", "U1", NOW, "night") == (night,)
        assert await overrides.in_force(conn, NOW) == (whole,)
