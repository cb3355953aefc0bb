"""An incident as it stands, and what it keeps of its escalation, handovers, walks and turns."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from bot.domain.errors import Refused
from bot.domain.incident.status import ENDED, Status
from bot.domain.policy.policy import Fact
from bot.domain.timeline.entry import Entry

Answer = str | float | bool  # to a question of the organisation's own


@dataclass(frozen=True, slots=True)
class PagedRung:
    """One rung that was paged: how often, when last, whom. Rung 0 is whatever paged beside the ladder."""

    rung: int
    times: int
    last_at: datetime
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class VendorAlert:
    """Something opened with a vendor for this episode, to be acknowledged and resolved there as it is here."""

    method: str
    severity: str
    contact: str | None  # whose own service it was opened with; None: the operator's
    triggers: tuple[str, ...]  # `dedup_key` of each notice that opened it or told of it again


@dataclass(frozen=True, slots=True)
class TriggerState:
    """A trigger that holds, from when, and how often it has paged."""

    at: datetime
    times: int = 0
    last_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ladder:
    """How far the escalation of this episode and severity has come. Rungs count from 1.

    `left_behind_at`: rungs that were due by then are not paged (set when the severity is lowered).
    `spent`: by severity, the rungs of this episode that were paged or fell through; none of them is paged anew.
    """

    started_at: datetime
    left_behind_at: datetime | None = None
    acknowledged_at: datetime | None = None
    mitigated_at: datetime | None = None
    pages: tuple[PagedRung, ...] = ()
    spent: dict[str, tuple[int, ...]] = field(default_factory=dict)
    fired: tuple[str, ...] = ()  # "acknowledge:sev1", "mitigate:sev1": targets that lapsed and were acted on
    silence_paged: bool = False
    tripped: dict[str, TriggerState] = field(default_factory=dict)  # by the keys of triggers; once in an episode


@dataclass(frozen=True, slots=True)
class Snooze:
    by: str
    until: datetime


@dataclass(frozen=True, slots=True)
class Handover:
    """A role that somebody was asked to take over, and whoever holds it until they accept."""

    number: int  # counts an incident's offers
    role: str
    to: str
    by: str
    holder: str | None
    asked_at: datetime
    due_at: datetime  # an answer is expected by then
    episode: int
    nudged: bool = False


@dataclass(frozen=True, slots=True)
class Timer:
    """A step of a playbook that is due, or the answer to a request; `name` begins with `step` or `approval`."""

    name: str
    at: datetime
    span: timedelta
    why: str


@dataclass(frozen=True, slots=True)
class RunSummary:
    """A playbook that is walked, as far as the incident itself has to know. `outcome` is None while it goes on;
    `last` is what happened last, in words.
    """

    number: int
    playbook: str
    name: str
    settled: int
    total: int
    outcome: str | None = None
    timers: tuple[Timer, ...] = ()
    last: str = ""
    asking: tuple[str, ...] = ()  # `dedup_key` of each message that asks for an approval


@dataclass(frozen=True, slots=True)
class RoleShift:
    """Somebody on call who holds a role. `state`: empty until it ends; then `offered` (to hand over), `handed`,
    `stays` or `over`.
    """

    role: str
    user: str
    schedule: str
    ends_at: datetime
    state: str = ""


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as it stands. Every instant is aware; an ID in `roles` or `responders` is a Slack user ID."""

    number: int
    title: str
    severity: str
    declared_by: str
    declared_at: datetime
    detected_at: datetime
    ladder: Ladder
    status: Status = Status.DETECTED
    description: str = ""
    category: str | None = None
    services: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    facts: dict[str, Fact] = field(
        default_factory=dict
    )  # as in `bot.domain.incident.classification` and `bot.domain.incident.impact`
    custom: dict[str, Answer] = field(default_factory=dict)  # by the keys of the policy's `fields`
    private: bool = False
    drill: bool = False
    channel_id: str | None = None
    channel_name: str | None = None
    roles: dict[str, str] = field(default_factory=dict)
    responders: tuple[str, ...] = ()
    acknowledged_at: datetime | None = None
    acknowledged_by: str | None = None
    identified_at: datetime | None = None
    mitigated_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: str | None = None
    closed_at: datetime | None = None
    ended_at: datetime | None = None
    episode: int = 1
    updates: int = 0
    updated_at: datetime | None = None
    update_text: str = ""
    update_due_at: datetime | None = None
    promised_by: str | None = None
    unanswered: int = 0
    roles_due_at: datetime | None = None
    roles_asked: int = 0
    snooze: Snooze | None = None
    summary: str = ""
    root_cause: str = ""
    impact_ended_at: datetime | None = None
    live_nudge: str | None = None  # `dedup_key` of the one reminder that still has its buttons
    live_pages: tuple[str, ...] = ()  # `dedup_key` of each page that still asks somebody
    live_alerts: tuple[VendorAlert, ...] = ()
    handovers: tuple[Handover, ...] = ()
    handovers_asked: int = 0
    turns: tuple[RoleShift, ...] = ()  # of those who hold a role while they are on call
    walks: tuple[RunSummary, ...] = ()
    policy: str = ""
    policy_changes: int = 0  # how often another one was brought to it

    @property
    def id(self) -> str:
        return f"INC-{self.number}"

    @property
    def paging_round(self) -> str:
        """What rungs and their pages are counted in: the episode, and the policy brought to it."""
        return f"{self.episode}.{self.policy_changes}" if self.policy_changes else str(self.episode)

    @property
    def open(self) -> bool:
        return self.status not in ENDED

    def seconds_since_detection(self, instant: datetime | None) -> float | None:
        """Seconds from detection to `instant`: MTTA, MTTI, MTTM, MTTR of this incident."""
        return None if instant is None else max(0.0, (instant - self.detected_at).total_seconds())


@dataclass(frozen=True, slots=True)
class Change:
    """What a verb made of an incident: its new state and the entries to append."""

    incident: Incident
    entries: tuple[Entry, ...] = ()


def require_open(incident: Incident) -> None:
    if not incident.open:
        raise Refused(f"{incident.id} is {incident.status}. Reopen it first.", "reopen It is failing again")
