"""Runs a playbook step that is a query to Prometheus, over its HTTP API.

https://prometheus.io/docs/prometheus/latest/querying/api/#instant-queries. If a result has several series, each of them
must meet the criterion.
"""

from __future__ import annotations

import asyncio
import json
import ssl
from datetime import timedelta
from pathlib import Path
from typing import Any

import aiohttp
from yarl import URL

from bot.domain.errors import Refused
from bot.domain.playbook.job import Allowed, ExitKind, Invocation, InvocationResult, limits_text
from bot.domain.policy.automation_rules import PromqlRules

MAX_ANSWER_BYTES = 1024 * 1024
MAX_QUERY_BYTES = 8 * 1024
CONCURRENCY = 4
MAX_SERIES_SHOWN = 20


class Promql:
    """Runs instant queries against the Prometheus at `address`. Without an address every query is refused.

    `token` is sent as a bearer token, in place of a user and password in the address. `ca` is a file with the
    certificates to trust instead of the system's.
    """

    name = "promql"
    idempotent = True
    concurrency = CONCURRENCY

    def __init__(
        self, rules: PromqlRules, address: str | None, token: str | None = None, ca: Path | None = None
    ) -> None:
        self._rules = rules
        self._address = URL(address.rstrip("/")) if address else None
        self._token = token
        self._ca = ca
        password = self._address.password if self._address else None
        self.secrets: tuple[str, ...] = tuple(secret for secret in (password, token) if secret)

    def check(self, invocation: Invocation) -> Allowed:
        """Permit one query of limited length. Raises `Refused` without an address or for a longer one."""
        if self._address is None:
            raise Refused("PROMETHEUS_URL is not set, so there is no Prometheus to ask.")
        if len(invocation.args) != 1 or not 0 < len(invocation.args[0]) <= MAX_QUERY_BYTES:
            raise Refused(f"A query of up to {MAX_QUERY_BYTES // 1024} KiB is needed.")
        return Allowed(
            rule="asking Prometheus is allowed",
            where=str(self._address.with_user(None)),
            run_as="the bot",
            limits=limits_text(self._rules.timeout, MAX_ANSWER_BYTES),
            timeout=self._rules.timeout,
        )

    async def run(self, invocation: Invocation, timeout: timedelta) -> InvocationResult:
        """Query once. An empty result is an answer; the step says whether it is a success."""
        try:
            self.check(invocation)
        except Refused as refused:
            return InvocationResult(ExitKind.NOT_STARTED, refused.message)
        seconds = min(timeout, self._rules.timeout).total_seconds()
        try:
            async with asyncio.timeout(seconds):
                return await self._ask(invocation.args[0], seconds)
        except TimeoutError:
            return InvocationResult(ExitKind.TIMED_OUT, f"Prometheus did not answer within {seconds:g} seconds.")
        except aiohttp.ClientError as error:
            return InvocationResult(ExitKind.ENDED, f"Prometheus cannot be asked ({type(error).__name__}).")

    def describe(self) -> str:
        """The address without its credentials."""
        return str(self._address.with_user(None)) if self._address else "PROMETHEUS_URL is not set"

    async def _ask(self, query: str, seconds: float) -> InvocationResult:
        """Send the query by POST, as the API recommends for long queries."""
        assert self._address is not None  # noqa: S101 - `check` has checked it
        url = self._address / "api/v1/query"
        headers: dict[str, str] = {}
        if self._token:
            url, headers = url.with_user(None), {"Authorization": f"Bearer {self._token}"}
        form = {"query": query, "timeout": f"{seconds:g}s"}
        trusted = ssl.create_default_context(cafile=str(self._ca)) if self._ca else True
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.post(url, data=form, headers=headers, ssl=trusted, allow_redirects=False) as response,
        ):
            body = await response.content.read(MAX_ANSWER_BYTES + 1)
            while len(body) <= MAX_ANSWER_BYTES and (
                more := await response.content.read(MAX_ANSWER_BYTES + 1 - len(body))
            ):
                body += more
            return parse_answer(response.status, body)


def build(rules: PromqlRules, address: str | None, token: str | None = None, ca: Path | None = None) -> Promql:
    """The runner for the policy's rules; without `address` every query is refused."""
    return Promql(rules, address, token, ca)


def parse_answer(status: int, body: bytes) -> InvocationResult:
    """Parse an answer of the API, as documented."""
    if len(body) > MAX_ANSWER_BYTES:
        return InvocationResult(ExitKind.LIMIT_EXCEEDED, "Prometheus answered with more than 1 MiB.")
    try:
        answer = json.loads(body)
        if answer["status"] != "success":
            return InvocationResult(ExitKind.ENDED, f"Prometheus refuses the query: {answer.get('error', '')}")
        data = answer["data"]
        samples = _samples(data["resultType"], data["result"])
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError):
        return InvocationResult(ExitKind.ENDED, f"Prometheus answered {status}, but not in the format of its API")
    if not samples:
        return InvocationResult(ExitKind.ENDED, "no result")
    series_lines = "\n".join(f"{name or '{}'} {value:g}" for name, value in samples[:MAX_SERIES_SHOWN])
    more = f"\n… and {len(samples) - MAX_SERIES_SHOWN} more" if len(samples) > MAX_SERIES_SHOWN else ""
    summary = f"{samples[0][1]:g}" if len(samples) == 1 else f"{len(samples)} series"
    return InvocationResult(
        ExitKind.ENDED, summary, samples[0][1], series_lines + more, tuple(value for _, value in samples)
    )


def _samples(result_type: str, result: Any) -> list[tuple[str, float]]:
    """The samples of a scalar or an instant vector, with their labels. Raises `ValueError` for other types."""
    if result_type == "scalar":
        return [("", float(result[1]))]
    if result_type == "vector":
        return [(_labels(sample["metric"]), float(sample["value"][1])) for sample in result]
    raise ValueError(f"{result_type} cannot be compared")


def _labels(metric: dict[str, str]) -> str:
    inner = ", ".join(f'{name}="{value}"' for name, value in metric.items() if name != "__name__")
    return metric.get("__name__", "") + (f"{{{inner}}}" if inner else "")
