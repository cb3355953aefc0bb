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

    Days that passed while the bot was down count as one reminder. Replicas may do this at the same time.
    """
    now = context.clock.now()
    async with context.database.transaction() as conn:
        due = await actions.claim_due(conn, now, AT_ONCE)
        today = now.astimezone(context.policy.zone).date()
        days: dict[str, date] = {}
        since: dict[str, datetime] = {}
        next_reminders, notices = [], list[Notice]()
        for item, remind_at in due:
            day = max(reminders.day_of(remind_at), today)
            if item.live and item.owner:
                days[item.owner] = max(day, days.get(item.owner, day))
                since[item.owner] = min(remind_at, since.get(item.owner, remind_at))
            next_reminders.append((item, reminders.begins_at(reminders.next_day(item, day))))
        for item, remind_at_next in next_reminders:
            await actions.plan_reminder(conn, item, remind_at_next)
        if days:
            for owner, day in days.items():
                notice = routing.action_reminder(owner, day)
                notices += looked_for([notice], look_since(context, since[owner]))
            await enqueue.put(conn, notices)
    if days:
        context.wakeups.notify()
    return len(days)
