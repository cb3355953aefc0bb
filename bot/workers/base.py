"""Defines the two kinds of background work: a service, which starts and stops, and a periodic task."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol


class Service(Protocol):
    """A part of the bot that runs as long as the process. Stopping one that never started does nothing."""

    @property
    def name(self) -> str:
        """The service's name in the log."""

    async def start(self) -> None:
        """Start, and return as soon as the service runs."""

    async def stop(self, within_s: float) -> None:
        """Accept no new work and finish within `within_s` seconds. What takes longer is cancelled."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """Work that the timer runs again and again, never twice at the same time. A failure is logged with its `hint`."""

    name: str
    every: timedelta
    first: timedelta  # after the start
    work: Callable[[], Awaitable[object]]
    hint: str = "check the database; it is tried again"
