"""Builds the outcome that pages the next rung (step) of the escalation ladder because another deadline has lapsed.

That is a deadline other than a rung's own, such as an unanswered handover.
"""

from __future__ import annotations

from bot.domain.deadlines import Deadline
from bot.domain.incident import Change
from bot.domain.outcome import Outcome, PageCause, due, of_paging
from bot.domain.paging import ladder
from bot.domain.paging.context import PagingContext


def page_next_rung(change: Change, deadline: Deadline, why: str, context: PagingContext) -> Outcome:
    """Add a page of the next rung to `change`, which is what the lapsed deadline itself changes.

    With no rung left, the message in the channel and the ledger say so.
    """
    incident = change.incident
    paging = ladder.page_next_rung(incident, context, why)
    reason = (
        f"{why}{ladder.recipients_text(paging, context.policy)}"
        if paging.rung is not None
        else f"{why}: nobody left to page"
    )
    lapsed = due(change, deadline.dedup_key, reason)
    return lapsed.then(of_paging(incident, paging, PageCause(why, deadline.dedup_key), context))
