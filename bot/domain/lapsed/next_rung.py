"""Page the next rung of the ladder because a deadline lapsed that is not a rung's own."""

from __future__ import annotations

from bot.domain.deadlines import Deadline
from bot.domain.incident import Change
from bot.domain.outcome import Outcome, PageCause, PagingContext, due, of_paging
from bot.domain.paging import ladder


def page_next_rung(change: Change, deadline: Deadline, why: str, context: PagingContext) -> Outcome:
    """`change` is what the lapse itself means. With no rung left, the channel and the ledger are told that."""
    incident = change.incident
    paging = ladder.page_next_rung(incident, context.policy, context.on_call, context.now, why)
    reason = why if paging.rung is not None else f"{why}: nobody left to page"
    lapsed = due(change, deadline.dedup_key, reason)
    return lapsed.then(of_paging(incident, paging, PageCause(why, deadline.dedup_key), context))
