"""The notifier protocol: `send` takes a page and returns a receipt, or raises why it could not.

Errors are `bot.domain.errors.DeliveryError`: `permanent` where trying again is useless (the next method is used),
`uncertain` where the vendor may have taken it, `wait_s` where the vendor says when to come back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.domain.paging.people import Person
from bot.domain.values.ordinals import ordinal


class Action(StrEnum):
    """`TRIGGER` pages a person; the others tell a vendor that keeps the alert how it went on."""

    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Page:
    """One page for one person, as it is true when it is sent.

    Of a private incident nothing but the ID leaves: `title`, `severity`, `status`, `why` and `link` are None.
    `key` is the same at each attempt of this page and of no other; `uncertain` says that an earlier attempt may have
    arrived. `severe` counts from 0, the worst.
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

    @property
    def private(self) -> bool:
        """Whether nothing but the ID may leave."""
        return self.title is None

    @property
    def headline(self) -> str:
        """`INC-42: Checkout is down`; always the same for one incident, so that mail programs keep it together."""
        return f"{self.incident}: {self.title}" if self.title else f"{self.incident} (private)"

    @property
    def count(self) -> str:
        """` (2nd time)`, or nothing at the first."""
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
    """A paging method."""

    async def send(self, page: Page) -> Receipt:
        """Deliver once. Raises `DeliveryError`; never repeats by itself, and names no secret."""
        ...
