"""Reads a vendor's API by GET requests: page by page, within its rate limits, with responses of bounded size.

A 429 with `Retry-After` is waited out; server errors and broken connections are retried with growing pauses.
Redirects are not followed, and addresses in responses are not called. With an archive, each response is saved, and a
saved one is not requested again.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar

import aiohttp

from bot.importers.archive import Archive
from bot.importers.errors import Forbidden, ImportFailed
from bot.integrations import http

LARGEST_ANSWER = 16 * 1024 * 1024  # bytes
TIMEOUT_S = 60.0  # of one request
AT_ONCE = 4  # requests
ATTEMPTS = 8  # of one request, whatever the reason
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 1.0, 60.0
_CHUNK = 64 * 1024
_TOLD_EVERY, _TOLD_FROM_S = 1000, 4.0  # answers; seconds of a pause
T = TypeVar("T")


@dataclass(slots=True)
class Reader:
    """A client that reads one account."""

    vendor: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    key_setting: str  # the variable that holds the key, for messages
    session: aiohttp.ClientSession | None  # None: offline
    archive: Archive | None = None
    secrets: tuple[str, ...] = field(default=(), repr=False)
    pause_s: float = _FIRST_PAUSE_S
    tell: Callable[[str], None] = field(default=lambda words: None, repr=False)  # reports the progress
    now: datetime = field(default_factory=lambda: datetime.now(UTC))  # with saved answers: when they were read
    _gate: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(AT_ONCE))
    _answers: int = 0
    _quiet_until: float = 0.0  # of the loop's clock; set by Retry-After, for all requests

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The response to one request. Raises `Forbidden`, or `ImportFailed` with what to do."""
        query = dict(params or {})
        if self.archive is not None and (saved := self.archive.get(path, query)) is not None:
            return saved
        if self.session is None:
            raise Forbidden(f"the saved answers have none for {path}")
        async with self._gate:
            answer = await self._ask(path, query)
        self._answers += 1
        if self._answers % _TOLD_EVERY == 0:
            self.tell(f"{self._answers:,} answers of {self.vendor} read …")
        if self.archive is not None:
            self.archive.put(path, query, answer)
        return answer

    async def _ask(self, path: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Repeat the request until there is a final response."""
        reason = ""
        for attempt in range(ATTEMPTS):
            await self._wait_for_quiet()
            status, data, wait_s, reason = await self._try(path, query)
            if status == 200:
                return data
            self._refuse(status, path)
            pause = min(self.pause_s * 2**attempt, _LONGEST_PAUSE_S) if wait_s is None else wait_s
            if pause >= _TOLD_FROM_S and attempt + 1 < ATTEMPTS:
                self.tell(f"{self.vendor} has no answer yet ({reason}); it is asked again in {pause:.0f} s.")
            self._quiet_until = max(self._quiet_until, asyncio.get_running_loop().time() + pause)
        saved = " Start it again with the same --save folder: it goes on where it stopped." if self.archive else ""
        raise ImportFailed(f"{self.vendor} does not answer {path} ({reason}).{saved}")

    async def _wait_for_quiet(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            remaining_s = self._quiet_until - loop.time()
            if remaining_s <= 0:
                return
            await asyncio.sleep(remaining_s)

    async def _try(self, path: str, query: Mapping[str, str]) -> tuple[int, dict[str, Any], float | None, str]:
        """One attempt: status (0: no response), body, seconds to wait, and the reason in words."""
        if self.session is None:
            raise ValueError("saved answers are all there is")
        url = f"{self.url.rstrip('/')}/{path}"
        try:
            async with self.session.get(
                url, params=query, headers=self.headers, allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=TIMEOUT_S),
            ) as response:  # fmt: skip
                body = await _body(response)
                wait_s = http.retry_after_s(response.headers)
                return response.status, self._parse(body, path, response.status), wait_s, f"{response.status}"
        except (aiohttp.InvalidURL, ValueError):
            raise ImportFailed(f"The address of {self.vendor} cannot be used: check the settings.") from None
        except (aiohttp.ClientError, TimeoutError) as error:
            return 0, {}, None, type(error).__name__

    def _parse(self, body: bytes | None, path: str, status: int) -> dict[str, Any]:
        if status != 200:
            return {}
        if body is None:
            raise ImportFailed(f"{self.vendor}'s answer to {path} is larger than {LARGEST_ANSWER // 2**20} MB.")
        try:
            data = json.loads(body)
        except (ValueError, RecursionError):
            raise ImportFailed(f"{self.vendor}'s answer to {path} is no JSON. Is the address right?") from None
        return data if isinstance(data, dict) else {"data": data}

    def _refuse(self, status: int, path: str) -> None:
        """Raise the error of a final response."""
        if status == 401:
            raise ImportFailed(f"{self.vendor} refuses the key (401): check {self.key_setting}.")
        if status in (402, 403, 404, 410, 422):
            raise Forbidden(f"{self.vendor} answers {status} to {path}")
        if status and status not in (408, 425, 429) and status < 500:
            raise ImportFailed(f"{self.vendor} answers {status} to {path}: check the address in the settings.")


async def all_of(reads: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """The results of concurrent reads, in their order. The first error cancels the others."""
    tasks = [asyncio.ensure_future(read) for read in reads]
    try:
        return list(await asyncio.gather(*tasks))
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise


async def read_text(session: aiohttp.ClientSession, url: str, description: str) -> str:
    """The text at an address of the operator's. Raises `ImportFailed`, without the address, which is a secret."""
    try:
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        async with session.get(url, headers=http.headers(), allow_redirects=False, timeout=timeout) as response:
            body = await _body(response)
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise ImportFailed(f"{description} cannot be fetched ({type(error).__name__}).") from None
    if response.status != 200 or body is None:
        reason = f"{response.status}" if response.status != 200 else "it is too large"
        raise ImportFailed(f"{description} cannot be fetched ({reason}).")
    return body.decode("utf-8", "replace")


async def _body(response: aiohttp.ClientResponse) -> bytes | None:
    """The body; None if it is larger than `LARGEST_ANSWER`."""
    body = bytearray()
    async for chunk in response.content.iter_chunked(_CHUNK):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            return None
    return bytes(body)
