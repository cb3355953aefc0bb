"""Records when each kind of request last arrived from Slack, and when one was last refused.

Slack tells nobody when an app is not set up to send something. `tocsin check` concludes it from this record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from bot.clock import Clock
from storage import key_value
from storage.database import Database

EVENT, COMMAND, INTERACTION = "event", "command", "interaction"
WRITTEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class ArrivalRecord:
    """When each kind last arrived; None: never since `since`, when a bot first served from this database."""

    since: datetime
    event: datetime | None = None
    command: datetime | None = None
    interaction: datetime | None = None
    refused: datetime | None = None
    refused_why: str = ""

    @property
    def arrived(self) -> datetime | None:
        """When anything last arrived."""
        return max((at for at in (self.event, self.command, self.interaction) if at is not None), default=None)


class Arrivals:
    """The arrivals of this process, written to the database now and then."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._new: dict[str, str] = {}

    def note(self, body: Mapping[str, Any]) -> None:
        """Note a body that was accepted as Slack's."""
        kind = EVENT if body.get("type") == "event_callback" else COMMAND if "command" in body else INTERACTION
        self._new[kind] = self._clock.now().isoformat()

    def note_refused(self, why: str) -> None:
        """Note a request to Slack's address that was refused."""
        self._new |= {"refused": self._clock.now().isoformat(), "refused_why": why}

    async def write(self) -> None:
        """Add what is new to the record."""
        new, self._new = self._new, {}
        try:
            async with self._database.transaction() as conn:
                record = await key_value.SLACK_ARRIVALS.lock(conn, {"since": self._clock.now().isoformat()})
                if new:
                    await key_value.SLACK_ARRIVALS.put(conn, {**record, **new})
        except BaseException:
            self._new = {**new, **self._new}  # it is written the next time
            raise


def arrival_record(stored: Mapping[str, str]) -> ArrivalRecord:
    """The record as it is stored."""
    times = {name: datetime.fromisoformat(at) for name, at in stored.items() if name != "refused_why"}
    return ArrivalRecord(**times, refused_why=stored.get("refused_why", ""))
