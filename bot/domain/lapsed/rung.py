"""Decides what to do when a rung (step) of the escalation ladder is due: page it, or page it again."""

from __future__ import annotations

from collections.abc import Collection

from bot.domain.deadlines import Deadline, plan
from bot.domain.incident import Change, Incident
from bot.domain.lapsed.reminder_reason import late_by
from bot.domain.outcome import Outcome, PageCause, due, of_paging, skip
from bot.domain.paging import ladder
from bot.domain.paging.context import PagingContext
from bot.domain.routing.keys import RungSubject
from bot.domain.values import durations


def decide(incident: Incident, deadline: Deadline, waiting: Collection[str], context: PagingContext) -> Outcome:
    """Page the rung of this deadline, after lower rungs that are due too; paging a lower rung may use this one up.

    `waiting` are the keys of the incident's deadlines that are not decided yet. A process that has died may still hold
    the rows of the lower rungs; if it comes back, it finds them decided.
    """
    rung = deadline.about(RungSubject).rung
    planned = plan(incident, context.policy)
    lower = [
        lapsed
        for lapsed in planned
        if lapsed.rung is not None
        and lapsed.rung < rung
        and lapsed.due_at <= context.now
        and lapsed.dedup_key in waiting
    ]
    outcome = Outcome(Change(incident))
    for lapsed in [*sorted(lower, key=lambda lapsed: (lapsed.due_at, lapsed.dedup_key)), deadline]:
        if any(planned_deadline.dedup_key == lapsed.dedup_key for planned_deadline in planned):
            outcome = outcome.then(_page(outcome.incident, lapsed, context))
            planned = plan(outcome.incident, context.policy)
    return outcome


def _page(incident: Incident, deadline: Deadline, context: PagingContext) -> Outcome:
    policy, now, number = context.policy, context.now, deadline.about(RungSubject).rung
    level = policy.severity(incident.severity)
    rung = level.ladder[number - 1]
    late = late_by(now - deadline.due_at, rung.after)
    if number in incident.ladder.spent.get(level.key, ()):
        why = f"still not {rung.until}{late}"
        paging = ladder.repeat_rung(incident, context, number)
        if paging.rung is None:
            return skip(paging.change, deadline.dedup_key, f"{why}: {paging.skipped[0][1]}")
    else:
        occasion = f"{durations.exact(rung.after)} without being {rung.until}" if rung.after else _occasion(incident)
        why = f"{occasion}{late}"
        paging = ladder.page_next_rung(incident, context, why, rung=number)
    reason = (
        f"paged: {why}{ladder.recipients_text(paging, policy)}"
        if paging.rung is not None
        else f"{why}: nobody left to page"
    )
    lapsed = due(Change(incident), deadline.dedup_key, reason)
    return lapsed.then(of_paging(incident, paging, PageCause(why, deadline.dedup_key), context))


def _occasion(incident: Incident) -> str:
    """Why the ladder started, in words."""
    if incident.ladder.started_at == incident.declared_at:
        return f"{incident.severity} was declared"
    if incident.episode > 1 and not incident.ladder.spent:
        return f"{incident.severity} was reopened"
    return f"it is {incident.severity} now"
