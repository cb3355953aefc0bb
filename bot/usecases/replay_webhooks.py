"""Sends past events to the policy's webhooks again, for a receiver that has lost some."""

from __future__ import annotations

from datetime import datetime

from bot.domain.errors import Refused
from bot.domain.routing.webhooks import EVENT_KINDS, webhook_notices
from bot.usecases.context import Context
from storage import incidents
from storage.outbox import enqueue
from storage.timeline import entry_pages
from storage.timeline.entry_pages import EntryFilter

BATCH = 500
MOST_INCIDENTS = 10_000


async def replay(context: Context, since: datetime) -> int:
    """Queue the events since an instant, in the order of each timeline. Returns how many notices were queued."""
    rules = context.policy.webhooks
    if not rules:
        raise Refused("The policy has no webhooks. Add some under `webhooks:`, then try again.")
    key_suffix = f":{context.clock.now().timestamp():.6f}"
    async with context.database.reading() as conn:
        numbers = await incidents.open_or_ended_after(conn, since, MOST_INCIDENTS)
    count = 0
    for number in sorted(numbers):
        last_seq: int | None = None
        while True:
            entry_filter = EntryFilter(kinds=frozenset(EVENT_KINDS), beyond=last_seq)
            async with context.database.transaction() as conn:
                incident = await incidents.get(conn, number)
                records = await entry_pages.read(conn, number, entry_filter, BATCH)
                late = [record for record in records if record.entry.at >= since]
                notices = webhook_notices(incident, late, rules, key_suffix) if incident is not None else []
                await enqueue.put(conn, notices)
            count += len(notices)
            if len(records) < BATCH:
                break
            last_seq = records[-1].seq
    context.wakeups.notify()
    return count
