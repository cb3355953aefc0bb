"""Composes a message from the fields that a program sends; missing ones come from the template."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import routing
from bot.domain.communications import stages, tell
from bot.domain.communications.communication import Communication, Group, State
from bot.domain.communications.tell import Message
from bot.domain.communications.variables import confidential
from bot.domain.errors import NotFound, Refused
from bot.domain.incident import Incident
from bot.usecases.communications.draft import draft, record_of
from bot.usecases.context import Context
from storage import communications
from storage.outbox import settled


@dataclass(frozen=True, slots=True)
class MessageFields:
    """The fields of a message. None means the template's, or in a correction those of the first message."""

    subject: str | None = None
    text: str | None = None
    stage: str | None = None
    accept_findings: bool = False  # whether somebody looked at the findings of the lint


async def compose(context: Context, incident: Incident, audience_key: str, fields: MessageFields) -> Message:
    """The message to an audience. Raises `Refused` with the findings of the lint, unless they are accepted."""
    async with context.database.reading() as conn:
        policy = await context.policies.of(conn, incident)
        audience = tell.audience_of(policy, audience_key)
        record = await record_of(context, conn, incident, policy)
        if fields.subject is not None and fields.text is not None:
            stage = fields.stage or stages.stage_of(incident, audience)
            message = Message(audience.key, stage, fields.subject, fields.text)
        else:
            drafted = (await draft(context, conn, record, audience, fields.stage)).message
            message = Message(
                audience.key, drafted.stage, fields.subject or drafted.subject, fields.text or drafted.text
            )
    findings = tell.findings_of(message, audience, confidential(record))
    tell.require_sendable(message, audience, incident, findings)
    if findings and not fields.accept_findings:
        findings_text = ". ".join(finding.sentence for finding in findings)
        raise Refused(
            f"Look at this before it goes to {audience.name}: {findings_text}. It goes out with accept_findings."
        )
    return message


async def correction(context: Context, incident: Incident, number: int, fields: MessageFields) -> Message:
    """The message that corrects an earlier one. Raises `NotFound` and `Refused`."""
    original = await existing(context, incident, number)
    if original.state is not State.SENT:
        raise Refused(f"{original.id} was not sent: there is nothing to correct.", "comms")
    subject = fields.subject or f"Correction: {original.subject.removeprefix('Correction: ')}"
    corrected_fields = MessageFields(subject, fields.text or original.text, original.stage, fields.accept_findings)
    composed = await compose(context, incident, original.audience, corrected_fields)
    return Message(composed.audience, composed.stage, composed.subject, composed.text, original.number)


async def existing(context: Context, incident: Incident, number: int) -> Communication:
    """A communication of the incident. Raises `NotFound`."""
    async with context.database.reading() as conn:
        communication = await communications.get(conn, incident.number, number)
    if communication is None:
        raise NotFound(f"There is no message {incident.id}/{number}.", "comms")
    return communication


async def delivery_of(context: Context, communication: Communication) -> dict[Group, list[str]]:
    """The states of the notices to each group of recipients, without notices that are no longer stored."""
    keys = {group: routing.communication_keys(communication, group) for group in Group}
    async with context.database.reading() as conn:
        states = await settled.states(conn, [key for group_keys in keys.values() for key in group_keys])
    return {group: [states[key] for key in group_keys if key in states] for group, group_keys in keys.items()}
