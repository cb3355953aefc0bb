"""Decides a page outside the escalation ladder, which a person or a trigger asks for.

The result says whom the page reaches; `bot.domain.outcome` turns it into messages.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.incident import Change, Incident, PagedRung
from bot.domain.oncall.schedule import OnCall
from bot.domain.paging.ladder import PagingOutcome, page_entry
from bot.domain.paging.recipients import Recipients, recipients_of, without_people
from bot.domain.policy.policy import Policy, Rung
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


def page_directly(
    incident: Incident, policy: Policy, on_call: OnCall, now: datetime, page: DirectPage
) -> PagingOutcome:
    """Page outside the ladder. If the result has no label, nobody was paged; its entry and `gaps` say why."""
    recipients = recipients_of(page.rung, incident, policy, on_call, now)
    fresh = without_people(recipients, () if page.responders_too else incident.responders)
    if fresh is None:
        gap = "; ".join(recipients.gaps) or "everybody it names is responding already"
        record = entry(now, "escalated", BOT, f"{page.description} reaches nobody: {gap}", label=page.label)
        nobody = Recipients(gaps=(f"{page.description}: {gap}",))
        return PagingOutcome(Change(incident, (record,)), None, nobody, (), description=page.description)
    pages = (*incident.ladder.pages, PagedRung(0, page.times, now, fresh.people))
    changed = replace(incident, ladder=replace(incident.ladder, pages=pages))
    record = page_entry(
        now, page.actor, page.description, fresh, page.reason, policy, label=page.label, times=page.times
    )
    return PagingOutcome(Change(changed, (record,)), None, fresh, (), page.times, page.label, page.description)
