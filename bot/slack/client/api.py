"""Slack's Web API with our rules: one session, one time-out, no silent repeats, and errors that say what is known."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.errors import DeliveryError
from bot.integrations.http import CONNECT_S, TIMEOUT_S
from bot.slack.client import rate_limiter
from bot.slack.client.rate_limiter import RateLimiter

# Slack's own trouble: the call may have taken effect. https://docs.slack.dev/reference/methods (common errors)
UNCERTAIN = frozenset({"internal_error", "fatal_error", "service_unavailable", "request_timeout"})
RATE_LIMITED = frozenset({"ratelimited", "rate_limited"})
RATE_LIMIT_WAIT = "Slack allows only so many of these; this waits its turn"


class SlackError(DeliveryError):
    """Slack's answer was not ok. `name` is Slack's error name, or our own for what never got an answer."""

    def __init__(
        self,
        name: str,
        method: str,
        *,
        permanent: bool = False,
        uncertain: bool = False,
        wait_s: float | None = None,
        tried: bool = True,
        counts: bool = True,
    ) -> None:
        super().__init__(f"{method}: {name}", permanent=permanent, uncertain=uncertain, wait_s=wait_s, tried=tried)
        self.counts = counts  # as a call, among those that Slack allows
        self.name = name
        self.method = method


class SlackApi:
    """`call` answers with Slack's JSON or raises `SlackError`. What is not to be called yet is not called."""

    def __init__(
        self,
        client: AsyncWebClient,
        observe: Callable[[str, str, float], None] = lambda m, r, s: None,
        waits: Callable[[str, float], None] = lambda m, s: None,
    ) -> None:
        self.client = client
        self.rate_limiter = RateLimiter()
        self._observe = observe
        self._waits = waits

    async def call(self, method: str, **args: Any) -> dict[str, Any]:
        """One attempt. `uncertain` errors may have taken effect all the same; one that is not `tried` has none."""
        channel = str(args.get("channel", ""))
        going = self.rate_limiter.acquire(method, channel, rate_limiter.current_caller.get())
        if isinstance(going, float):
            self._waits(method, going)
            raise SlackError(RATE_LIMIT_WAIT, method, wait_s=going, tried=False)
        started = time.perf_counter()
        result, counts = "ok", True
        try:
            return await self._post(method, {key: value for key, value in args.items() if value is not None})
        except SlackError as error:
            result, counts = error.name, error.counts
            if error.name in RATE_LIMITED:
                counts = False
                self.rate_limiter.back_off(method, channel, error.wait_s or 1.0)
            raise
        finally:
            going.release(counts=counts)
            self._observe(method, result, time.perf_counter() - started)

    async def _post(self, method: str, args: dict[str, Any]) -> dict[str, Any]:
        try:
            response = await getattr(self.client, method.replace(".", "_"))(**args)
        except SlackApiError as error:
            raise _from_answer(error, method) from error
        except aiohttp.ClientConnectorError as error:
            raise SlackError("could not connect to Slack", method, counts=False) from error
        except RedirectRefused as error:
            raise SlackError("it answers from elsewhere; check SLACK_API_URL", method) from error
        except TimeoutError as error:
            raise SlackError("no answer in time", method, uncertain=True) from error
        except aiohttp.ClientError as error:
            raise SlackError(f"the connection broke ({type(error).__name__})", method, uncertain=True) from error
        data = response.data
        return data if isinstance(data, dict) else {}


def _from_answer(error: SlackApiError, method: str) -> SlackError:
    status = int(getattr(error.response, "status_code", None) or getattr(error.response, "status", None) or 200)
    headers = getattr(error.response, "headers", None) or {}
    if status == 429:
        return SlackError("ratelimited", method, wait_s=_retry_after(headers))
    if status >= 500:
        return SlackError(f"Slack answered {status}", method, uncertain=True)
    name = _error_name(error)
    if name in RATE_LIMITED:
        return SlackError(name, method, wait_s=_retry_after(headers))
    if name in UNCERTAIN:
        return SlackError(name, method, uncertain=True)
    return SlackError(name, method, permanent=True)


def error_name(data: object) -> str:
    """Slack's name for what is wrong. Whatever else stands there may quote what was sent, token and all."""
    if not isinstance(data, dict):
        return "no JSON in the answer"
    name = str(data.get("error"))
    return name if re.fullmatch(r"[A-Za-z0-9_.-]{1,80}", name) and not name.startswith("xox") else "unknown_error"


def _error_name(error: SlackApiError) -> str:
    data = getattr(error.response, "data", None)
    if isinstance(data, dict):
        detail = (data.get("response_metadata") or {}).get("messages") or []
        name = error_name(data)
        return (
            f"{name} {' '.join(map(str, detail))}".strip() if name in ("invalid_blocks", "invalid_arguments") else name
        )
    return "no JSON in the answer"


def _retry_after(headers: Any) -> float:
    """Seconds, fractions allowed; one second where Slack does not say."""
    value = headers.get("Retry-After", headers.get("retry-after", "1"))
    try:
        return max(0.1, float(value))
    except (TypeError, ValueError):
        return 1.0


def ends_before(until: float) -> bool:
    """Whether a call that begins now has ended by `until`, on the monotonic clock, whatever becomes of it."""
    return time.monotonic() + TIMEOUT_S <= until


class RedirectRefused(aiohttp.ClientError):
    """We were sent elsewhere, and do not go."""


async def _refuse(*_: Any) -> None:
    raise RedirectRefused("redirects are not followed")


def open_session() -> aiohttp.ClientSession:
    """The one session, which carries the time-out itself: the SDK's own is ignored beside a session.

    It follows nobody elsewhere: tokens and pages go to the addresses of the settings, and to no other.
    """
    trace = aiohttp.TraceConfig()
    trace.on_request_redirect.append(_refuse)
    return aiohttp.ClientSession(
        timeout=aiohttp.ClientTimeout(total=TIMEOUT_S, connect=CONNECT_S),
        connector=aiohttp.TCPConnector(limit=100),
        trace_configs=[trace],
    )


def web_client(token: str | None, base_url: str, shared: aiohttp.ClientSession) -> AsyncWebClient:
    return AsyncWebClient(token=token, base_url=base_url, session=shared, timeout=int(TIMEOUT_S), retry_handlers=[])
