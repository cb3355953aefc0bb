"""What the parts of a running process have in common: they start, and they stop in time."""

from __future__ import annotations

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
