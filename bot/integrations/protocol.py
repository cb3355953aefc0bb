"""What every notifier is: something that takes a page and gives back a receipt, or says why it could not.

Errors are `bot.domain.errors.DeliveryError`: `permanent` where trying again is useless (the next method is used),
`uncertain` where the vendor may have taken it, `wait_s` where the vendor says when to come back.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from bot.domain.paging.calls import Person
from bot.domain.paging.ladder import ordinal


class Action(StrEnum):
    """`TRIGGER` calls somebody; the others tell a vendor that keeps the alert what became of it."""

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
        return self.title is None

    @property
    def headline(self) -> str:
        """`INC-42: Checkout is down`; always the same for one incident, so that mail programs keep it together."""
        return f"{self.incident}: {self.title}" if self.title else f"{self.incident} (private)"

    @property
    def count(self) -> str:
        return f" ({ordinal(self.times)} time)" if self.times > 1 else ""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the vendor gave back, kept with the row: `id` is what the vendor finds it by."""

    vendor: str
    id: str
    status: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


class Notifier(Protocol):
    """One way of reaching people."""

    async def send(self, page: Page) -> Receipt:
        """Deliver once. Raises `DeliveryError`; never repeats by itself and never says a secret."""
        ...
