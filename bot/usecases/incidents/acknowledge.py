"""Acknowledges an incident, and invites people to its channel."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain import incident as verbs
from bot.domain import routing
from bot.domain.incident import Incident, members
from bot.domain.routing.notice import Notice
from bot.domain.values.slack_ids import is_user_id
from bot.usecases import authorize
from bot.usecases.context import Context
from bot.usecases.unit_of_work import locked_incident


@dataclass(frozen=True, slots=True)
class AcknowledgementResult:
    """The outcome of acknowledging. `first_by` and `first_at` are set when another person had acknowledged before."""

    incident: Incident
    first_by: str | None = None
    first_at: datetime | None = None
    offer_lead: bool = False  # nobody is incident commander: offer the role


async def acknowledge(context: Context, number: int, actor: str, delivery: str | None = None) -> AcknowledgementResult:
    """Make the actor a responder. Calling it twice is safe: the second person joins, and is told who was first."""
    async with locked_incident(context, number, delivery) as work:
        incident, ladder = work.incident, work.incident.ladder
        change = verbs.acknowledge(incident, actor, work.now)
        invited = [routing.invitation(number, actor)] if is_user_id(actor) else []
        saved = await work.commit(change, invited)
        offer_lead = "commander" not in saved.roles
        if ladder.acknowledged_at is not None:
            return AcknowledgementResult(saved, incident.acknowledged_by, ladder.acknowledged_at, offer_lead)
        return AcknowledgementResult(saved, offer_lead=offer_lead)


async def join(context: Context, number: int, user: str, delivery: str | None = None) -> Incident:
    """Invite the user to the channel at their own request."""
    async with locked_incident(context, number, delivery) as work:
        return await work.commit(verbs.Change(work.incident), [_invitation_again(number, user, user)])


async def invite(
    context: Context, number: int, users: tuple[str, ...], actor: str, delivery: str | None = None
) -> Incident:
    """Invite users to the channel. Every member of the workspace may, and guests whom the policy lets page."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require_member(context, "page", actor, work.incident, "invite people")
        taken_in = members.readmit(work.incident, users)
        return await work.commit(verbs.Change(taken_in), [_invitation_again(number, user, actor) for user in users])


def _invitation_again(number: int, user: str, actor: str) -> Notice:
    """An invitation that is sent each time it is requested, since the person may have left the channel."""
    return replace(routing.invitation(number, user, actor), resend=True)
