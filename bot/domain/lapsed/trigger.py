"""Decides what to do when a trigger (a reason to page beside the escalation ladder) is due: page its people."""

from __future__ import annotations

from bot.domain.deadlines import Deadline
from bot.domain.incident import Change, Incident
from bot.domain.lapsed.reminder_reason import late_by
from bot.domain.outcome import Outcome, PageCause, due, of_paging
from bot.domain.paging import triggers
from bot.domain.paging.context import PagingContext
from bot.domain.paging.direct_page import DirectPage, page_directly
from bot.domain.paging.ladder import recipients_text
from bot.domain.routing.keys import TriggerSubject


def decide(incident: Incident, deadline: Deadline, context: PagingContext) -> Outcome:
    """Page the people whom the trigger names. If it reaches nobody, the ledger says so."""
    key = deadline.about(TriggerSubject).trigger
    trigger = next(candidate for candidate in context.policy.triggers if candidate.key == key)
    why = trigger.name + late_by(context.now - deadline.due_at, trigger.rung.after)
    counted = triggers.record_page(incident, trigger, context.now)
    times = counted.ladder.tripped[key].times
    page = DirectPage(trigger.rung, f"trigger:{key}", "A trigger", why, times=times)
    paging = page_directly(counted, context, page)
    reason = (
        f"paged: {why}{recipients_text(paging, context.policy)}"
        if paging.reached
        else f"{why}: {'; '.join(paging.recipients.gaps)}"
    )
    lapsed = due(Change(counted), deadline.dedup_key, reason)
    return lapsed.then(of_paging(counted, paging, PageCause(why, deadline.dedup_key, rung=trigger.rung), context))
