"""Caches people's profiles from `users.info`, so that several parts of the bot need one call for a person."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

MOST_KEPT = 5_000  # people; the oldest answer is forgotten first


class Profiles:
    """One cache for each client. `call` makes one call of a method and raises `SlackError`, which is not cached."""

    def __init__(self, call: Callable[..., Awaitable[dict[str, Any]]]) -> None:
        self._call = call
        self._kept: dict[str, tuple[float, dict[str, Any]]] = {}  # when it was read (monotonic), in that order

    async def get(self, user: str, max_age_s: float) -> dict[str, Any]:
        """The user object, no older than `max_age_s` seconds. Raises `SlackError`."""
        at, profile = self._kept.get(user, (float("-inf"), {}))
        if time.monotonic() - at < max_age_s:
            return profile
        answer: dict[str, Any] = (await self._call("users.info", user=user))["user"]
        self._kept.pop(user, None)
        self._kept[user] = (time.monotonic(), answer)
        while len(self._kept) > MOST_KEPT:
            del self._kept[next(iter(self._kept))]
        return answer

    def last(self, user: str) -> dict[str, Any] | None:
        """The user object that Slack gave last, however old. None if it never gave one."""
        return self._kept[user][1] if user in self._kept else None
