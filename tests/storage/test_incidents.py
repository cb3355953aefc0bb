from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from bot.domain.incident import Incident, Ladder, PagedRung, Snooze
from bot.domain.incident.status import Status
from bot.domain.timeline.entry import Entry
from storage import incidents
from storage.database import Database
from storage.incidents import IncidentCount, IncidentFilter
from storage.open import open_database
from storage.timeline import entries
from tests.storage.helpers import NOW, incident, store_incidents


async def test_an_incident_is_read_as_it_was_stored(database: Database) -> None:
    full = incident(
        title="Zahlung 💥 <!channel> \u202eright to left",
        status=Status.MITIGATING,
        services=("checkout", "pay"),
        roles={"commander": "U7", "aa": "U8"},
        responders=("U7", "U8"),
        ladder=Ladder(
            NOW,
            pages=(PagedRung(1, 2, NOW, ("U1",)),),
            spent={"sev2": (1, 2)},
            fired=("mitigate:sev2",),
            silence_paged=True,
        ),
        snooze=Snooze("U1", NOW + timedelta(microseconds=1)),
        channel_id="C1",
        private=True,
    )
    async with database.transaction() as conn:
        await incidents.insert(conn, full)
    async with database.reading() as conn:
        assert await incidents.get(conn, 1) == full
        assert await incidents.number_of_channel(conn, "C1") == 1
        assert await incidents.get(conn, 2) is None
        assert await incidents.number_of_channel(conn, "C2") is None


async def test_text_that_no_database_accepts_is_replaced_not_refused(database: Database) -> None:
    async with database.transaction() as conn:
        await incidents.insert(conn, incident(title="nul \x00 half \ud83d", roles={"a\x00": "U1"}))
        locked = await incidents.get(conn, 1)
    assert locked is not None
    assert locked.title == "nul \ufffd half \ufffd"
    assert locked.roles == {"a\ufffd": "U1"}


async def test_numbers_follow_one_another_without_gaps_when_a_declaration_fails(database: Database) -> None:
    async def declare(fails: bool) -> int | None:
        try:
            async with database.transaction() as conn:
                number = await incidents.next_number(conn)
                await incidents.insert(conn, incident(number))
                if fails:
                    raise ZeroDivisionError
                return number
        except ZeroDivisionError:
            return None

    numbers = await asyncio.gather(*(declare(fails=n % 3 == 0) for n in range(30)))
    assert sorted(n for n in numbers if n) == list(range(1, 21))


async def test_of_400_changes_at_once_none_is_lost(database: Database, database_url: str) -> None:
    await store_incidents(database)
    other = await open_database(database_url)  # another process, on PostgreSQL another replica

    async def change(through: Database) -> None:
        async with through.transaction() as conn:
            locked = await incidents.lock(conn, 1)
            assert locked is not None
            await incidents.save(conn, replace(locked, updates=locked.updates + 1))

    try:
        await asyncio.gather(*(change(through) for _ in range(200) for through in (database, other)))
    finally:
        await other.close()
    async with database.reading() as conn:
        locked = await incidents.get(conn, 1)
    assert locked is not None
    assert locked.updates == 400


async def test_saving_an_incident_that_is_not_stored_is_refused(database: Database) -> None:
    with pytest.raises(LookupError, match="INC-9 is not stored"):
        async with database.transaction() as conn:
            await incidents.save(conn, incident(9))


async def test_an_instant_without_a_zone_is_refused(database: Database) -> None:
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the point of the test
    with pytest.raises(ValueError, match="without a time zone"):
        async with database.transaction() as conn:
            await incidents.insert(conn, incident(update_due_at=naive))


async def test_incidents_are_listed_newest_first_and_filtered(database: Database) -> None:
    stored = [
        incident(1, severity="sev1"),
        incident(2, status=Status.RESOLVED, ended_at=NOW),
        incident(3, private=True),
        incident(4),
    ]

    def numbers(rows: list[Incident]) -> list[int]:
        return [item.number for item in rows]

    async with database.transaction() as conn:
        for item in stored:
            await incidents.insert(conn, item)
        assert numbers(await incidents.newest(conn)) == [4, 3, 2, 1]
        assert numbers(await incidents.newest(conn, open_only=True)) == [4, 3, 1]
        assert numbers(await incidents.newest(conn, private=False)) == [4, 2, 1]
        assert numbers(await incidents.newest(conn, severity="sev2", limit=2)) == [4, 3]


async def test_of_a_long_history_the_newest_are_counted(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(incidents, "MOST_COUNTED", 2)
    async with database.transaction() as conn:
        for number in (1, 2, 3):
            await incidents.insert(conn, incident(number, drill=number == 3, status=Status.RESOLVED))
        assert await incidents.count(conn, IncidentFilter()) == IncidentCount(1, 1, is_all=False)
        assert await incidents.count(conn, IncidentFilter(at_least=2)) == IncidentCount(1, 1)


async def test_a_channel_moved_to_another_incident_belongs_to_the_newest(database: Database) -> None:
    async with database.transaction() as conn:
        await incidents.insert(conn, incident(1, channel_id="C1"))
        await incidents.insert(conn, incident(2, channel_id="C1"))
        assert await incidents.number_of_channel(conn, "C1") == 2


async def test_incidents_are_filtered_ordered_and_counted_by_the_query(database: Database) -> None:
    async with database.transaction() as conn:
        for number in range(1, 301):
            level, lead = ("sev1" if number in (3, 7) else "sev3"), {"commander": "U0LEAD0000"} if number == 5 else {}
            drill, private = number == 7, number in (9, 11)
            await incidents.insert(conn, incident(number, severity=level, roles=lead, drill=drill, private=private))
        ended = incident(301, severity="sev1", status=Status.RESOLVED)
        await incidents.insert(conn, ended)

        async def numbers(wanted: IncidentFilter, *worst_first: str, limit: int = 3) -> list[int]:
            return [each.number for each in await incidents.find(conn, wanted, worst_first, limit)]

        running = IncidentFilter(open_only=True)
        assert await numbers(running) == [300, 299, 298]
        assert await numbers(running, "sev1", "sev3") == [7, 3, 300]
        worst = replace(running, severities=frozenset({"sev1"}))
        assert await numbers(worst) == [7, 3]
        assert await incidents.count(conn, worst) == IncidentCount(1, 1)
        assert await incidents.count(conn, running) == IncidentCount(299, 1)
        assert await numbers(replace(running, naming=frozenset({"u0lead0000", "U0NOBODY00"}))) == [5]
        assert await numbers(replace(running, naming=frozenset({"U0LEAD"}))) == []
        await entries.append(conn, 9, [Entry(NOW, "joined", "U0TOM00000", "joined")])
        hidden = IncidentFilter(open_only=True, private=True)
        assert await numbers(hidden) == [11, 9]
        assert await numbers(replace(hidden, concerning="U0TOM00000")) == [9]
