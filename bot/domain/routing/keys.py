"""Builds the key of a deadline from its subject (what the deadline is about), and parses the key back.

A key is unique for ever, so that each occurrence is armed once. It joins the kind, the incident's number and the fields
of the subject with colons. In `rung:42:1:sev1:2` the kind is `rung` (a step of the escalation ladder), the incident is
INC-42, the paging round is 1, the severity is `sev1` and the rung's number is 2. Older versions have stored keys, so
the fields of a subject never change their order. A new field has a default, which is left out of the key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, ClassVar

from bot.domain.incident import Incident, RoleShift, Timer


class DeadlineKind(StrEnum):
    """The rule that a deadline belongs to. Each has a handler for when it lapses."""

    UPDATE = "update"  # a status update is due
    ROLE = "role"  # required roles are empty
    COMMS = "comms"  # an audience was not told within the severity's cadence
    REVIEW = "review"  # the review is not scheduled, due or overdue
    AGENDA = "agenda"  # a point of the review's meeting begins
    HANDOVER = "handover"  # an offered role is neither accepted nor declined
    SHIFT = "shift"  # the on-call shift of a role's holder ends
    RESPOND = "respond"  # the severity's target for the acknowledgement
    MITIGATE = "mitigate"  # the severity's target for the mitigation
    RUNG = "rung"  # a rung of the ladder pages, or pages again
    PERSON = "person"  # somebody who was paged is paged by another of their own methods
    TRIGGER = "trigger"  # a trigger pages, or pages again
    STEP = "step"  # a playbook step takes longer than it was given
    APPROVAL = "approval"  # a request for approval expires
    REHEARSAL = "rehearsal"  # a drill of an outage of Slack ends
    PLAY = "play"  # a drill replays the input of a past incident, and compares both at its end


@dataclass(frozen=True, slots=True)
class UpdateSubject:
    """Subject of the deadline for the next status update."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.UPDATE
    episode: int
    updates: int  # posted so far
    unanswered: int  # reminders since the last update


@dataclass(frozen=True, slots=True)
class RoleSubject:
    """Subject of the deadline for required roles that nobody holds."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.ROLE
    episode: int
    asked: int  # reminders about roles so far
    roles: tuple[str, ...]  # that are empty


@dataclass(frozen=True, slots=True)
class CommsSubject:
    """Subject of the deadline for audiences that were not told within the severity's cadence."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.COMMS
    episode: int
    communications: int  # so far
    asked: int  # reminders about audiences since then


@dataclass(frozen=True, slots=True)
class HandoverSubject:
    """Subject of the deadline for the answer to an offered role."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.HANDOVER
    episode: int
    offer: int
    nudged: bool  # whether this is the deadline after the second request


@dataclass(frozen=True, slots=True)
class ShiftSubject:
    """Subject of the deadline at the end of a role holder's on-call shift."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.SHIFT
    episode: int
    role: str
    user: str
    schedule: str
    ends: int  # seconds since 1970


@dataclass(frozen=True, slots=True)
class RespondSubject:
    """Subject of the deadline by which the severity wants the incident acknowledged."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.RESPOND
    episode: int
    severity: str


@dataclass(frozen=True, slots=True)
class MitigateSubject:
    """Subject of the deadline by which the severity wants the incident mitigated."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.MITIGATE
    episode: int
    severity: str


@dataclass(frozen=True, slots=True)
class RungSubject:
    """Subject of the deadline at which a rung of the ladder pages."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.RUNG
    round: str
    severity: str
    rung: int
    times: int = 0  # pages so far


@dataclass(frozen=True, slots=True)
class PersonSubject:
    """Subject of the deadline at which a person who was paged by a rung is paged by another of their own methods."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.PERSON
    round: str
    severity: str
    rung: int
    contact: str
    method: str


@dataclass(frozen=True, slots=True)
class TriggerSubject:
    """Subject of the deadline at which a trigger pages, beside the ladder."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.TRIGGER
    episode: int
    trigger: str
    times: int = 0  # pages so far


@dataclass(frozen=True, slots=True)
class StepSubject:
    """Subject of the deadline of a playbook step that takes longer than its timer."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.STEP
    episode: int
    run: int
    step: str
    turns: int  # how often the step's timer was started
    nudged: int  # reminders so far


@dataclass(frozen=True, slots=True)
class ApprovalSubject:
    """Subject of the deadline at which a request for approval expires."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.APPROVAL
    episode: int
    run: int
    step: str
    request: int


@dataclass(frozen=True, slots=True)
class ReviewSubject:
    """Subject of the deadline at which the facilitator is reminded of the review."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.REVIEW
    episode: int
    reminders: int  # so far
    scheduled: int = 0  # how often a time was set


@dataclass(frozen=True, slots=True)
class AgendaSubject:
    """Subject of the deadline at which a point of the review's meeting begins."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.AGENDA
    episode: int
    scheduled: int  # how often a time was set
    point: int  # from 1; one more than the agenda has: the end


@dataclass(frozen=True, slots=True)
class RehearsalSubject:
    """Subject of the deadline at which a drill of an outage of Slack ends."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.REHEARSAL
    episode: int


@dataclass(frozen=True, slots=True)
class PlaySubject:
    """Subject of the deadline at which a drill plays the next event of a past incident, or compares both at its end."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.PLAY
    episode: int
    turn: int  # how often the drill has played something, or found that it is too early
    over: bool = False  # the drill has ended


Subject = (
    UpdateSubject | RoleSubject | CommsSubject | HandoverSubject | ShiftSubject | RespondSubject
    | MitigateSubject | RungSubject | PersonSubject | TriggerSubject | StepSubject | ApprovalSubject | ReviewSubject
    | AgendaSubject | RehearsalSubject | PlaySubject
)  # fmt: skip

_SUBJECTS: dict[str, type[Subject]] = {
    subject_type.kind: subject_type
    for subject_type in (
        UpdateSubject, RoleSubject, CommsSubject, HandoverSubject, ShiftSubject, RespondSubject,
        MitigateSubject, RungSubject, PersonSubject, TriggerSubject, StepSubject, ApprovalSubject, ReviewSubject,
        AgendaSubject, RehearsalSubject, PlaySubject,
    )
}  # fmt: skip

# Parsers of a field's value in a key, by the field's annotation.
_READ: dict[str, Callable[[str], Any]] = {
    "int": int,
    "str": str,
    "bool": lambda text: bool(int(text)),
    "tuple[str, ...]": lambda text: tuple(text.split(",")),
}


def build(incident: int, subject: Subject) -> str:
    """The key of a deadline of this incident, by its subject."""
    parts = [
        _format(value)
        for field in fields(subject)
        if (value := getattr(subject, field.name)) != field.default
    ]  # fmt: skip
    return ":".join([subject.kind, str(incident), *parts])


def parse(key: str) -> Subject | None:
    """The subject of the deadline with this key. None for a key that this version does not know."""
    kind, _, rest = key.partition(":")
    subject = _SUBJECTS.get(kind)
    values = rest.split(":")[1:]
    if subject is None or len(values) > len(fields(subject)):
        return None
    try:
        parsed = [_READ[str(field.type)](value) for field, value in zip(fields(subject), values, strict=False)]
        return subject(*parsed)
    except (TypeError, ValueError):
        return None


def as_json(subject: Subject) -> dict[str, Any]:
    """The subject as JSON, as it is stored with its deadline; `from_json` reads it back."""
    return {"kind": str(subject.kind), **asdict(subject)}


def from_json(data: Mapping[str, Any]) -> Subject | None:
    """The subject that was stored; None for one that this version does not know. Unknown fields are ignored."""
    subject = _SUBJECTS.get(str(data.get("kind")))
    if subject is None:
        return None
    values: dict[str, Any] = {field.name: data[field.name] for field in fields(subject) if field.name in data}
    if isinstance(values.get("roles"), list):
        values["roles"] = tuple(values["roles"])
    try:
        return subject(**values)
    except TypeError:
        return None


def shift_subject(incident: Incident, shift: RoleShift) -> ShiftSubject:
    """The subject of the end of an on-call shift."""
    return ShiftSubject(incident.episode, shift.role, shift.user, shift.schedule, int(shift.ends_at.timestamp()))


def timer_subject(incident: Incident, timer: Timer) -> Subject | None:
    """The subject of a playbook's timer; None for a timer of a newer version.

    The timer `step:2:2.3:1:0` is that of run 2, step 2.3, started once, with no reminder so far.
    """
    kind, _, rest = timer.name.partition(":")
    return parse(f"{kind}:{incident.number}:{incident.episode}:{rest}")


def rung_key(incident: Incident, rung: int) -> str:
    """The deadline key of a rung's first page, on the ladder of the current severity."""
    return build(incident.number, RungSubject(incident.paging_round, incident.severity, rung))


def _format(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return ",".join(value) if isinstance(value, tuple) else str(value)
