"""Payloads of pages to people and channels."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.routing.payloads.payload import Payload
from bot.domain.routing.payloads.settled import SettledPayload


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
    unless: str = "resolved"  # the state that ends it
    times_paged: int = 0  # how often its recipient was paged by the rung, this page included; 0: as `times`

    @property
    def count(self) -> int:
        """How often its recipient was paged by the rung: a page that reaches nobody is repeated to others."""
        return self.times_paged or self.times


@dataclass(frozen=True)
class ChannelPagePayload(PagePayload):
    """A page in another channel."""

    channel: str = ""


@dataclass(frozen=True)
class PersonPagePayload(PagePayload):
    """A page to one person by one method."""

    severity: str = ""
    by: tuple[str, ...] = ()  # the rung's methods, in order
    used: tuple[str, ...] = ()  # methods tried for this person
    contact: str | None = None  # key in the policy
    person: str = ""
    method: str = "slack"
    instead_of: str | None = None  # the method that failed or is delayed
    waits: bool = False  # whether that method is only delayed
    action: str | None = None  # "trigger" for a vendor


@dataclass(frozen=True)
class PageSettledPayload(SettledPayload):
    """Edits a page that was answered, or whose incident ended."""

    by: str | None = None  # who answered; None: nobody
    ended: str | None = None  # the status that ended the incident; None while it is open


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
