"""Reads on-call schedules from PagerDuty's REST API v2, with the overrides made there.

https://developer.pagerduty.com/api-reference/3f03afb2c84a4-get-a-schedule and `GET /users/{id}` for e-mail addresses,
which the schedule does not contain.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import aiohttp

from bot.domain.errors import DeliveryError
from bot.integrations import http

VENDOR = "PagerDuty"
ON_CALLS = 100  # in one answer: the most that PagerDuty gives
EMAIL_FRESH_S = 3600.0  # an address may be corrected, or the token be given the right to read it


@dataclass(frozen=True, slots=True)
class Entry:
    """One shift. `email` is None if the token may not read the person."""

    user: str
    name: str
    email: str | None
    starts_at: datetime
    ends_at: datetime


@dataclass(slots=True)
class Schedules:
    """A client for one account. It reads each person's address once an hour."""

    session: aiohttp.ClientSession
    url: str
    token: str = field(repr=False)
    _emails: dict[str, tuple[float, str | None]] = field(default_factory=dict)  # when they were read (monotonic)

    async def entries(self, schedule: str, since: datetime, until: datetime) -> list[Entry]:
        """The shifts of a schedule, in order. Raises `DeliveryError`, which says what to fix."""
        span = {"since": since.isoformat(), "until": until.isoformat(), "time_zone": "UTC"}
        answer = await self._get(f"schedules/{quote(schedule, safe='')}", span)
        if answer.status == 404:
            raise DeliveryError(f"{VENDOR} has no schedule {schedule}; check `pagerduty` in the policy", permanent=True)
        _check(answer)
        final = (answer.data.get("schedule") or {}).get("final_schedule") or {}
        rendered = final.get("rendered_schedule_entries")
        if not isinstance(rendered, list):
            raise DeliveryError(f"{VENDOR}'s answer about {schedule} has no entries in it")
        return [await self._entry(shift) for shift in rendered]

    async def on_call(self, schedules: Sequence[str], at: datetime) -> dict[str, tuple[str, ...]]:
        """The names of the people on call at `at`, by ID of the schedule, in one request. Raises `DeliveryError`.

        https://developer.pagerduty.com/api-reference/3a6b910f11050-list-all-of-the-on-calls
        """
        instant = at.astimezone(UTC).isoformat(timespec="seconds")
        query = [("schedule_ids[]", schedule) for schedule in schedules]
        query += [("since", instant), ("until", instant), ("time_zone", "UTC"), ("limit", str(ON_CALLS))]
        answer = await self._get("oncalls", query)
        _check(answer)
        entries = answer.data.get("oncalls")
        people: dict[str, dict[str, None]] = {schedule: {} for schedule in schedules}
        for entry in entries if isinstance(entries, list) else ():
            schedule, name = _text_in(entry, "schedule", "id"), _text_in(entry, "user", "summary")
            if schedule in people and name:
                people[schedule][name] = None
        return {schedule: tuple(names) for schedule, names in people.items()}

    async def _entry(self, shift: dict[str, Any]) -> Entry:
        user = shift["user"]
        return Entry(
            user=str(user["id"]),
            name=str(user.get("summary") or user["id"]),
            email=await self._email(str(user["id"])),
            starts_at=datetime.fromisoformat(shift["start"]).astimezone(UTC),
            ends_at=datetime.fromisoformat(shift["end"]).astimezone(UTC),
        )

    async def _email(self, user: str) -> str | None:
        """The person's address; None if the token may not read them."""
        read_at, email = self._emails.get(user, (float("-inf"), None))
        if time.monotonic() - read_at >= EMAIL_FRESH_S:
            answer = await self._get(f"users/{quote(user, safe='')}", {})
            if answer.status not in (403, 404):
                _check(answer)
            email = str((answer.data.get("user") or {}).get("email") or "").lower() or None
            self._emails[user] = time.monotonic(), email
        return email

    async def _get(self, path: str, query: dict[str, str] | list[tuple[str, str]]) -> http.Answer:
        headers = http.headers(Accept="application/json", Authorization=f"Token token={self.token}")
        url = f"{self.url.rstrip('/')}/{path}"
        return await http.ask(self.session, "GET", url, VENDOR, (self.token,), headers=headers, params=query)


def _text_in(entry: Any, part: str, name: str) -> str:
    """A text in a part of an entry; empty where the answer has something else there."""
    inner = entry.get(part) if isinstance(entry, dict) else None
    text = inner.get(name) if isinstance(inner, dict) else None
    return text if isinstance(text, str) else ""


def _check(answer: http.Answer) -> None:
    if answer.status == 200:
        return
    if answer.status in (401, 403):
        raise DeliveryError(f"{VENDOR} refuses the token ({answer.status}); check PAGERDUTY_API_TOKEN", permanent=True)
    raise http.temporary_error(answer, VENDOR) or DeliveryError(f"{VENDOR} answered {answer.status}", permanent=True)
