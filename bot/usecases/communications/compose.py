"""Composes a message as a program gives it: what it leaves out comes from the template, and findings are shown once."""

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
class Given:
    """What is given of a message. None: as the template has it, or for a correction as the first message had it."""

    subject: str | None = None
    text: str | None = None
    stage: str | None = None
    accept_findings: bool = False  # what the lint found was looked at


async def compose(context: Context, incident: Incident, audience_key: str, given: Given) -> Message:
    """The message to an audience. Raises `Refused` that lists what the lint found, unless that is accepted."""
    async with context.database.reading() as conn:
        policy = await context.policies.of(conn, incident)
        audience = tell.audience_of(policy, audience_key)
        record = await record_of(context, conn, incident, policy)
        if given.subject is not None and given.text is not None:
            stage = given.stage or stages.stage_of(incident, audience)
            message = Message(audience.key, stage, given.subject, given.text)
        else:
            drafted = (await draft(context, conn, record, audience, given.stage)).message
            message = Message(audience.key, drafted.stage, given.subject or drafted.subject, given.text or drafted.text)
    findings = tell.findings_of(message, audience, confidential(record))
    tell.require_sendable(message, audience, incident, findings)
    if findings and not given.accept_findings:
        found = ". ".join(finding.sentence for finding in findings)
        raise Refused(f"Look at this before it goes to {audience.name}: {found}. It goes out with accept_findings.")
    return message


async def correction(context: Context, incident: Incident, number: int, given: Given) -> Message:
    """The message that corrects an earlier one. Raises `NotFound` and `Refused`."""
    original = await existing(context, incident, number)
    if original.state is not State.SENT:
        raise Refused(f"{original.id} was not sent: there is nothing to correct.", "comms")
    subject = given.subject or f"Correction: {original.subject.removeprefix('Correction: ')}"
    written = Given(subject, given.text or original.text, original.stage, given.accept_findings)
    composed = await compose(context, incident, original.audience, written)
    return Message(composed.audience, composed.stage, composed.subject, composed.text, original.number)


async def existing(context: Context, incident: Incident, number: int) -> Communication:
    """A communication of the incident. Raises `NotFound`."""
    async with context.database.reading() as conn:
        found = await communications.get(conn, incident.number, number)
    if found is None:
        raise NotFound(f"There is no message {incident.id}/{number}.", "comms")
    return found


async def delivery_of(context: Context, communication: Communication) -> dict[Group, list[str]]:
    """The states of the notices to each group of recipients; one that is not known any more is missing."""
    keys = {group: routing.communication_keys(communication, group) for group in Group}
    async with context.database.reading() as conn:
        states = await settled.states(conn, [key for listed in keys.values() for key in listed])
    return {group: [states[key] for key in listed if key in states] for group, listed in keys.items()}
