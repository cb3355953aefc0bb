"""Describes an account of a paging service in one vocabulary for all vendors.

Each object has its origin, and notes on features that its vendor has and Tocsin lacks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.importers.report import Row, State


@dataclass(frozen=True, slots=True)
class Origin:
    """The object of the source that an object comes from."""

    kind: str
    id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """A difference between the object at its source and in Tocsin, and what to do. `lost`: the object is not moved."""

    why: str
    do: str = ""
    lost: bool = False
    moved: bool = False  # nothing is lost; somebody has to do something all the same


@dataclass(slots=True)
class SourceObject:
    """An object of the source."""

    origin: Origin
    notes: list[Note] = field(default_factory=list)

    def note(self, why: str, do: str = "", *, lost: bool = False, moved: bool = False) -> None:
        """Add a note."""
        self.notes.append(Note(why, do, lost, moved))

    @property
    def lost(self) -> bool:
        """Whether the object is not moved."""
        return any(note.lost for note in self.notes)

    def row(self) -> Row:
        """The object's row in the report."""
        state = State.MOVED
        if any(not note.moved for note in self.notes):
            state = State.NOT_MOVED if self.lost else State.CHANGED
        why = "; ".join(dict.fromkeys(note.why for note in self.notes if note.why))
        do = " ".join(dict.fromkeys(note.do for note in self.notes if note.do))
        return Row(self.origin.kind, self.origin.id, self.origin.name, state, why, do)


@dataclass(slots=True)
class Step(SourceObject):
    """A step of a person's notification rule: a method, and its delay after a page."""

    method: str = "slack"  # of the policy: slack, email, sms, phone, push
    after: timedelta = timedelta(0)


@dataclass(slots=True)
class Person(SourceObject):
    """A user. `gone`: deactivated or deleted; rotations may still name them."""

    email: str = ""
    phone: str = ""
    slack: str = ""
    steps: list[Step] = field(default_factory=list)
    gone: bool = False

    def take_phone(self, number: str, method: SourceObject) -> None:
        """Take the number of a contact method. If the person has another one already, note that on the method."""
        if not self.phone or self.phone == number:
            self.phone = number
            return
        why = "A contact has one telephone number, and has another one already"
        method.note(why, f"Change `phone` if {number} is the better one.", lost=True)

    def take_email(self, address: str, method: SourceObject) -> None:
        """Take the address of a contact method. If the person has another one already, note that on the method."""
        if not self.email or self.email == address.lower():
            self.email = address.lower()
            return
        why = "A contact has one address, and has another one already"
        method.note(why, f"Change `email` if {address} is the better one.", lost=True)


@dataclass(slots=True)
class Team(SourceObject):
    """A team. `members` are IDs of people, and of other teams whose people belong to it."""

    members: list[str] = field(default_factory=list)
    nested: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Participant:
    """A member of a rotation: `person`, `team`, `ladder` or `schedule` with an ID, or `nobody`."""

    kind: str
    id: str = ""
    name: str = ""

    @property
    def text(self) -> str:
        """The participant in a sentence of the report, such as `escalation Payments`."""
        kind = {"ladder": "escalation"}.get(self.kind, self.kind)
        return f"{kind} {self.name or self.id}"


NOBODY = Participant("nobody")


@dataclass(slots=True)
class Rotation(SourceObject):
    """A rotation of a schedule, or a layer. Turns are counted from `anchor`, in the schedule's time zone."""

    anchor: datetime | None = None
    every: int = 1
    unit: str = "week"  # hour, day, week or month
    participants: list[Participant] = field(default_factory=list)
    begins_at: datetime | None = None  # nobody is on call before, where it is later than `anchor`
    ends_at: datetime | None = None
    hours: list[str] = field(default_factory=list)  # windows as the policy writes them; empty: always
    shifts: list[tuple[Participant, datetime, datetime]] | None = None  # in place of turns
    reported: bool = True  # whether the rotation is an object of the source


@dataclass(slots=True)
class Override(SourceObject):
    """An override. `rotations`: the IDs of those it replaces; empty: the whole schedule."""

    person: Participant = NOBODY
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    rotations: tuple[str, ...] = ()


@dataclass(slots=True)
class Schedule(SourceObject):
    """A schedule. `together`: all its rotations add up; else later ones outrank earlier ones."""

    timezone: str = "UTC"
    together: bool = False
    rotations: list[Rotation] = field(default_factory=list)
    overrides: list[Override] = field(default_factory=list)
    team: str = ""

    def put_in_zone(self, name: str) -> None:
        """Set the time zone; an unknown one becomes UTC, with a note."""
        self.timezone = name or "UTC"
        try:
            ZoneInfo(self.timezone)
        except (ValueError, OSError, KeyError):
            why = f"“{self.timezone}” is no time zone that this machine knows; UTC stands for it"
            self.note(why, "Set the schedule's `timezone`.")
            self.timezone = "UTC"


@dataclass(slots=True)
class Rung(SourceObject):
    """A rung of a ladder, `after` the alert. `how`: all, next or round_robin of a target that has several people."""

    after: timedelta = timedelta(0)
    targets: list[Participant] = field(default_factory=list)
    until: str = "acknowledged"
    how: str = ""
    reported: bool = True  # whether the rung is an object of the source
    silent: bool = False  # a step that notifies nobody, such as a wait


@dataclass(slots=True)
class Ladder(SourceObject):
    """An escalation policy."""

    rungs: list[Rung] = field(default_factory=list)
    repeat: int = 0  # how many times it is repeated
    repeat_after: timedelta = timedelta(0)  # after the last rung


@dataclass(slots=True)
class Service(SourceObject):
    """A service."""

    description: str = ""
    team: str = ""
    ladder: str = ""


@dataclass(slots=True)
class Sender(SourceObject):
    """A monitoring system that sends alerts, by an integration."""

    vendor: str = ""  # as the source names its kind
    team: str = ""
    service: str = ""


@dataclass(slots=True)
class RoutingRule(SourceObject):
    """A rule that says which alerts of a team go where."""

    team: str = ""
    match: dict[str, str] = field(default_factory=dict)
    everything: bool = False
    target: Participant = NOBODY


@dataclass(slots=True)
class PastIncident(SourceObject):
    """An incident or alert of the past."""

    title: str = ""
    text: str = ""
    fixed: str = ""  # what fixed it
    priority: str = ""
    declared_at: datetime | None = None
    acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    people: dict[str, str] = field(default_factory=dict)  # role: address or name
    entries: list[tuple[datetime, str, str]] = field(default_factory=list)  # when, who, what
    services: tuple[str, ...] = ()
    is_alert: bool = False  # an alert: it is found by search, and is no incident


@dataclass(slots=True)
class Account:
    """Everything that an importer read of an account."""

    source: str  # `opsgenie` …, as the command line names it
    people: list[Person] = field(default_factory=list)
    teams: list[Team] = field(default_factory=list)
    schedules: list[Schedule] = field(default_factory=list)
    ladders: list[Ladder] = field(default_factory=list)
    services: list[Service] = field(default_factory=list)
    senders: list[Sender] = field(default_factory=list)
    routing: list[RoutingRule] = field(default_factory=list)
    priorities: list[SourceObject] = field(default_factory=list)  # worst first
    past: list[PastIncident] = field(default_factory=list)
    others: list[SourceObject] = field(default_factory=list)  # what has no counterpart here


def unread_lists(missing: Mapping[str, str]) -> list[SourceObject]:
    """The lists that the API key may not read, as objects of their own. `missing`: the reason by path."""
    source_objects = []
    for path, why in sorted(missing.items()):
        source_object = SourceObject(Origin("list", path))
        source_object.note(why, "Give the key the right to read it and import again, if you use it.", lost=True)
        source_objects.append(source_object)
    return source_objects
