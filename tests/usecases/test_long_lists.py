"""Lists of a long history show every private incident that a person may see, though only a part of it is read."""

from __future__ import annotations

import pytest

from bot.usecases.queries.find_incidents import find_incidents
from bot.usecases.queries.list_incidents import IncidentQuery, list_incidents
from storage import incidents
from storage.database import Database
from tests.storage.helpers import incident

ME, OTHER = "U0ME000000", "U0OTHER000"


async def _store(database: Database) -> None:
    """Thirty incidents, every fifth private: every tenth is mine."""
    async with database.transaction() as conn:
        for number in range(1, 31):
            lead = ME if number % 10 == 0 else OTHER
            await incidents.insert(conn, incident(number, private=number % 5 == 0, roles={"commander": lead}))


async def test_pages_of_a_list_have_each_incident_once_the_private_ones_that_concern_me_among_them(
    database: Database,
) -> None:
    await _store(database)
    seen: list[int] = []
    before: int | None = None
    async with database.reading() as conn:
        while True:
            page = await list_incidents(conn, IncidentQuery(before=before), ME, 4)
            assert len(page.incidents) <= 4
            seen += [each.number for each in page.incidents]
            if page.more_before is None:
                break
            before = page.more_before
    assert seen == [n for n in range(30, 0, -1) if n % 5 or n % 10 == 0]


@pytest.mark.parametrize("counted", [5, 1000])
async def test_the_newest_of_a_list_are_the_same_however_many_are_counted(
    database: Database, monkeypatch: pytest.MonkeyPatch, counted: int
) -> None:
    monkeypatch.setattr(incidents, "MOST_COUNTED", counted)
    await _store(database)
    async with database.reading() as conn:
        found = await find_incidents(conn, ME, open_only=False, limit=8)
    assert [each.number for each in found.incidents] == [30, 29, 28, 27, 26, 24, 23, 22]
    assert found.is_all is (counted == 1000)
    if found.is_all:
        assert found.total == 27
