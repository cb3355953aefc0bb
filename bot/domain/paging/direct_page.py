"""Decides a page outside the escalation ladder, which a person or a trigger asks for.

The result says whom the page reaches; `bot.domain.outcome` turns it into messages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from bot.domain.incident import Change, Incident, PagedRung
from bot.domain.paging.calls import reach
from bot.domain.paging.context import PagingContext
from bot.domain.paging.ladder import PagingOutcome, page_entry, removed_text, responding_text
from bot.domain.paging.recipients import Recipients, recipients_of
from bot.domain.policy.policy import Rung
from bot.domain.timeline.entry import BOT, entry


@dataclass(frozen=True, slots=True)
class DirectPage:
    """A page outside the ladder, requested by a person or fired by a trigger."""

    rung: Rung  # whom to page, and how
    label: str  # unique within the incident
    description: str  # who paged, in words: "By hand"
    reason: str
    actor: str = BOT
    times: int = 1
    responders_too: bool = False  # people who respond already are paged as well
    named: bool = False  # somebody asks for this very person, even if they were removed from the private incident


def page_directly(incident: Incident, context: PagingContext, page: DirectPage) -> PagingOutcome:
    """Page outside the ladder. An outcome without a label paged no one; its entry and `gaps` say why."""
    everybody = recipients_of(page.rung.notify, incident, context)
    left_out = () if page.responders_too else incident.responders
    if not page.named:
        left_out = (*left_out, *incident.removed)
    recipients, plan = reach(everybody, page.rung.by, context, left_out, incident.severity)
    if not (plan.attempts or recipients.channels):
        responding = [person for person in everybody.people if person in left_out and person not in incident.removed]
        gaps = [*everybody.gaps, *plan.gaps, *removed_text(everybody.people, incident, context.policy)]
        gap = responding_text(responding, context.policy) if responding else "; ".join(gaps)
        record = entry(context.now, "escalated", BOT, f"{page.description} reaches nobody: {gap}", label=page.label)
        nobody = Recipients(gaps=(f"{page.description}: {gap}",))
        return PagingOutcome(Change(incident, (record,)), None, nobody, (), description=page.description)
    pages = (*incident.ladder.pages, PagedRung(0, page.times, context.now, recipients.people))
    changed = replace(incident, ladder=replace(incident.ladder, pages=pages))
    record = page_entry(
        context,
        page.actor,
        page.description,
        recipients,
        page.reason,
        label=page.label,
        times=page.times,
        **({"named": True} if page.named else {}),
    )
    return PagingOutcome(
        Change(changed, (record,)), None, recipients, (), page.times, page.label, page.description, plan
    )
