"""Calls `HEARTBEAT_URL` every minute while every check passes; a monitor elsewhere notices when the calls stop.

The monitor must depend neither on this machine nor on Slack: healthchecks.io, Dead Man's Snitch, Uptime Kuma's push
monitor and the like. The URL is a secret: with it an attacker could hide an outage.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Protocol

import aiohttp
import structlog

from bot.workers.base import Periodic

log = structlog.get_logger()

EVERY_S = 60.0
TIMEOUT_S = 5.0
FIRST_S = 5.0  # after the start, when the workers run


class ReadinessCheck(Protocol):
    """One condition of readiness."""

    @property
    def name(self) -> str:
        """The condition's name in the log."""

    @property
    def ok(self) -> bool:
        """Whether it holds."""


class Heartbeat:
    """Sends heartbeats. `observe` gets each result: `sent`, `failed` (no 2xx status), `withheld` (a check fails)."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: Callable[[], str],
        checks: Callable[[], Awaitable[Sequence[ReadinessCheck]]],
        observe: Callable[[str], None] = lambda result: None,
    ) -> None:
        self._session = session
        self._url = url
        self._checks = checks
        self._observe = observe
        self._last: str | None = None

    @property
    def periodic(self) -> Periodic:
        """The task that sends a heartbeat every minute."""
        return Periodic(
            "heartbeat", timedelta(seconds=EVERY_S), timedelta(seconds=FIRST_S), self.beat,
            hint="it is tried again every minute",
        )  # fmt: skip

    async def beat(self) -> str:
        """Run the checks, and call the URL if all pass. Returns the result."""
        return (await self.attempt())[0]

    async def attempt(self) -> tuple[str, str | None]:
        """Do what `beat` does, and return the result with its reason: None if it was sent."""
        try:
            result, why = await self._check_and_call()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:  # its message may contain the URL
            result, why = "failed", type(error).__name__
        self._observe(result)
        if result != self._last:
            say = log.info if result == "sent" else log.warning
            say(f"heartbeat.{result}", why=why, hint=None if result == "sent" else _HINTS[result])
        self._last = result
        return result, why

    async def _check_and_call(self) -> tuple[str, str | None]:
        failing_checks = [check.name for check in await self._checks() if not check.ok]
        if failing_checks:
            return "withheld", ", ".join(failing_checks)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with self._session.get(self._url(), allow_redirects=False, timeout=timeout) as answer:
            if 200 <= answer.status < 300:
                return "sent", None
            return "failed", f"it was answered {answer.status}"


_HINTS = {
    "withheld": "see /readyz; the monitor of the heartbeat will raise an alarm",
    "failed": "check that HEARTBEAT_URL is right and can be reached from here; it is tried again every minute",
}
