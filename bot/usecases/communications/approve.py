"""Sends or declines a message that waits for a second person, in one transaction."""

from __future__ import annotations

from dataclasses import replace

from bot.domain import routing
from bot.domain.communications import tell
from bot.domain.communications.communication import Communication, State
from bot.domain.communications.tell import Message
from bot.domain.communications.variables import confidential
from bot.domain.errors import NotFound, Refused
from bot.domain.values.slack_ids import user_mention
from bot.usecases import authorize
from bot.usecases.communications.draft import reach_of, record_of
from bot.usecases.communications.send import ACTION, nobody
from bot.usecases.context import Context
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import communications


async def approve(
    context: Context, number: int, communication: int, actor: str, delivery: str | None = None
) -> Communication:
    """Send the message to the audience's current recipients. Raises `Refused` for its author."""
    async with locked_incident(context, number, delivery) as work:
        waiting = await _waiting(work, communication, actor)
        audience = tell.audience_of(work.policy, waiting.audience)
        message = Message(waiting.audience, waiting.stage, waiting.subject, waiting.text, waiting.corrects)
        record = await record_of(context, work.conn, work.incident, work.policy)
        findings = tell.findings_of(message, audience, confidential(record))
        tell.require_sendable(message, audience, work.incident, findings)
        reach = await reach_of(context, work.conn, work.incident, work.policy, audience)
        if not reach.recipients and not work.incident.drill:
            raise Refused(f"The message would reach nobody: {nobody(audience.key)}", f"comms {audience.key}")
        last_told = work.incident.told.get(waiting.audience)
        approved = replace(
            waiting,
            state=State.SENT,
            approver=actor,
            sent_at=work.now,
            recipients=reach.recipients,
            left_out=reach.left_out,
            of_audience=(last_told.number if last_told else 0) + 1,
        )
        await communications.save(work.conn, approved)
        notices = [*routing.communication_notices(approved), routing.receipt_edit(approved)]
        await work.commit(tell.record_sent(work.incident, approved, actor, work.now), notices)
        return approved


async def decline(
    context: Context, number: int, communication: int, actor: str, delivery: str | None = None
) -> Communication:
    """Decline the message, so that it is not sent; its author may, too. Raises `Refused` once it is decided."""
    async with locked_incident(context, number, delivery) as work:
        waiting = await _waiting(work, communication, actor, by_author=True)
        declined = replace(waiting, state=State.REFUSED, approver=actor)
        await communications.save(work.conn, declined)
        change = tell.record_refusal(work.incident, declined, actor, "", work.now)
        await work.commit(change, [routing.receipt_edit(declined)])
        return declined


async def _waiting(work: UnitOfWork, number: int, actor: str, *, by_author: bool = False) -> Communication:
    authorize.require(work.context, ACTION, actor, work.incident)
    communication = await communications.get(work.conn, work.incident.number, number)
    if communication is None:
        raise NotFound(f"There is no message {work.incident.id}/{number}.", "comms")
    if communication.state is not State.ASKED:
        by = f" by {user_mention(communication.approver)}" if communication.approver else ""
        verb = "sent" if communication.state is State.SENT else "declined"
        raise Refused(f"The message was {verb}{by} already.", "comms")
    if communication.author == actor and not by_author:
        raise Refused("Nobody approves their own message: ask somebody else to look at it.", "comms")
    return communication
