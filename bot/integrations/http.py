"""Makes one HTTP request to a paging vendor: one attempt, no redirects, errors without secrets.

An error says whether the request may have reached the vendor.
"""

from __future__ import annotations

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

import aiohttp

from bot.domain.errors import DeliveryError

HIDDEN = "•••"
TIMEOUT_S = 10.0  # of one call, as a whole; longer would outlast the lease of its outbox row
CONNECT_S = 5.0
USER_AGENT = "Tocsin"
LARGEST_ANSWER = 256 * 1024
LONGEST_WAIT_S = 3600.0
RETRY_MARGIN_S = 0.25  # beyond what `Retry-After` asks for: by the server's clock too, nothing comes back early
_WORDS = 200
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SHORTEST_SECRET = 6  # characters; shorter parts of a URL are ordinary words


@dataclass(frozen=True, slots=True)
class Answer:
    """A vendor's answer. `data` is empty where the body was no JSON object, `rows` where it was no JSON array."""

    status: int
    data: dict[str, Any]
    retry_after_s: float | None
    rows: list[Any] = field(default_factory=list)
    headers: Mapping[str, str] = field(default_factory=dict)  # by names in lower case

    def text(self, name: str) -> str:
        """One field of the answer as short plain text."""
        value = self.data.get(name)
        return "" if value is None or isinstance(value, dict | list) else " ".join(str(value).split())[:_WORDS]


async def ask(
    session: aiohttp.ClientSession,
    method: str,
    url: str,
    vendor: str,
    secrets: Collection[str],
    *,
    largest: int = LARGEST_ANSWER,
    **how: Any,
) -> Answer:
    """Make one request. Raises `DeliveryError` if no answer came, uncertain unless the connection was refused.

    A vendor may quote what it was sent, so `secrets` are removed from the answer.
    """
    try:
        async with session.request(method, url, allow_redirects=False, **how) as response:
            content = _json(await _body(response, largest), secrets)
            return Answer(
                response.status,
                content if isinstance(content, dict) else {},
                retry_after_s(response.headers),
                content if isinstance(content, list) else [],
                {name.lower(): value for name, value in response.headers.items()},
            )
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
        raise DeliveryError(f"could not connect to {vendor} ({type(error).__name__})") from None
    except (aiohttp.InvalidURL, ValueError):
        raise DeliveryError(f"the address of {vendor} cannot be used; check the settings", permanent=True) from None
    except TimeoutError:
        raise DeliveryError(f"{vendor} did not answer in time", uncertain=True) from None
    except aiohttp.ClientError as error:
        raise DeliveryError(f"the connection to {vendor} broke ({type(error).__name__})", uncertain=True) from None


def temporary_error(answer: Answer, vendor: str) -> DeliveryError | None:
    """The error of a temporary failure, which is worth a retry; None for a final answer."""
    if answer.status == 429:
        return DeliveryError(f"{vendor} is asked too often (429)", wait_s=answer.retry_after_s)
    if answer.status in (408, 425):
        return DeliveryError(f"{vendor} answered {answer.status}", wait_s=answer.retry_after_s)
    if answer.status >= 500:
        return DeliveryError(f"{vendor} answered {answer.status}", uncertain=True, wait_s=answer.retry_after_s)
    return None


def secret_parts(url: str) -> list[str]:
    """The parts of a URL that may be secrets, as written and decoded: of the path and the query, and the password."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    pieces = [*parts.path.split("/"), *(value for _, value in parse_qsl(parts.query)), parts.password or ""]
    return [form for piece in pieces if len(piece) >= _SHORTEST_SECRET for form in (piece, unquote(piece))]


def without(text: str, secrets: Collection[str]) -> str:
    """The text with each secret replaced by `HIDDEN`."""
    for secret in secrets:
        if secret:
            text = text.replace(secret, HIDDEN)
    return text


def is_unencrypted(url: str) -> bool:
    """Whether others on the way could read a request to this URL: plain HTTP to another machine."""
    parts = urlsplit(url)
    return parts.scheme == "http" and parts.hostname not in LOOPBACK


def headers(**more: str) -> Mapping[str, str]:
    """Request headers, with our user agent."""
    return {"User-Agent": USER_AGENT, **more}


async def _body(response: aiohttp.ClientResponse, largest: int) -> bytes:
    """Read at most `largest` bytes of a body."""
    body = bytearray()
    while len(body) < largest and (chunk := await response.content.read(largest - len(body))):
        body += chunk
    return bytes(body)


def _json(body: bytes, secrets: Collection[str]) -> Any:
    """The body's JSON; None for a body without."""
    try:
        return _scrub(json.loads(body), secrets)
    except (ValueError, RecursionError):  # RecursionError: thousands of brackets
        return None


def _scrub(value: Any, secrets: Collection[str]) -> Any:
    if isinstance(value, str):
        return without(value, secrets)
    if isinstance(value, list):
        return [_scrub(item, secrets) for item in value]
    if isinstance(value, dict):
        return {without(str(key), secrets): _scrub(item, secrets) for key, item in value.items()}
    return value


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until the next attempt by `Retry-After`, which may be a fraction; None without a usable value.

    A date is left to our own back-off.
    """
    try:
        seconds = float(headers.get("Retry-After", ""))
    except ValueError:
        return None
    return None if math.isnan(seconds) else min(max(0.0, seconds), LONGEST_WAIT_S) + RETRY_MARGIN_S
