"""Defines the incident as a value, with the state of its ladder, handovers, playbook runs and on-call shifts.

`Incident` and everything nested in it are stored as JSON: field names and enum values are persisted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.errors import AlreadyDone, Refused
from bot.domain.incident.audience_message import AudienceMessage
from bot.domain.incident.status import ENDED, Status
from bot.domain.policy.policy import Fact
from bot.domain.timeline.entry import Entry
from bot.domain.values.past_play import PastPlay

Answer = str | float | bool  # to one of the organisation's own questions


@dataclass(frozen=True, slots=True)
class PagedRung:
    """One rung that was paged. Rung 0 stands for pages outside the ladder: by hand or by a trigger."""

    rung: int
    times: int  # how often it was paged
    last_at: datetime  # the latest page
    people: tuple[str, ...]  # Slack IDs or e-mail addresses
    first_at: datetime | None = None  # the first page, where more methods of some people follow
    following: tuple[str, ...] = ()  # keys of contacts who are paged by more of their own methods
    counts: dict[str, int] = field(default_factory=dict)  # how often each person and channel was paged


@dataclass(frozen=True, slots=True)
class VendorAlert:
    """An alert open at a paging vendor in this episode. The bot acknowledges and resolves it with the incident."""

    method: str
    severity: str
    contact: str | None  # the contact whose own service it was opened with; None: the operator's service
    triggers: tuple[str, ...]  # `dedup_key` of each notice that opened it or repeated it


@dataclass(frozen=True, slots=True)
class TriggerState:
    """A trigger that has fired in this episode."""

    at: datetime  # since when it holds
    times: int = 0  # pages so far
    last_at: datetime | None = None  # the latest page


@dataclass(frozen=True, slots=True)
class Ladder:
    """Progress of the escalation in this episode, at this severity. Rungs count from 1."""

    started_at: datetime
    left_behind_at: datetime | None = None  # rungs due by then are not paged: the severity was lowered meanwhile
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    pages: tuple[PagedRung, ...] = ()
    spent: dict[str, tuple[int, ...]] = field(default_factory=dict)  # by severity: rungs never to be paged anew
    fired: tuple[str, ...] = ()  # lapsed targets that were acted on: "acknowledge:sev1", "mitigate:sev1"
    silence_paged: bool = False  # paged because two update cadences passed in silence
    tripped: dict[str, TriggerState] = field(default_factory=dict)  # by trigger key; each fires once in an episode
    escalated_at: datetime | None = None  # the latest escalation by hand, which is asked about if another follows
    escalated_by: str | None = None  # who escalated then


@dataclass(frozen=True, slots=True)
class Snooze:
    """A person's request that no reminders are sent until an instant."""

    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Handover:
    """An offer to hand a role over, which waits for an answer."""

    number: int  # counts the offers of an incident
    role: str
    to: str
    by: str
    holder: str | None  # who keeps the role until `to` accepts
    asked_at: datetime
    due_at: datetime  # when an answer is expected
    episode: int
    nudged: bool = False  # whether `to` was asked a second time


@dataclass(frozen=True, slots=True)
class Timer:
    """A playbook step that is due, or an approval that waits for an answer."""

    name: str  # begins with `step:` or `approval:`
    at: datetime
    span: timedelta  # the time it was given
    why: str


@dataclass(frozen=True, slots=True)
class RunSummary:
    """The part of a playbook run that the incident needs: its progress, timers and approvals."""

    number: int
    playbook: str
    name: str
    settled: int  # steps that need no more work
    total: int
    outcome: str | None = None  # None while it runs
    timers: tuple[Timer, ...] = ()
    last: str = ""  # the latest event in words
    asking: tuple[str, ...] = ()  # `dedup_key` of each message that asks for an approval


class ShiftState(StrEnum):
    """State of a role holder's on-call shift. The values are persisted."""

    RUNNING = ""  # its end is a deadline
    OFFERED = "offered"  # it ended, and its holder was offered to hand the role over
    HANDED = "handed"  # the holder asked the next person to take over
    STAYS = "stays"  # the holder keeps the role
    OVER = "over"  # it ended with nobody on call to hand over to


@dataclass(frozen=True, slots=True)
class RoleShift:
    """The on-call shift of a person who holds a role."""

    role: str
    user: str
    schedule: str
    ends_at: datetime
    state: ShiftState = ShiftState.RUNNING


class ReviewState(StrEnum):
    """The state of an incident's review. The values are persisted."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    COMPLETED = "completed"
    PUBLISHED = "published"


class ReviewAgenda(StrEnum):
    """The agendas of a review's meeting, by its length. The values are persisted."""

    LONG = "long"  # 80 minutes, seven points
    SHORT = "short"  # 40 minutes, five points


@dataclass(frozen=True, slots=True)
class Review:
    """The review of an incident; its text is drafted from the timeline, and edited text is stored beside it."""

    opened_at: datetime
    facilitator: str | None = None  # Slack user ID
    state: ReviewState = ReviewState.DRAFT
    due_at: datetime | None = None  # None: the severity asks for none
    scheduled_at: datetime | None = None  # when it takes place
    scheduled: int = 0  # how often a time was set
    reminders: int = 0  # so far
    reminded_at: datetime | None = None  # when the last of them goes out; None: not yet, or an earlier version counted
    meeting: ReviewAgenda = ReviewAgenda.LONG  # as the policy said when the time was set
    agenda: int = 0  # points of the meeting's agenda that were told
    completed_at: datetime | None = None
    published_at: datetime | None = None
    taken_up: int = 0  # how often it became a draft again, because the incident was reopened and ended anew


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """The person who gave a role to its holder, and the time. A role taken by oneself gives no rights by itself."""

    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """A drill of an outage: what would go to Slack about this incident is withheld for a while."""

    since: datetime
    until: datetime
    over_wall: datetime | None = None  # when it ended, on the wall clock; None: it lasts


class ChannelLoss(StrEnum):
    """Why the incident's channel cannot be used. The values are persisted."""

    ARCHIVED = "archived"
    DELETED = "deleted"
    REMOVED = "removed"  # the bot is no longer a member, and cannot join by itself
    REFUSED = "refused"  # it could not be opened in the first place


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident. Every instant is aware and in UTC; people in `roles` and `responders` are Slack user IDs."""

    number: int
    title: str
    severity: str
    declared_by: str
    declared_at: datetime
    detected_at: datetime  # never after `declared_at`
    ladder: Ladder
    status: Status = Status.DETECTED
    description: str = ""
    category: str | None = None
    services: tuple[str, ...] = ()  # affected
    regions: tuple[str, ...] = ()  # affected
    facts: dict[str, Fact] = field(default_factory=dict)  # names: `incident.classification` and `incident.impact`
    custom: dict[str, Answer] = field(default_factory=dict)  # by the keys of the policy's `fields`
    source_link: str | None = None  # to the message that it was declared from
    private: bool = False
    drill: bool = False
    channel_id: str | None = None  # None until the channel exists
    channel_name: str | None = None
    channel_lost: ChannelLoss | None = None  # None: it can be used, or is still being opened
    channel_back_at: datetime | None = None  # when it could be used again, after it was lost
    removed: tuple[str, ...] = ()  # Slack IDs of people who left the channel of a private incident, or were removed
    roles: dict[str, str] = field(default_factory=dict)  # role key → holder
    role_grants: dict[str, RoleGrant] = field(default_factory=dict)  # by role key; none for roles given long ago
    responders: tuple[str, ...] = ()  # of this episode, by an act of their own
    acknowledged_at: datetime | None = None  # first acknowledgement of all episodes
    acknowledged_by: str | None = None  # of the latest episode; a Slack ID, an address or a name
    identified_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    closed_at: datetime | None = None
    ended_at: datetime | None = None  # resolved or cancelled
    episode: int = 1  # a reopening begins the next
    updates: int = 0  # number of the latest status update
    updated_at: datetime | None = None  # when it was posted
    update_text: str = ""
    update_due_at: datetime | None = None  # None: the severity asks for no updates
    promised_by: str | None = None  # who promised the next update by `update_due_at`
    unanswered: int = 0  # update reminders since the latest update
    roles_due_at: datetime | None = None  # when empty roles are asked about
    roles_asked: int = 0  # reminders about empty roles
    snooze: Snooze | None = None
    summary: str = ""
    root_cause: str = ""
    impact_ended_at: datetime | None = None
    live_nudge: str | None = None  # `dedup_key` of the one reminder that still has its buttons
    live_pages: tuple[str, ...] = ()  # `dedup_key` of each page that still asks for an answer
    live_alerts: tuple[VendorAlert, ...] = ()
    live_briefings: dict[str, str] = field(default_factory=dict)  # dedup key of each sent briefing → the executive
    handovers: tuple[Handover, ...] = ()
    handovers_asked: int = 0  # number of the latest offer
    turns: tuple[RoleShift, ...] = ()  # shifts of people who hold a role while on call
    walks: tuple[RunSummary, ...] = ()  # playbook runs
    told: dict[str, AudienceMessage] = field(default_factory=dict)  # by audience: the latest message to it
    comms_asked: int = 0  # reminders about audiences since the latest message to one
    comms_asked_at: datetime | None = None  # the latest of them
    communications: int = 0  # number of the latest message to an audience
    public_title: str = ""  # in customers' words; empty: nobody wrote one
    started_at: datetime | None = None  # when it began, if somebody has said; never after `detected_at`
    review: Review | None = None  # None: not opened
    merged_into: int | None = None  # number of the incident that goes on in its place
    merged: tuple[
        int, ...
    ] = ()  # numbers of incidents merged into this one; one that was reopened since counts no more
    related: tuple[int, ...] = ()  # numbers of related incidents
    tags: tuple[str, ...] = ()
    rehearsal: Rehearsal | None = None  # a drill in which Slack is down
    plays: PastPlay | None = None  # a drill that plays a past incident
    policy: str = ""  # digest of the policy it follows
    policy_changes: int = 0  # how often another policy was applied
    imported_from: str | None = None  # the object of another tool that it was, such as `opsgenie incident 42`
    uncounted: bool = False  # left out of figures: another tool had it, and nobody asked to count those

    @property
    def id(self) -> str:
        """The ID that people use, such as `INC-42`."""
        return f"INC-{self.number}"

    @property
    def paging_round(self) -> str:
        """Part of the keys of rungs and pages, so that a new episode or another policy counts afresh: `2`, `2.1`."""
        return f"{self.episode}.{self.policy_changes}" if self.policy_changes else str(self.episode)

    @property
    def open(self) -> bool:
        """Whether it still runs: neither resolved, closed, cancelled nor merged."""
        return self.status not in ENDED

    def seconds_since_detection(self, instant: datetime | None) -> float | None:
        """Time from detection to `instant`: the incident's share of MTTA, MTTM, MTTR …; None without an instant."""
        return None if instant is None else max(0.0, (instant - self.detected_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Change:
    """The result of a verb: the incident's new state and the timeline entries to append."""

    incident: Incident
    entries: tuple[Entry, ...] = ()

    def then(self, verb: Callable[[Incident], Change]) -> Change:
        """This change, followed by another verb that sees the incident as this one leaves it."""
        later = verb(self.incident)
        return Change(later.incident, (*self.entries, *later.entries))


def require_ended(incident: Incident) -> None:
    """Raise `Refused` while the incident is open."""
    if incident.open:
        text = f"It is still open: {incident.status}."
        raise AlreadyDone(text, "update What changed", incident.number, ("reopened",))


def require_open(incident: Incident) -> None:
    """Raise `Refused` when the incident has ended."""
    if not incident.open:
        raise Refused(f"{incident.id} is {incident.status}. Reopen it first.", "reopen It is failing again")
