"""The dead-man's switch: `HEARTBEAT_URL` is called every minute while all is well, so that silence is noticed outside.

What watches for it must not be of this process, machine or Slack: healthchecks.io, Dead Man's Snitch, Uptime Kuma's
push monitor and the like. The address is a secret: whoever has it could keep the switch quiet.
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
AT_ONCE_S = 5.0  # after the start: the loops are under way by then


class Checked(Protocol):
    """One condition of being well."""

    @property
    def name(self) -> str: ...

    @property
    def ok(self) -> bool: ...


class Heartbeat:
    """`sent` when it arrived, `failed` when it did not, `withheld` while something is wrong: told to `observe`."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        checks: Callable[[], Awaitable[Sequence[Checked]]],
        observe: Callable[[str], None] = lambda result: None,
    ) -> None:
        self._session = session
        self._url = url
        self._checks = checks
        self._observe = observe
        self._last: str | None = None

    @property
    def periodic(self) -> Periodic:
        return Periodic(
            "heartbeat", timedelta(seconds=EVERY_S), timedelta(seconds=AT_ONCE_S), self.beat,
            hint="it is tried again every minute",
        )  # fmt: skip

    async def beat(self) -> str:
        """Look, and call if all is well. Gives back what came of it."""
        try:
            result, why = await self._look_and_call()
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:  # its words may hold the address
            result, why = "failed", type(error).__name__
        self._observe(result)
        if result != self._last:
            say = log.info if result == "sent" else log.warning
            say(f"heartbeat.{result}", why=why, hint=None if result == "sent" else _MENDS[result])
        self._last = result
        return result

    async def _look_and_call(self) -> tuple[str, str | None]:
        wrong = [check.name for check in await self._checks() if not check.ok]
        if wrong:
            return "withheld", ", ".join(wrong)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with self._session.get(self._url, allow_redirects=False, timeout=timeout) as answer:
            if 200 <= answer.status < 300:
                return "sent", None
            return "failed", f"it was answered {answer.status}"


_MENDS = {
    "withheld": "see /readyz; whoever watches the heartbeat is going to raise the alarm",
    "failed": "see that HEARTBEAT_URL is right and can be reached from here; it is tried again every minute",
}
