"""Decides what to do when a person has not answered the offer of a role in time.

The first time, they are asked once more. The second time, the offer ends and the next rung (step) of the escalation
ladder is paged.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.deadlines import Deadline
from bot.domain.incident import Change, Handover, Incident
from bot.domain.incident import handover as handovers
from bot.domain.lapsed.next_rung import page_next_rung
from bot.domain.outcome import Outcome, due
from bot.domain.paging.context import PagingContext
from bot.domain.routing.keys import HandoverSubject
from bot.domain.timeline.entry import BOT, entry
from bot.domain.values import durations
from bot.domain.values.slack_ids import user_mention


def decide(incident: Incident, deadline: Deadline, context: PagingContext) -> Outcome:
    """Ask the person again, or after the second request end the offer, leave the role where it is, and page."""
    number = deadline.about(HandoverSubject).offer
    offer = next(open_offer for open_offer in handovers.open_offers(incident) if open_offer.number == number)
    if not offer.nudged:
        return _ask_again(incident, deadline, offer, context)
    why = f"{user_mention(offer.to)} did not answer the handover within {durations.exact(context.now - offer.asked_at)}"
    ended = handovers.expire(incident, offer, BOT, context.policy, context.now)
    return page_next_rung(ended, deadline, why, context)


def _ask_again(incident: Incident, deadline: Deadline, offer: Handover, context: PagingContext) -> Outcome:
    why = f"{user_mention(offer.to)} has not answered the handover"
    asked_again = handovers.ask_again(incident, offer, context.policy, context.now)
    reminder = entry(context.now, "reminder", BOT, why, of="role", deadline=deadline.dedup_key)
    outcome = due(Change(asked_again, (reminder,)), deadline.dedup_key, why)
    return replace(outcome, notices=(routing.handover_nudge(incident, offer, deadline.dedup_key),))
