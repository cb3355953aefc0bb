"""Queues the weekly digest when it is due, and reads its content."""

from __future__ import annotations

from datetime import datetime

from bot.domain import routing
from bot.domain.figures.report import Period, Scope
from bot.domain.figures.week import WEEK, Week, load_of
from bot.usecases.context import Context
from bot.usecases.queries.figures import period_figures
from bot.usecases.restored import look_since, looked_for
from bot.usecases.weekly import take_lapsed
from storage import actions, figures, incidents, key_value
from storage.actions import ActionFilter
from storage.alerts.tallies import noisiest
from storage.incidents import IncidentFilter
from storage.outbox import enqueue

SHOWN = 5
REVIEWS_OF = 13 * WEEK  # reviews of incidents that ended longer ago are left out


async def queue_digest(context: Context) -> bool:
    """Queue the digest if it is due, and store the next due time, in one transaction. Returns whether it was due."""
    rules = context.policy.weekly_digest
    async with context.database.transaction() as conn:
        until = await take_lapsed(context, conn, key_value.WEEKLY_DIGEST, rules)
        if until is None or rules is None:
            return False
        await enqueue.put(conn, looked_for([routing.weekly_digest(until, rules.channel)], look_since(context, until)))
    context.wakeups.notify()
    return True


async def read_week(context: Context, until: datetime) -> Week:
    """The figures of the week before `until`, and the work that is owed now."""
    policy, now = context.policy, context.clock.now()
    report = await period_figures(context.database, policy, Scope(Period(until - WEEK, until)), now)
    worst_first = [level.key for level in policy.severities]
    overdue = ActionFilter(due_before=now.astimezone(policy.zone).date())
    async with context.database.snapshot() as conn:
        open_incidents = await incidents.find(
            conn, IncidentFilter(open_only=True, private=False), worst_first, 2 * SHOWN
        )
        counted = await incidents.count(conn, IncidentFilter(open_only=True))
        public = ActionFilter(due_before=overdue.due_before, private=False)
        return Week(
            report=report,
            open=[incident for incident in open_incidents if not incident.drill][:SHOWN],
            open_total=counted.incidents,
            overdue=await actions.live(conn, public, SHOWN),
            overdue_total=await actions.count_live(conn, overdue),
            reviews=await figures.owed_reviews(conn, now - REVIEWS_OF, SHOWN),
            noisy=await noisiest(conn, until - WEEK, until, SHOWN),
            load=load_of(await figures.people_paged(conn, until - WEEK, until), policy.zone),
        )
