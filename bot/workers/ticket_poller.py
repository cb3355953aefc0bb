"""Polls trackers for changes of tickets, since their webhooks may get lost.

Each project with open tickets is asked for the changes since the last one that was read. After a downtime in a busy
project that takes several requests. Replicas may poll at the same time: a state that is recorded already changes
nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

import structlog

from bot.domain.actions.ticket import TicketNews, TrackerKind
from bot.domain.errors import DeliveryError
from bot.integrations.trackers.protocol import Tracker
from bot.usecases.actions.ticket_news import take_news
from bot.usecases.context import Context
from bot.workers.base import Periodic
from storage import tickets
from storage.key_value import ticket_cursor

log = structlog.get_logger()

EVERY = timedelta(seconds=30)
FIRST = timedelta(seconds=15)
SETTLED_FOR = timedelta(days=30)  # a closed ticket is polled that long, since it may be reopened
OVERLAP = timedelta(minutes=2)  # between two looks: clocks differ, and lists lag
LONGEST_LOOK_BACK = timedelta(days=14)
LOOKS = 20  # requests for one project in one run; the next run reads on


def ticket_poller(context: Context, trackers: Callable[[], Mapping[TrackerKind, Tracker]]) -> Periodic:
    """The task. `trackers` returns those that are configured now."""
    quiet_until: dict[TrackerKind, datetime] = {}

    async def poll() -> None:
        now = context.clock.now()
        async with context.database.reading() as conn:
            projects = await tickets.projects(conn, now - SETTLED_FOR)
        built = trackers() if projects else {}
        for kind, project in projects:
            if kind in built and now >= quiet_until.get(kind, now):
                try:
                    await _look(context, built[kind], project, now)
                except DeliveryError as error:
                    quiet_until[kind] = now + timedelta(seconds=error.wait_s or 0.0)
                    log.warning("tickets.not_read", tracker=kind.value, project=project, error=str(error))

    return Periodic("tickets", EVERY, FIRST, poll)


async def _look(context: Context, tracker: Tracker, project: str, now: datetime) -> None:
    """Take in the changes, and move the cursor to the last one that was read. Raises `DeliveryError`."""
    cursor = ticket_cursor(tracker.kind.value, project)
    async with context.database.reading() as conn:
        stored = await cursor.get(conn)
    since = max(datetime.fromisoformat(stored) if stored else now - OVERLAP, now - LONGEST_LOOK_BACK)
    for _ in range(LOOKS):
        changes = await tracker.changed_since(project, since)
        await _take(context, tracker.kind, project, changes.news)
        since = changes.read_to or now - OVERLAP
        async with context.database.transaction() as conn:
            await cursor.put(conn, since.isoformat())
        if changes.read_to is None:
            break


async def _take(context: Context, kind: TrackerKind, project: str, changed: Sequence[TicketNews]) -> None:
    async with context.database.reading() as conn:
        tickets_by_external = await tickets.by_external(conn, kind, project, [news.external for news in changed])
    for news in changed:
        if news.external in tickets_by_external and tickets_by_external[news.external].state is not news.state:
            await take_news(context, news)
