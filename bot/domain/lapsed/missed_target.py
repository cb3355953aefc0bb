"""Decides what to do when an incident was not acknowledged, or not mitigated, within its severity's target.

The next rung (step) of the escalation ladder is paged at once.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.deadlines import Deadline
from bot.domain.incident import Change, Incident
from bot.domain.lapsed.next_rung import page_next_rung
from bot.domain.lapsed.reminder_reason import late_by
from bot.domain.outcome import Outcome, skip
from bot.domain.paging import ladder
from bot.domain.paging.context import PagingContext
from bot.domain.routing.keys import MitigateSubject, RespondSubject
from bot.domain.values import durations


def decide(incident: Incident, deadline: Deadline, context: PagingContext) -> Outcome:
    """Page the next rung, unless one has paged since the target passed. A missed mitigation also briefs executives."""
    why = _reason(incident, deadline, context)
    missed = Change(ladder.target_acted_on(incident, deadline.kind))
    page = next((page for page in incident.ladder.pages if page.rung and page.last_at >= deadline.due_at), None)
    if page is not None:
        outcome = skip(missed, deadline.dedup_key, f"{why}: rung {page.rung} was paged at the same time")
    else:
        outcome = page_next_rung(missed, deadline, why, context)
    if not isinstance(deadline.subject, MitigateSubject):
        return outcome
    briefings = routing.briefings(outcome.incident, context.policy, "unmitigated", why)
    return replace(outcome, notices=(*outcome.notices, *briefings))


def _reason(incident: Incident, deadline: Deadline, context: PagingContext) -> str:
    level = context.policy.severity(incident.severity)
    if isinstance(deadline.subject, RespondSubject):
        goal, target = "acknowledged", level.respond_within
    else:
        goal, target = "mitigated", level.escalate_after
    within = durations.exact(target) if target else "its target"
    return f"not {goal} within {within}{late_by(context.now - deadline.due_at, target)}"
