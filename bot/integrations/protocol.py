"""Defines the protocol of a notifier (a client of a paging vendor) and the page that it sends.

`send` returns a receipt or raises `bot.domain.errors.DeliveryError`: `permanent` if trying again is useless (the next
method is used), `uncertain` if the vendor may have accepted the page, `wait_s` if the vendor says when to come back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.domain.paging.people import Person
from bot.domain.values.ordinals import ordinal


class Action(StrEnum):
    """The action of a notifier: `TRIGGER` pages a person; the others acknowledge or resolve the alert at the vendor."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Page:
    """One page for one person, with the incident's state at the time of sending.

    For a private incident only the ID leaves: `title`, `severity`, `status`, `why`, `link` and `bridge` (the address of
    the call) are None. `key` is the same at each attempt of this page and of no other; `uncertain` says that an earlier
    attempt may have arrived. `severe` counts from 0, the worst.
    """

    incident: str
    action: Action
    dedup_key: str
    key: str
    person: Person = field(repr=False)  # telephone numbers and routing keys
    title: str | None
    severity: str | None
    severe: int | None
    status: str | None
    why: str | None
    link: str | None
    rung: int | None
    times: int
    declared_at: datetime
    paged_at: datetime
    uncertain: bool = False
    bridge: str | None = None
    acknowledge: str | None = field(default=None, repr=False)  # a link with which this person acknowledges, once
    slack_down: bool = False  # so nobody is sent there
    console: str | None = None  # while Slack is down: the incident's page in the console, its room for so long
    alert: bool = False  # it is about a group of alerts; `incident` is the group's ID

    @property
    def private(self) -> bool:
        """Whether only the ID may leave."""
        return self.title is None

    @property
    def headline(self) -> str:
        """A subject such as `INC-42: Checkout is down`, the same for all pages of an incident: mail groups them."""
        return f"{self.incident}: {self.title}" if self.title else f"{self.incident} (private)"

    @property
    def count(self) -> str:
        """Text such as ` (2nd time)`; empty for the first page."""
        return f" ({ordinal(self.times)} time)" if self.times > 1 else ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The vendor's confirmation, kept with the notice. `id` is the vendor's own."""

    vendor: str
    id: str
    status: str = ""

    def as_json(self) -> dict[str, Any]:
        """The receipt as it is stored."""
        return asdict(self)


class Notifier(Protocol):
    """A client of a paging vendor."""

    async def send(self, page: Page) -> Receipt:
        """Make one attempt to send the page. Raises `DeliveryError`, which names no secret."""
        ...
