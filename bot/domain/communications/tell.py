"""Computes how an incident changes when an audience is told of it, and refuses messages that must not go out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.communications.communication import Communication, Reach, State
from bot.domain.communications.gap import gaps_in, without_gaps
from bot.domain.communications.leaks import Confidential, Finding, Leak, find
from bot.domain.communications.stages import BRIEFING, RESOLVED, is_briefed
from bot.domain.errors import Refused
from bot.domain.incident import AudienceMessage, Change, Incident
from bot.domain.incident.impact import CUSTOMERS_TOLD
from bot.domain.policy.policy import Audience, Policy
from bot.domain.timeline.entry import Entry, entry

SUBJECT_LENGTH, TEXT_LENGTH = 200, 3000


@dataclass(frozen=True, slots=True)
class Message:
    """A message to an audience as a person wrote it."""

    audience: str
    stage: str
    subject: str
    text: str
    corrects: int | None = None  # the number of an earlier message


def audience_of(policy: Policy, key: str) -> Audience:
    """The audience with this key or name, in any case. Raises `Refused` that lists the audiences."""
    folded = " ".join(key.replace("_", " ").split()).lower()
    for audience in policy.audiences.values():
        if folded in (audience.key.replace("_", " ").lower(), " ".join(audience.name.split()).lower()):
            return audience
    if folded in ("status page", "statuspage"):
        raise Refused("The status page has commands of its own, such as `tocsin statuspage publish INC-7`.")
    keys = ", ".join(policy.audiences)
    if not keys:
        raise Refused("The policy has no audiences. Add them under `audiences`.")
    raise Refused(f"There is no audience “{key[:40]}”. Use one of: {keys}.", f"comms {next(iter(policy.audiences))}")


def findings_of(message: Message, audience: Audience, secret: Confidential) -> list[Finding]:
    """The findings of the lint in a message for the public; for an internal audience, only the gaps."""
    if not audience.public:
        return [Finding(Leak.UNFILLED, gap) for gap in gaps_in(f"{message.subject}\n{message.text}")]
    more = message.stage not in (RESOLVED, BRIEFING) and message.corrects is None
    return find(f"{message.subject}\n{message.text}", secret, more_to_come=more)


def require_sendable(message: Message, audience: Audience, incident: Incident, findings: Sequence[Finding]) -> None:
    """Raise `Refused` for a message without words, with a secret or gap for the public, or with a private title."""
    if not message.text.strip() or not message.subject.strip():
        raise Refused("A message needs a subject and a text.", f"comms {audience.key}")
    blocking = [finding.sentence for finding in findings if finding.blocks]
    if blocking:
        raise Refused(f"This cannot go to {audience.name} yet. {'. '.join(blocking)}.", f"comms {audience.key}")
    title = " ".join(incident.title.split()).lower()
    text = " ".join(f"{message.subject} {message.text}".split()).lower()
    if audience.public and incident.private and title in text:
        raise Refused(
            f"{incident.id} is private: give the message a title of its own, in customers' words.",
            f"comms {audience.key}",
        )


def _filled(message: Message) -> Message:
    return replace(message, subject=without_gaps(message.subject), text=without_gaps(message.text))


def new_communication(
    incident: Incident, message: Message, audience: Audience, reach: Reach, author: str, now: datetime
) -> Communication:
    """The message as a communication that asks for a second person, or is to be sent at once."""
    latest = incident.told.get(audience.key)
    message = message if audience.public else _filled(message)
    return Communication(
        incident=incident.number,
        number=incident.communications + 1,
        audience=audience.key,
        name=audience.name,
        stage=message.stage,
        subject=" ".join(message.subject.split())[:SUBJECT_LENGTH],
        text=message.text.strip(),
        author=author,
        written_at=now,
        state=State.ASKED if audience.second_person else State.SENT,
        recipients=reach.recipients,
        left_out=reach.left_out,
        of_audience=(latest.number if latest else 0) + 1,
        public=audience.public,
        reply_to=audience.reply_to,
        sent_at=None if audience.second_person else now,
        corrects=message.corrects,
    )


def record_request(incident: Incident, communication: Communication, now: datetime) -> Change:
    """Record that a message waits for the approval of a second person."""
    changed = replace(incident, communications=communication.number)
    text = f"asks somebody to approve a message to {communication.name}: {communication.subject}"
    return Change(changed, (_entry(communication, communication.author, text, now),))


def record_sent(incident: Incident, communication: Communication, actor: str, now: datetime) -> Change:
    """Record that a message goes out: the audience is told of the incident as it is now."""
    latest = _latest_message(incident, communication.stage, communication.of_audience, now)
    before = incident.told.get(communication.audience)
    if communication.corrects is not None and before is not None:
        latest = replace(before, at=now, number=latest.number)  # a correction tells no news of the incident
    facts = {**incident.facts, CUSTOMERS_TOLD: True} if communication.public else incident.facts
    changed = replace(
        incident,
        told={**incident.told, communication.audience: latest},
        communications=max(incident.communications, communication.number),
        comms_asked=0,
        comms_asked_at=None,
        facts=facts,
    )
    return Change(changed, (_entry(communication, actor, f"{title_of(communication)}: {communication.subject}", now),))


def with_briefings(incident: Incident, policy: Policy, now: datetime) -> dict[str, AudienceMessage]:
    """The latest message to each audience once the executives have their briefing.

    Several executives get one briefing each; together they count as one message to their audience.
    """
    latest_messages = dict(incident.told)
    for audience in policy.audiences.values():
        if not is_briefed(audience) or audience.notify:
            continue
        before = latest_messages.get(audience.key)
        latest = _latest_message(incident, BRIEFING, (before.number if before else 0) + 1, now)
        if before is None or replace(before, at=now, number=latest.number) != latest:
            latest_messages[audience.key] = latest
    return latest_messages


def _latest_message(incident: Incident, stage: str, number: int, now: datetime) -> AudienceMessage:
    return AudienceMessage(
        at=now,
        stage=stage,
        number=number,
        update=incident.updates,
        status=str(incident.status),
        severity=incident.severity,
        episode=incident.episode,
        services=incident.services,
    )


def record_refusal(incident: Incident, communication: Communication, actor: str, reason: str, now: datetime) -> Change:
    """Record that a second person did not approve the message."""
    because = f": {reason}" if reason else ""
    text = f"did not approve the message to {communication.name}{because}"
    return Change(incident, (_entry(communication, actor, text, now),))


def title_of(communication: Communication) -> str:
    """The message in words, such as `update #2 to Customers`, or `correction of #2 to Customers`."""
    if communication.corrects is not None:
        return f"correction of {communication.incident_id}/{communication.corrects} to {communication.name}"
    return f"{communication.stage} #{communication.of_audience} to {communication.name}"


def receipt(communication: Communication, group_name: str, arrived: int, of: int) -> str:
    """The result for a group of recipients, such as `update #2 to Customers by e-mail: 3 of 3`."""
    return f"{title_of(communication)} by {group_name}: {arrived} of {of}"


def _entry(communication: Communication, actor: str, text: str, now: datetime) -> Entry:
    return entry(
        now, "communication", actor, text, number=communication.number, audience=communication.audience,
        stage=communication.stage, state=str(communication.state), subject=communication.subject,
    )  # fmt: skip
