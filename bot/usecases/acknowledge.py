"""Acknowledge: “I am responding”, said by a command, on the card, under the announcement or in a page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain import incident as verbs
from bot.domain import routing
from bot.domain.incident import Incident
from bot.domain.notices import Notice
from bot.usecases.desk import Desk, working_on


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What came of it. `first_by` and `first_at` are set when somebody had acknowledged before."""

    incident: Incident
    ask: bool = False  # the reporter pressed while others were paged: ask whether they respond or watch
    first_by: str | None = None
    first_at: datetime | None = None
    offer_lead: bool = False


async def acknowledge(
    desk: Desk, number: int, actor: str, *, asked: bool = True, delivery: str | None = None
) -> Acknowledged:
    """Twice is safe: whoever comes second joins and is told who was first.

    With `asked=False` a reporter whose incident paged others is asked first and nothing changes.
    """
    async with working_on(desk, number, delivery) as work:
        incident, ladder = work.incident, work.incident.ladder
        if not asked and ladder.acknowledged_at is None and actor == incident.declared_by and _others_paged(incident):
            return Acknowledged(incident, ask=True)
        change = verbs.acknowledge(incident, actor, work.now)
        saved = await work.commit(change, [routing.invitation(number, actor)])
        if ladder.acknowledged_at is not None:
            return Acknowledged(saved, first_by=incident.acknowledged_by, first_at=ladder.acknowledged_at)
        return Acknowledged(saved, offer_lead="commander" not in saved.roles)


async def join(desk: Desk, number: int, user: str, delivery: str | None = None) -> Incident:
    """Bring somebody in by their own wish: invited, and counted among those who are there."""
    async with working_on(desk, number, delivery) as work:
        return await work.commit(verbs.Change(work.incident), [_invitation_again(number, user)])


async def invite(desk: Desk, number: int, users: tuple[str, ...], delivery: str | None = None) -> Incident:
    async with working_on(desk, number, delivery) as work:
        return await work.commit(verbs.Change(work.incident), [_invitation_again(number, user) for user in users])


def _invitation_again(number: int, user: str) -> Notice:
    """Somebody may leave and want back in: a person's own wish is carried out each time."""
    return replace(routing.invitation(number, user), again=True)


def _others_paged(incident: Incident) -> bool:
    return any(person != incident.declared_by for page in incident.ladder.pages for person in page.people)
