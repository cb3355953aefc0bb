"""Queues reminders of action items that are due, one message for all items of a person."""

from __future__ import annotations

from datetime import date, datetime

from bot.domain import routing
from bot.domain.actions import reminders
from bot.domain.routing.notice import Notice
from bot.usecases.context import Context
from bot.usecases.restored import look_since, looked_for
from storage import actions
from storage.outbox import enqueue

AT_ONCE = 500


async def remind_owners(context: Context) -> int:
    """Queue the reminders that are due, and plan the next ones in the same transaction. Returns the number of people.

    Days that passed while the bot was down count as one reminder: today's. A day that has begun east of the owner has
    a reminder of its own, which waits for their morning. Replicas may do this at the same time.
    """
    now = context.clock.now()
    async with context.database.transaction() as conn:
        due = await actions.claim_due(conn, now, AT_ONCE)
        today = now.astimezone(context.policy.zone).date()
        since: dict[tuple[str, date], datetime] = {}  # by owner and day
        next_reminders, notices = [], list[Notice]()
        for item, remind_at in due:
            day = max(reminders.day_of(remind_at), today)
            if item.live and item.owner:
                since[item.owner, day] = min(remind_at, since.get((item.owner, day), remind_at))
            next_reminders.append((item, reminders.begins_at(reminders.next_day(item, day))))
        for item, remind_at_next in next_reminders:
            await actions.plan_reminder(conn, item, remind_at_next)
        if since:
            for (owner, day), begun_at in sorted(since.items()):
                notices += looked_for([routing.action_reminder(owner, day)], look_since(context, begun_at))
            await enqueue.put(conn, notices)
    if since:
        context.wakeups.notify()
    return len({owner for owner, _ in since})
