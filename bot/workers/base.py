"""What the parts of a running process have in common: services start and stop, periodic work is done on time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


class Service(Protocol):
    """A part that runs from the start of the process to its end. Stopping one that never started does nothing."""

    @property
    def name(self) -> str:
        """For the log."""

    async def start(self) -> None:
        """Return as soon as it runs."""

    async def stop(self, within_s: float) -> None:
        """Take nothing new in and finish, within `within_s` seconds. What takes longer is cut short."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work that the timer does again and again, never twice at the same time. A failure is logged with its `hint`."""

    name: str
    every: timedelta
    first: timedelta  # after the start
    work: Callable[[], Awaitable[object]]
    hint: str = "check the database; it is tried again"
