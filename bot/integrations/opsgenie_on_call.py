"""Asks Opsgenie who was on call at an instant.

https://docs.opsgenie.com/docs/who-is-on-call-api: with `flat`, `onCallRecipients` are the user names of all who are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

import aiohttp

from bot.domain.errors import DeliveryError
from bot.integrations import http

VENDOR = "Opsgenie"
MOST_PEOPLE = 100  # of one schedule


@dataclass(slots=True)
class OpsgenieOnCall:
    """A client for one account, by a key that only reads."""

    session: aiohttp.ClientSession
    url: str
    key: str = field(repr=False)

    async def on_call(self, schedules: Sequence[str], at: datetime) -> dict[str, tuple[str, ...]]:
        """The addresses of the people on call at `at`, by ID of the schedule, with one request for each.

        A schedule that is gone is left out. Raises `DeliveryError`.
        """
        people = {schedule: await self._of(schedule, at) for schedule in schedules}
        return {schedule: names for schedule, names in people.items() if names is not None}

    async def _of(self, schedule: str, at: datetime) -> tuple[str, ...] | None:
        query = {"scheduleIdentifierType": "id", "flat": "true", "date": at.isoformat(timespec="seconds")}
        headers = http.headers(Accept="application/json", Authorization=f"GenieKey {self.key}")
        url = f"{self.url.rstrip('/')}/v2/schedules/{quote(schedule, safe='')}/on-calls"
        answer = await http.ask(self.session, "GET", url, VENDOR, (self.key,), headers=headers, params=query)
        if answer.status == 404:
            return None
        if answer.status != 200:
            refused = DeliveryError(f"{VENDOR} answered {answer.status}; check OPSGENIE_API_KEY", permanent=True)
            raise http.temporary_error(answer, VENDOR) or refused
        on_calls = answer.data.get("data")
        recipients = on_calls.get("onCallRecipients") if isinstance(on_calls, dict) else None
        names = recipients[:MOST_PEOPLE] if isinstance(recipients, list) else []
        return tuple(name for name in names if isinstance(name, str))
