"""Defines the payloads of notices (messages to send), one dataclass for each shape.

Rows live longer than a version of the bot: field names are JSON keys and stay; new fields have defaults, and readers
ignore fields that they do not know (`storage.outbox.payloads`).
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any


class Payload:
    """Base of the payloads."""

    def to_json(self) -> dict[str, Any]:
        """Every field, by its name."""
        return {field.name: _json(getattr(self, field.name)) for field in fields(self)}  # type: ignore[arg-type]


def _json(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return [_json(item) for item in value]
    if isinstance(value, dict):
        return {key: _json(item) for key, item in value.items()}
    return value


@dataclass(frozen=True)
class EntriesPayload(Payload):
    """Names the timeline entries to tell as news."""

    seqs: tuple[int, ...] = ()


@dataclass(frozen=True)
class UpdatePayload(Payload):
    """Names the timeline entry of a status update, and the entries of what was changed with it."""

    seq: int
    seqs: tuple[int, ...] = ()


@dataclass(frozen=True)
class ContinuationPayload(Payload):
    """Names one part of a text that continues in the thread of a message."""

    under: str  # the dedup key of the message
    seq: int | None = None  # the timeline entry whose text it is; None: the incident's title and description
    part: int = 1  # counts the messages of the text


@dataclass(frozen=True)
class UserPayload(Payload):
    """Names a person, for an invitation or a home tab."""

    user: str  # a Slack ID or an e-mail address
    asked_by: str | None = None  # who is told if the invitation fails


@dataclass(frozen=True)
class OperatorsPayload(Payload):
    """Lists what operators should mend: methods of paging that could not be used."""

    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class UsergroupPayload(Payload):
    """Names a user group whose members follow a schedule."""

    group: str  # its handle or ID


@dataclass(frozen=True)
class RelievedPayload(Payload):
    """Tells a person that somebody covers their on-call shift, or no longer does."""

    person: str  # a Slack ID or an e-mail address
    schedule: str
    by: str  # who covers
    starts_at: datetime
    ends_at: datetime
    ended: bool = False  # the cover was given up: the person is on call again


@dataclass(frozen=True)
class BookmarkPayload(Payload):
    """Names a bookmark that the policy defines."""

    title: str


@dataclass(frozen=True)
class AlertGroupPayload(Payload):
    """Names a group of alerts."""

    group: int


@dataclass(frozen=True)
class AlertPagePayload(AlertGroupPayload):
    """A page to one person or channel about a group of alerts that people are asked about."""

    rung: int = 0
    times: int = 1  # how often this rung was paged, this one included
    why: str = ""
    person: str = ""  # a Slack ID or an address; empty: a channel
    contact: str | None = None  # key in the policy
    channel: str = ""
    method: str = "slack"
    by: tuple[str, ...] = ()  # the rung's methods, in order
    used: tuple[str, ...] = ()  # methods tried for this person
    repeat_s: float | None = None
    base: str = ""  # beginning of the dedup keys of this page
    action: str = "trigger"  # or `resolve`, at a vendor
    of: str = ""  # for an edit: dedup key of the page


@dataclass(frozen=True)
class ProposalPayload(Payload):
    """Asks whether an incident is resolved, since its alerts are."""

    turn: int  # how often it was asked


@dataclass(frozen=True)
class ActionPayload(Payload):
    """Names an action item of the incident, and its new owner."""

    number: int
    person: str


@dataclass(frozen=True)
class ActionReminderPayload(Payload):
    """Names a person who is reminded of their action items, and the day."""

    person: str
    day: str  # ISO 8601


@dataclass(frozen=True)
class ReviewQuestionsPayload(Payload):
    """Names a person who is asked what the record leaves open."""

    person: str


@dataclass(frozen=True)
class DutiesPayload(Payload):
    """Names a role and its new holder, who is told its duties."""

    role: str
    user: str


@dataclass(frozen=True)
class BriefingPayload(Payload):
    """A briefing for one executive."""

    person: str  # a Slack ID or an e-mail address
    called: str = ""  # their name
    why: str | None = None  # the missed target; None at declaration


@dataclass(frozen=True)
class CommunicationPayload(Payload):
    """One recipient of a communication, or the communication itself where no address is given."""

    number: int  # of the communication, within the incident
    address: str = ""  # a channel, or a mail address
    person: str | None = None  # who gets it directly: a Slack ID or an e-mail address
    name: str = ""  # of a person who gets it by mail


@dataclass(frozen=True)
class CommunicationTestPayload(Payload):
    """A message to an audience, sent to its author first."""

    person: str
    audience: str
    subject: str = ""
    text: str = ""


@dataclass(frozen=True)
class SettledPayload(Payload):
    """Names a settled message to edit."""

    of: str  # dedup key of the message
    outcome: str | None = None  # None where the incident itself shows it


@dataclass(frozen=True)
class NudgeSettledPayload(SettledPayload):
    """Edits a reminder that is settled, or that asks for less now."""

    left: tuple[str, ...] = ()  # keys of the roles that it still asks for; then it is not settled


@dataclass(frozen=True)
class ChannelLookPayload(Payload):
    """What an event said about the channel. Slack is asked all the same: events come late, twice or out of order."""

    by: str = ""  # who did it
    loss: str = ""  # a `ChannelLoss`, for a private channel that the bot cannot see any more


@dataclass(frozen=True)
class ChannelLostPayload(Payload):
    """Tells one person that the incident has lost its channel."""

    person: str  # a Slack ID
    by: str = ""  # who did it; empty where nobody knows


@dataclass(frozen=True)
class MemberRemovedPayload(Payload):
    """Tells one person inside a private incident who is not inside any more."""

    person: str  # who is told, as a Slack ID
    user: str  # who was removed


@dataclass(frozen=True)
class MovedPayload(Payload):
    """Edits a direct message that stood in for one in the channel."""

    channel: str
    ts: str
    key: str  # of its metadata


@dataclass(frozen=True)
class PageSettledPayload(SettledPayload):
    """Edits a page that was answered, or whose incident ended."""

    by: str | None = None  # who answered; None: nobody
    ended: str | None = None  # the status that ended the incident; None while it is open


@dataclass(frozen=True)
class RoleSettledPayload(SettledPayload):
    """Names a settled question about a role."""

    role: str = ""


@dataclass(frozen=True)
class NudgePayload(Payload):
    """A reminder in the incident's channel."""

    mention: tuple[str, ...] = ()  # who is asked
    soft: bool = False  # one line without a mention, since the channel is busy
    late_s: float | None = None
    reason: str = "it is due"
    owes_update: bool = False
    missing: tuple[str, ...] = ()  # keys of required roles that are empty
    due_at: datetime | None = None
    next_at: datetime | None = None  # when it repeats
    page: bool = False  # whether the ladder is paged too
    nobody_left: bool = False  # whether it would be paged, and reaches nobody
    audiences: tuple[str, ...] = ()  # names of audiences that are to be told


@dataclass(frozen=True)
class PagePayload(Payload):
    """The content that all messages of one page share."""

    rung: int | None = None  # None for a page by hand, and where no rung is left
    called: str | None = ""  # what was paged, if not a rung
    pages: bool = False  # whether it reaches a person or channel
    why: str | None = None
    times: int = 1  # how often this rung was paged, this one included
    people: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    fell_through: tuple[tuple[int, str], ...] = ()  # rungs that reached nobody, each with the reason
    gaps: tuple[str, ...] = ()  # methods that reached nobody, in words
    deadlines: tuple[str, ...] = ()  # rows of the ledger that it serves
    skipped: tuple[tuple[int, str], ...] = ()  # rungs left out because their people respond, each with the reason
    paged_before: tuple[tuple[int, tuple[str, ...]], ...] = ()  # where no rung is left: those paged, with their people
    methods: tuple[str, ...] = ()  # by which its people are called
    base: str = ""  # beginning of the dedup keys of this page


@dataclass(frozen=True)
class ChannelPagePayload(PagePayload):
    """A page in another channel."""

    channel: str = ""


@dataclass(frozen=True)
class PersonPagePayload(PagePayload):
    """A page to one person by one method."""

    severity: str = ""
    by: tuple[str, ...] = ()  # the rung's methods, in order
    unless: str = "resolved"  # the state that ends it
    used: tuple[str, ...] = ()  # methods tried for this person
    contact: str | None = None  # key in the policy
    person: str = ""
    method: str = "slack"
    instead_of: str | None = None  # the method that failed or is delayed
    waits: bool = False  # whether that method is only delayed
    action: str | None = None  # "trigger" for a vendor


@dataclass(frozen=True)
class AlertFollowUpPayload(Payload):
    """Acknowledges or resolves the alert that a page opened at a vendor."""

    action: str
    method: str
    severity: str
    contact: str | None = None
    triggers: tuple[str, ...] = ()  # dedup keys of the pages that opened it


@dataclass(frozen=True)
class DrillPagePayload(Payload):
    """The recipients that a drill would have paged."""

    called: str = ""
    why: str | None = None
    people: dict[str, tuple[str, ...]] | None = None  # each with the ways to reach them
    channels: tuple[str, ...] = ()
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True)
class ShiftOfferPayload(Payload):
    """Offers to hand a role over when a shift ends."""

    person: str  # whose shift is over
    role: str
    schedule: str
    to: str  # who is on call now
    called: str = ""  # their name in the policy


@dataclass(frozen=True)
class RunPayload(Payload):
    """A playbook run."""

    walk: int  # its number within the incident


@dataclass(frozen=True)
class ApprovalPayload(RunPayload):
    """A request for approval; in the channel, or to one approver."""

    approval: int
    person: str | None = None
    of: str | None = None  # dedup key of the message, for an edit


@dataclass(frozen=True)
class StepOverduePayload(RunPayload):
    """A reminder of an overdue step."""

    step: str
    turn: int  # how often the step was started, at the time
    person: str
    nudged: int = 0
    late_s: float | None = None


@dataclass(frozen=True)
class JobPayload(RunPayload):
    """A job of a run."""

    job: int


@dataclass(frozen=True)
class JobLeftoversPayload(JobPayload):
    """The steps left to roll back by hand."""

    why: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True)
class JobSettledPayload(Payload):
    """Names the settled question whether a step has run."""

    job: int
    of: str
    outcome: str = ""


@dataclass(frozen=True)
class WebhookPayload(Payload):
    """Names a timeline entry, and the webhook of the policy that is told of it."""

    rule: str
    seq: int


@dataclass(frozen=True)
class SubscriberPayload(Payload):
    """A subscriber of the status page, and what it is told; without a publication it is asked to confirm."""

    subscriber: str
    publication: str | None = None
    update: str | None = None
