from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from bot.domain.alerts.past_alert import PastAlert
from bot.usecases.alerts.import_past import import_past_alerts
from bot.usecases.queries.search import search_past_alerts
from storage import incidents, past_alerts
from storage.database import Database
from tests.storage.helpers import MINUTE, NOW

DISK = PastAlert("opsgenie", "a-1", "Disk full on db-1", "sev3", NOW, NOW + MINUTE, acknowledged_by="ben@example.com")


def many(count: int) -> list[PastAlert]:
    return [replace(DISK, id=f"m-{n}", title=f"CPU hot {n}", fired_at=NOW + n * MINUTE) for n in range(count)]


async def titles(database: Database, words: str) -> list[str]:
    async with database.reading() as conn:
        return [alert.title for alert in await search_past_alerts(conn, words)]


async def test_a_past_alert_is_found_by_its_words_and_takes_no_number_of_an_incident(database: Database) -> None:
    assert await import_past_alerts(database, [DISK, replace(DISK, id="a-2", title="Certificate expires")]) == 2
    assert await titles(database, "disk full") == ["Disk full on db-1"]
    assert await titles(database, "nothing of the kind") == []
    async with database.reading() as conn:
        assert await incidents.last_number(conn) == 0


async def test_importing_alerts_again_changes_nothing(database: Database) -> None:
    assert await import_past_alerts(database, [DISK, DISK]) == 1
    assert await import_past_alerts(database, [replace(DISK, title="Another title"), *many(3)]) == 3
    assert await titles(database, "disk") == ["Disk full on db-1"]
    assert await import_past_alerts(database, [replace(DISK, source="pagerduty")]) == 1


async def test_the_best_match_comes_first_then_the_newest(database: Database) -> None:
    await import_past_alerts(database, [*many(450), DISK, replace(DISK, id="a-3", title="Disk hot")])
    newest = [f"CPU hot {number}" for number in (449, 448, 447, 446)]
    assert await titles(database, "disk hot") == ["Disk hot", *newest]


async def test_alerts_from_before_a_time_are_deleted_with_their_words(database: Database) -> None:
    await import_past_alerts(database, [DISK, replace(DISK, id="a-2", fired_at=NOW + timedelta(days=1))])
    async with database.transaction() as conn:
        assert await past_alerts.delete_before(conn, NOW + MINUTE, 10) == 1
        assert await past_alerts.delete_before(conn, NOW + MINUTE, 10) == 0
    assert len(await titles(database, "disk")) == 1
