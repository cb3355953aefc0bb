"""Records alerts of the past that another tool had. They are no incidents: they are found by search alone."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.alerts.past_alert import PastAlert
from bot.usecases.search_index import unique_terms
from storage import imports, past_alerts
from storage.database import Database

PORTION = 200  # alerts of one transaction: the bot, which may be running, commits in between
MOST_WORDS = 60  # of one alert that it is found by
KIND = "alert"  # of those that an earlier version recorded as incidents


async def import_past_alerts(database: Database, past: Sequence[PastAlert]) -> int:
    """Record those that were not imported before, oldest first. Returns how many. Calling it again is safe."""
    recorded = 0
    ordered = sorted(past, key=lambda each: (each.fired_at, each.id))
    for begin in range(0, len(ordered), PORTION):
        portion = ordered[begin : begin + PORTION]
        async with database.serialized() as conn:
            known: set[tuple[str, str]] = set()
            for source in sorted({each.source for each in portion}):
                ids = [each.id for each in portion if each.source == source]
                there = await past_alerts.known(conn, source, ids) | await imports.known(conn, source, KIND, ids)
                known |= {(source, each) for each in there}
            new = {(each.source, each.id): each for each in portion if (each.source, each.id) not in known}
            await past_alerts.add(conn, [(each, _words(each)) for each in new.values()])
        recorded += len(new)
    return recorded


def _words(alert: PastAlert) -> tuple[str, ...]:
    return unique_terms(alert.title, alert.description)[:MOST_WORDS]
