"""Records past alerts of another tool. They are not incidents; only search finds them."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.alerts.past_alert import PastAlert
from bot.usecases.search_index import unique_terms
from storage import imports, past_alerts
from storage.database import Database

PORTION = 200  # alerts of one transaction: the bot, which may be running, commits in between
MOST_WORDS = 60  # of one alert in the search index
KIND = "alert"  # of imports that an earlier version recorded as incidents


async def import_past_alerts(database: Database, past: Sequence[PastAlert]) -> int:
    """Record those that were not imported before, oldest first. Returns how many. Calling it again is safe."""
    recorded = 0
    ordered = sorted(past, key=lambda alert: (alert.fired_at, alert.id))
    for begin in range(0, len(ordered), PORTION):
        portion = ordered[begin : begin + PORTION]
        async with database.serialized() as conn:
            known_keys: set[tuple[str, str]] = set()
            for source in sorted({alert.source for alert in portion}):
                ids = [alert.id for alert in portion if alert.source == source]
                known_ids = await past_alerts.known_ids(conn, source, ids) | await imports.known_ids(
                    conn, source, KIND, ids
                )
                known_keys |= {(source, known_id) for known_id in known_ids}
            new = {(alert.source, alert.id): alert for alert in portion if (alert.source, alert.id) not in known_keys}
            await past_alerts.add(conn, [(alert, _search_terms(alert)) for alert in new.values()])
        recorded += len(new)
    return recorded


def _search_terms(alert: PastAlert) -> tuple[str, ...]:
    return unique_terms(alert.title, alert.description)[:MOST_WORDS]
