"""Sends a message to an audience, or asks a second person to approve it, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain import routing
from bot.domain.communications import tell
from bot.domain.communications.communication import Communication, State
from bot.domain.communications.tell import Message
from bot.domain.communications.variables import confidential
from bot.domain.errors import Refused
from bot.domain.routing.payloads import CommunicationTestPayload
from bot.usecases import authorize
from bot.usecases.communications.draft import reach_of, record_of
from bot.usecases.context import Context
from bot.usecases.unit_of_work import UnitOfWork, locked_incident
from storage import communications
from storage.outbox import enqueue

ACTION = "comms"  # the permission


async def send(
    context: Context, number: int, message: Message, actor: str, delivery: str | None = None
) -> Communication:
    """Send a message to the audience's current recipients, or ask for approval if the policy requires it.

    Raises `Refused` if the message must not be sent, or would reach nobody.
    """
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, ACTION, actor, work.incident)
        return await put(work, message, actor)


async def send_many(
    context: Context, number: int, messages: Sequence[Message], actor: str, delivery: str | None = None
) -> list[Communication]:
    """Do what `send` does for several audiences, all or none. Raises `Refused` if one of them must not be sent."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, ACTION, actor, work.incident)
        return [await put(work, message, actor) for message in messages]


async def put(work: UnitOfWork, message: Message, actor: str) -> Communication:
    """Do what `send` does, in a transaction that has locked the incident."""
    context, incident, policy = work.context, work.incident, work.policy
    audience = tell.audience_of(policy, message.audience)
    record = await record_of(context, work.conn, incident, policy)
    tell.require_sendable(message, audience, incident, tell.findings_of(message, audience, confidential(record)))
    reach = await reach_of(context, work.conn, incident, policy, audience)
    if not reach.recipients and not incident.drill:
        raise Refused(f"The message would reach nobody: {nobody(audience.key)}", f"comms {audience.key}")
    communication = tell.new_communication(incident, message, audience, reach, actor, work.now)
    await communications.add(work.conn, communication)
    if communication.state is State.ASKED:
        notices = [routing.receipt_posted(communication)]
        await work.commit(tell.record_request(incident, communication, work.now), notices)
    else:
        notices = routing.communication_notices(communication)
        await work.commit(tell.record_sent(incident, communication, actor, work.now), notices)
    return communication


def nobody(audience: str) -> str:
    """The hint that says what to add to the policy so that an audience is reached."""
    return f"add `notify` or `emails` to `audiences.{audience}` in the policy."


async def send_test(context: Context, number: int, message: Message, actor: str, delivery: str) -> None:
    """Send a message to its author alone. Nothing is recorded."""
    async with locked_incident(context, number, delivery) as work:
        authorize.require(context, ACTION, actor, work.incident)
        audience = tell.audience_of(work.policy, message.audience)
        payload = CommunicationTestPayload(actor, audience.name, message.subject, message.text)
        await enqueue.put(work.conn, [routing.communication_test(number, delivery, payload)])
