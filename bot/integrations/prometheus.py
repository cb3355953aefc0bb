"""Asks a Prometheus for ranges of a query, over its HTTP API.

https://prometheus.io/docs/prometheus/latest/querying/api/#range-queries. Anything that speaks the same API will do:
Mimir, Thanos, VictoriaMetrics.
"""

from __future__ import annotations

import asyncio
import json
import math
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from bot.domain.errors import TocsinError
from bot.domain.rules.series import Series, labels_of
from bot.integrations.http import USER_AGENT

TIMEOUT_S = 20.0  # of one query, as a whole
CONNECT_S = 5.0
CONCURRENCY = 8
LARGEST_ANSWER = 64 * 1024 * 1024
PARSED_ASIDE = 256 * 1024  # bytes beyond which an answer is parsed in a thread
MOST_POINTS = 10_000  # of a series in one answer; Prometheus refuses more than 11,000
_UNREACHABLE_STATUSES = (401, 403, 404, 502, 503, 504)


class PrometheusError(TocsinError):
    """A query failed. `unreachable`: Prometheus answers no query at all, so this one is not at fault."""

    def __init__(self, message: str, *, unreachable: bool) -> None:
        super().__init__(message)
        self.unreachable = unreachable


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a Prometheus, and the credentials for it."""

    url: str  # may contain a user and password, for basic authentication
    token: str | None = None  # a bearer token
    ca: Path | None = None  # certificates to trust instead of the system's

    @property
    def display_url(self) -> str:
        """The address without user and password."""
        return str(URL(self.url).with_user(None))


class Prometheus:
    """A client of one Prometheus. Call `close` at the end."""

    def __init__(self, address: Callable[[], Address]) -> None:
        """`address` is called before each request: its secrets may be replaced meanwhile."""
        self._address = address
        self._ca = address().ca
        self._session: aiohttp.ClientSession | None = None
        self._turns = asyncio.Semaphore(CONCURRENCY)

    @property
    def display_url(self) -> str:
        """The address without user and password."""
        return self._address().display_url

    async def close(self) -> None:
        """Close the connections. Calling it twice is safe."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def range(self, query: str, start: float, end: float, step: float) -> list[Series]:
        """The series of a query, a sample each `step` seconds. Raises `PrometheusError`.

        A range with more samples than one answer may have is read in parts.
        """
        parts: list[list[Series]] = []
        while True:
            last = min(end, start + (MOST_POINTS - 1) * step)
            parts.append(await self._range(query, start, last, step))
            start = last + step
            if start > end + step * 1e-6:
                return parts[0] if len(parts) == 1 else _join(parts)

    async def _range(self, query: str, start: float, end: float, step: float) -> list[Series]:
        form = {
            "query": query, "start": f"{start:.3f}", "end": f"{end:.3f}", "step": f"{step:g}",
            "timeout": f"{TIMEOUT_S:g}s",
        }  # fmt: skip
        async with self._turns:
            status, body = await self._post("api/v1/query_range", form)
        if len(body) > PARSED_ASIDE:
            return await asyncio.to_thread(parse, status, body)
        return parse(status, body)

    async def _post(self, path: str, form: dict[str, str]) -> tuple[int, bytes]:
        try:
            if self._session is None:
                self._session = self._open()
            address = self._address()
            headers = {"Authorization": f"Bearer {address.token}"} if address.token else {}
            url = URL(address.url.rstrip("/")) / path
            if address.token:
                url = url.with_user(None)
            async with self._session.post(url, data=form, headers=headers, allow_redirects=False) as response:
                return response.status, await _body(response)
        except TimeoutError:
            message = f"{self.display_url} did not answer within {TIMEOUT_S:g} s"
            raise PrometheusError(message, unreachable=True) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:  # its words may contain the password
            message = f"{self.display_url} cannot be reached ({type(error).__name__})"
            raise PrometheusError(message, unreachable=True) from None

    def _open(self) -> aiohttp.ClientSession:
        context = ssl.create_default_context(cafile=str(self._ca)) if self._ca else None
        connector = aiohttp.TCPConnector(ssl=context or True, limit=CONCURRENCY)
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S, connect=CONNECT_S)
        return aiohttp.ClientSession(
            connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, timeout=timeout,
            headers={"User-Agent": USER_AGENT},
        )  # fmt: skip


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    while chunk := await response.content.read(1024 * 1024):
        body += chunk
        if len(body) > LARGEST_ANSWER:
            raise PrometheusError("the answer is larger than 64 MiB: ask for fewer series", unreachable=False)
    return bytes(body)


def parse(status: int, body: bytes) -> list[Series]:
    """The series of an answer of the API. Raises `PrometheusError`, which quotes what Prometheus says of the query."""
    try:
        answer = json.loads(body)
        if answer["status"] != "success":
            problem = " ".join(str(answer.get("error") or "no reason is given").split())[:300]
            raise PrometheusError(
                f"Prometheus refuses the query: {problem}", unreachable=status in _UNREACHABLE_STATUSES
            )
        if answer["data"]["resultType"] != "matrix":
            raise PrometheusError("Prometheus answered no range of values", unreachable=False)
        return [_series(result) for result in answer["data"]["result"]]
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError):
        problem = f"it answered {status}, but not in the format of Prometheus' API: check PROMETHEUS_URL"
        raise PrometheusError(problem, unreachable=True) from None


def _series(result: Any) -> Series:
    """One series; NaN says nothing and is left out."""
    times, values = [], []
    for instant, text in result["values"]:
        value = float(text)
        if not math.isnan(value):
            times.append(float(instant))
            values.append(value)
    return Series(labels_of(result["metric"]), times, values)


def _join(parts: list[list[Series]]) -> list[Series]:
    times: dict[Any, list[float]] = {}
    values: dict[Any, list[float]] = {}
    for part in parts:
        for series in part:
            times.setdefault(series.labels, []).extend(series.times)
            values.setdefault(series.labels, []).extend(series.values)
    return [Series(labels, times[labels], values[labels]) for labels in times]
