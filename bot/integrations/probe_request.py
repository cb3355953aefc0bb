"""Makes one request of a probe: to addresses that are checked, following redirects on the same host only.

The host is resolved once for each hop, every address is checked as for the `http` runner of playbooks, and the
connection goes to one of these.
"""

from __future__ import annotations

import asyncio
import errno
import ssl
import time
from dataclasses import dataclass
from datetime import UTC, datetime

import aiohttp
from aiohttp.connector import Connection
from yarl import URL

from bot.domain.errors import Refused
from bot.domain.policy.probe_rules import Probe
from bot.domain.rules.probing import ProbeResult
from playbooks.runners.http import PinnedResolver, resolve_checked

MOST_REDIRECTS = 5
MOST_BYTES = 1024 * 1024  # of a body in which a text is looked for
REDIRECTS = (301, 302, 303, 307, 308)


@dataclass(slots=True)
class _Hop:
    """One answer."""

    status: int
    location: str | None
    body: bytes
    expires_at: datetime | None


class _Response(aiohttp.ClientResponse):
    """A response that keeps when the server's certificate expires: afterwards the connection may be gone."""

    expires_at: datetime | None = None

    async def start(self, connection: Connection) -> aiohttp.ClientResponse:
        certificate = connection.transport.get_extra_info("peercert") if connection.transport is not None else None
        until = (certificate or {}).get("notAfter")
        self.expires_at = datetime.fromtimestamp(ssl.cert_time_to_seconds(str(until)), UTC) if until else None
        return await super().start(connection)


async def ask(probe: Probe) -> ProbeResult:
    """Ask once, within the probe's time limit. Whatever goes wrong is a result; nothing is raised."""
    started = time.monotonic()
    seconds = probe.timeout.total_seconds()
    expires: list[datetime] = []
    try:
        async with asyncio.timeout(seconds):
            problem = await _ask(probe, expires)
    except TimeoutError:
        problem = f"no answer within {seconds:g} s"
    except Refused as refused:
        problem = refused.message
    except aiohttp.ClientConnectorCertificateError as error:
        problem = f"its certificate is not trusted: {_reason(error)}"
    except (aiohttp.ClientError, OSError, ValueError) as error:
        problem = _connection_problem(error)
    return ProbeResult(problem, time.monotonic() - started, expires[-1] if expires else None)


async def _ask(probe: Probe, expires: list[datetime]) -> str | None:
    """The failure of the last answer in words; None if the answer is good."""
    url, method = URL(probe.url), probe.method
    for _ in range(MOST_REDIRECTS + 1):
        hop = await _request(method, url, probe)
        if hop.expires_at is not None:
            expires.append(hop.expires_at)
        following = _redirect(url, hop)
        if following is None:
            return _judge(hop, probe)
        if hop.status == 303 or (hop.status in (301, 302) and method == "POST"):
            method = "GET"  # https://fetch.spec.whatwg.org/#http-redirect-fetch
        url = following
    return f"more than {MOST_REDIRECTS} redirects"


def _redirect(url: URL, hop: _Hop) -> URL | None:
    """The target of a redirect to the same host; None for any other answer."""
    if hop.status not in REDIRECTS or hop.location is None:
        return None
    try:
        following = url.join(URL(hop.location))
    except ValueError:
        return None
    is_same_host = (
        following.raw_host == url.raw_host and following.scheme in ("http", "https") and following.user is None
    )
    if not is_same_host or (url.scheme == "https" and following.scheme == "http"):
        return None
    return following


def _judge(hop: _Hop, probe: Probe) -> str | None:
    status = str(hop.status)
    if status not in probe.expect and f"{status[0]}xx" not in probe.expect:
        elsewhere = " to another host, which is not followed" if hop.status in REDIRECTS else ""
        return f"status {status}{elsewhere}, expected {' or '.join(probe.expect)}"
    if probe.contains is not None and probe.contains.encode() not in hop.body:
        return f"the answer does not contain “{probe.contains[:60]}”"
    return None


async def _request(method: str, url: URL, probe: Probe) -> _Hop:
    host, port = url.raw_host or "", url.port or 0
    addresses = await resolve_checked(host, port, probe.addresses)
    connector = aiohttp.TCPConnector(
        resolver=PinnedResolver(host, tuple(addresses)), use_dns_cache=False, force_close=True, limit=1
    )
    session = aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False,
        timeout=aiohttp.ClientTimeout(total=None), headers={"User-Agent": "Tocsin"}, response_class=_Response,
    )  # fmt: skip
    async with session, session.request(method, url, allow_redirects=False) as response:
        expires_at = response.expires_at if isinstance(response, _Response) else None
        body = await _body(response) if probe.contains is not None else b""
        return _Hop(response.status, response.headers.get("Location"), body, expires_at)


async def _body(response: aiohttp.ClientResponse) -> bytes:
    body = bytearray()
    while len(body) < MOST_BYTES and (chunk := await response.content.read(MOST_BYTES - len(body))):
        body += chunk
    return bytes(body)


def _connection_problem(error: Exception) -> str:
    """Why there is no answer, in words where the reason is a common one."""
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    if isinstance(cause, ConnectionRefusedError):
        return "the connection is refused"
    closed = isinstance(cause, OSError) and cause.errno in (errno.ECONNRESET, errno.EPIPE)
    if closed or isinstance(error, aiohttp.ServerDisconnectedError):
        return "the connection is closed without an answer"
    return f"no connection ({type(cause).__name__})"


def _reason(error: aiohttp.ClientConnectorCertificateError) -> str:
    cause = error.certificate_error
    return cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else type(cause).__name__
