"""Refuses a signed request of Slack's that arrives a second time, so that nobody can replay a recorded one."""

from __future__ import annotations

import asyncio
import time

REMEMBERED_FOR_S = 600.0  # Slack's signatures are valid for five minutes
MOST_REMEMBERED = 20_000


class ReplayGuard:
    """Remembers the bodies of accepted requests, by their digests: headers can be changed, bytes cannot.

    Slack repeats events only, and those carry an ID that is recorded. For everything else the same body twice within
    five minutes is a load balancer's retry, or an attack.
    """

    def __init__(self, for_s: float = REMEMBERED_FOR_S) -> None:
        self._for_s = for_s
        self._until: dict[str, float] = {}
        self._under_way: dict[str, asyncio.Event] = {}

    async def seen_before(self, body: str) -> bool:
        """Whether a request with this body was accepted. If one is in progress, wait for its outcome.

        After False the caller has to report the outcome by `finish`.
        """
        while (first := self._under_way.get(body)) is not None:
            await first.wait()
        now = time.monotonic()
        while self._until and (len(self._until) >= MOST_REMEMBERED or next(iter(self._until.values())) < now):
            del self._until[next(iter(self._until))]
        if body in self._until:
            return True
        self._under_way[body] = asyncio.Event()
        return False

    def finish(self, body: str, *, taken: bool) -> None:
        """Report the outcome. A request that was not accepted may be sent again."""
        if taken:
            self._until[body] = time.monotonic() + self._for_s
        self._under_way.pop(body).set()
