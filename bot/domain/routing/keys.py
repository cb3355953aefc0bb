"""Deadline keys: built from the subject of a deadline, and parsed back into it.

A key is unique for ever, so that each occurrence is armed once: `rung:42:1:sev1:2` is rung 2 of the SEV1 ladder of
INC-42. It is made of the kind, the incident and the fields of the subject, in their order. Keys are stored by every
version: the fields of a subject never change their order, and new ones have a default, which is left out of the key.
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
    HANDOVER = "handover"  # an offered role is neither accepted nor declined
    SHIFT = "shift"  # the on-call shift of a role's holder ends
    RESPOND = "respond"  # the severity's target for the acknowledgement
    MITIGATE = "mitigate"  # the severity's target for the mitigation
    RUNG = "rung"  # a rung of the ladder pages, or pages again
    TRIGGER = "trigger"  # a trigger pages, or pages again
    STEP = "step"  # a playbook step takes longer than it was given
    APPROVAL = "approval"  # a request for approval expires


@dataclass(frozen=True, slots=True)
class UpdateSubject:
    """The next status update is due."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.UPDATE
    episode: int
    updates: int  # posted so far
    unanswered: int  # reminders since the last update


@dataclass(frozen=True, slots=True)
class RoleSubject:
    """Required roles are still empty."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.ROLE
    episode: int
    asked: int  # reminders about roles so far
    roles: tuple[str, ...]  # that are empty


@dataclass(frozen=True, slots=True)
class HandoverSubject:
    """An offered role is neither accepted nor declined."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.HANDOVER
    episode: int
    offer: int
    nudged: bool  # whether this is the deadline after the second request


@dataclass(frozen=True, slots=True)
class ShiftSubject:
    """The on-call shift of a role's holder ends."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.SHIFT
    episode: int
    role: str
    user: str
    schedule: str
    ends: int  # seconds since 1970


@dataclass(frozen=True, slots=True)
class RespondSubject:
    """The severity's target for the acknowledgement ends."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.RESPOND
    episode: int
    severity: str


@dataclass(frozen=True, slots=True)
class MitigateSubject:
    """The severity's target for the mitigation ends."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.MITIGATE
    episode: int
    severity: str


@dataclass(frozen=True, slots=True)
class RungSubject:
    """A rung of the ladder is due."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.RUNG
    round: str
    severity: str
    rung: int
    times: int = 0  # pages so far


@dataclass(frozen=True, slots=True)
class TriggerSubject:
    """A trigger pages beside the ladder."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.TRIGGER
    episode: int
    trigger: str
    times: int = 0  # pages so far


@dataclass(frozen=True, slots=True)
class StepSubject:
    """A step of a playbook takes longer than its timer."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.STEP
    episode: int
    run: int
    step: str
    turns: int  # how often the step's timer was started
    nudged: int  # reminders so far


@dataclass(frozen=True, slots=True)
class ApprovalSubject:
    """A request for approval expires."""

    kind: ClassVar[DeadlineKind] = DeadlineKind.APPROVAL
    episode: int
    run: int
    step: str
    request: int


Subject = (
    UpdateSubject | RoleSubject | HandoverSubject | ShiftSubject | RespondSubject
    | MitigateSubject | RungSubject | TriggerSubject | StepSubject | ApprovalSubject
)  # fmt: skip

_SUBJECTS: dict[str, type[Subject]] = {
    subject_type.kind: subject_type
    for subject_type in (
        UpdateSubject, RoleSubject, HandoverSubject, ShiftSubject, RespondSubject,
        MitigateSubject, RungSubject, TriggerSubject, StepSubject, ApprovalSubject,
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
    """The key of a deadline of this incident."""
    parts = [
        _format(value)
        for field in fields(subject)
        if (value := getattr(subject, field.name)) != field.default
    ]  # fmt: skip
    return ":".join([subject.kind, str(incident), *parts])


def parse(key: str) -> Subject | None:
    """The subject of a deadline, from its key. None for a key that this version does not know."""
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
    """The subject as stored with its deadline; `from_json` reads it back."""
    return {"kind": str(subject.kind), **asdict(subject)}


def from_json(data: Mapping[str, Any]) -> Subject | None:
    """The subject as stored; None for one that this version does not know. Unknown fields are ignored."""
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
    """The subject of a playbook's timer: `step:2:2.3:1:0` is step 2.3 of run 2. None for a timer of a newer version."""
    kind, _, rest = timer.name.partition(":")
    return parse(f"{kind}:{incident.number}:{incident.episode}:{rest}")


def rung_key(incident: Incident, rung: int) -> str:
    """The deadline key of a rung's first page, on the ladder of the current severity."""
    return build(incident.number, RungSubject(incident.paging_round, incident.severity, rung))


def _format(value: object) -> str:
    if isinstance(value, bool):
        return str(int(value))
    return ",".join(value) if isinstance(value, tuple) else str(value)
