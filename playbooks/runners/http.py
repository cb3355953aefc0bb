"""Runs a playbook step that is one HTTP request, to hosts and addresses that the policy permits.

The host name is resolved once, each of its addresses is checked, and the connection goes to one of these: nothing is
resolved a second time. Redirects are not followed, proxies and cookies not used, and answers not decompressed.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from bot.domain.errors import Refused
from bot.domain.playbook.job import Allowed, ExitKind, Invocation, InvocationResult, check_args, limits_text
from bot.domain.policy.automation_rules import Host, HttpRules
from bot.domain.values.patterns import matches_fully

MAX_HEADER_BYTES = 8 * 1024
MAX_HEADERS_BYTES = 32 * 1024
_PORTS = {"https": 443, "http": 80}
_SHOWN_HEADERS = ("content-type", "location", "retry-after")
_PATH_TRICKS = re.compile(r"%(?:2e|2f|5c|00|25)|/\.{1,2}/|/(?=/.)", re.IGNORECASE)
Address = IPv4Address | IPv6Address
# https://www.iana.org/assignments/iana-ipv4-special-registry/ and …/iana-ipv6-special-registry/, written out because
# each version of Python knows others: all of 192.0.0.0/24, where Oracle Cloud has its metadata, is special. And
# 168.63.129.16, at which every machine in Azure reaches its host.
_SPECIAL_V4 = tuple(map(ip_network, (
    "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
    "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
    "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/3", "168.63.129.16/32",
)))  # fmt: skip
_GLOBAL_UNICAST = ip_network("2000::/3")
_SPECIAL_V6 = tuple(map(ip_network, ("2001::/23", "2001:db8::/32", "2620:4f:8000::/48", "3fff::/20")))


class Http:
    """Sends requests as the policy permits: host, port, method, path and headers from the environment."""

    name = "http"
    idempotent = False

    def __init__(self, rules: HttpRules, environ: Mapping[str, str]) -> None:
        self.concurrency = rules.concurrency
        self._rules = rules
        self._environ = environ
        self.secrets = tuple(environ[name] for host in rules.allow for name in host.headers.values() if name in environ)

    def check(self, invocation: Invocation) -> Allowed:
        """Permit a request to a host of the policy. Raises `Refused` for every other."""
        host, url = self._rule(invocation)
        return Allowed(
            rule=f"{invocation.args[0]} {host.host} is allowed",
            where=f"{url.scheme}://{url.host} port {url.port}",
            run_as="the bot" + (f", with {', '.join(host.headers)}" if host.headers else ""),
            limits=limits_text(self._rules.timeout, self._rules.output_limit),
            timeout=self._rules.timeout,
        )

    async def run(self, invocation: Invocation, timeout: timedelta) -> InvocationResult:
        """Send the request once. The time limit includes the look-up of the address; no redirect is followed."""
        try:
            host, url = self._rule(invocation)
            headers = {name: self._value(variable) for name, variable in host.headers.items()}
        except Refused as refused:
            return InvocationResult(ExitKind.NOT_STARTED, refused.message)
        seconds = min(timeout, self._rules.timeout).total_seconds()
        try:
            async with asyncio.timeout(seconds):
                addresses = await resolve_checked(str(url.raw_host), int(url.port or 0), host.addresses)
                return await send_request(invocation.args[0], url, headers, addresses, self._rules.output_limit)
        except Refused as refused:
            return InvocationResult(ExitKind.NOT_STARTED, refused.message)
        except TimeoutError:
            return InvocationResult(ExitKind.TIMED_OUT, f"No complete answer within {seconds:g} seconds.")

    def describe(self) -> str:
        """The hosts that the policy permits."""
        return f"{', '.join(dict.fromkeys(host.host for host in self._rules.allow)) or 'no hosts'}; no redirects"

    def _value(self, variable: str) -> str:
        value = self._environ.get(variable, "")
        if not value or re.search(r"[\x00-\x1f\x7f]", value):
            raise Refused(f"{variable}, which contains a header's value, is not set properly.")
        return value

    def _rule(self, invocation: Invocation) -> tuple[Host, URL]:
        """The rule that permits an invocation, and its URL. Raises `Refused` with the reason."""
        if len(invocation.args) != 2:
            raise Refused("A method and a URL are needed.")
        method, url = invocation.args[0], parse_url(invocation.args[1])
        rules = [host for host in self._rules.allow if host.host.strip("[]") == url.raw_host]
        if not rules:
            hosts = ", ".join(host.host for host in self._rules.allow) or "none"
            raise Refused(f"{url.raw_host} is not a host that the policy allows. Allowed: {hosts}.")
        reasons = []
        for host in rules:
            if reason := _refusal(host, method, url):
                reasons.append(reason)
            else:
                return host, url
        raise Refused(reasons[0])


def build(rules: HttpRules, environ: Mapping[str, str]) -> Http:
    """The runner for the policy's rules; `environ` holds the secrets that headers name."""
    return Http(rules, environ)


def parse_url(text: str) -> URL:
    """Parse a URL strictly: unambiguous, without a password, without path tricks. Raises `Refused`."""
    check_args((text,))
    if not re.fullmatch(r"[!-~]+", text) or re.search(r"[\\\"<>^`{|}#]", text):
        raise Refused("The address contains a character that is not allowed in one.")
    try:
        url = URL(text, encoded=True)
        host, port = url.raw_host, url.port
    except ValueError:
        raise Refused("That is not a valid address.") from None
    if url.scheme not in _PORTS or not host or port is None:
        raise Refused(f"The address must begin with https:// and name a host, not “{text[:60]}”.")
    if url.user is not None or url.password is not None or "@" in url.raw_authority:
        raise Refused("The address contains a name or password. Put secrets in headers, from the environment.")
    if host != host.lower().rstrip(".") or not re.fullmatch(r"[a-z0-9.:-]+", host):
        raise Refused(f"“{host[:60]}” is not a proper host name: use lower case, and no dot at the end.")
    if _PATH_TRICKS.search(f"{url.raw_path}/"):
        raise Refused("The path contains .. or //, or hides something in %.")
    return url


def _refusal(host: Host, method: str, url: URL) -> str | None:
    """Why a rule does not permit a request. None if it does."""
    if url.scheme == "http" and not host.plain:
        return f"{host.host} may be reached over https:// only."
    if url.port not in (host.ports or (_PORTS[url.scheme],)):
        return f"Port {url.port} of {host.host} is not allowed."
    if method not in host.methods:
        return f"{method} is not allowed for {host.host}, only {', '.join(host.methods)}."
    path = url.raw_path_qs
    if not any(matches_fully(pattern, path) for pattern in host.paths):
        return f"The path {path[:80]} of {host.host} is not allowed."
    return None


async def resolve_checked(host: str, port: int, networks: Sequence[str]) -> list[str]:
    """Resolve a host. Raises `Refused` unless every address is public or in one of `networks`."""
    loop = asyncio.get_running_loop()
    try:
        infos = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Refused(f"{host} has no address: the name does not resolve.") from None
    addresses = list(dict.fromkeys(str(info[4][0]) for info in infos))
    for text in addresses:
        address = ip_address(text.partition("%")[0])
        if not is_public(address) and not any(_within(address, network) for network in networks):
            raise Refused(f"{host} resolves to {text}, which is not in the public internet. No request was sent.")
    return addresses


def is_public(address: Address) -> bool:
    """Whether an address is in the public internet. An IPv6 address that embeds an IPv4 address counts as that one."""
    embedded = _embedded_ipv4(address)
    if embedded is not None:
        return is_public(embedded)
    if isinstance(address, IPv6Address):
        return address in _GLOBAL_UNICAST and not any(address in network for network in _SPECIAL_V6)
    return not any(address in network for network in _SPECIAL_V4)


def _embedded_ipv4(address: Address) -> IPv4Address | None:
    """The IPv4 address within an IPv6 address: mapped, 6to4, Teredo, NAT64 or compatible. None if there is none."""
    if not isinstance(address, IPv6Address):
        return None
    if address.ipv4_mapped or address.sixtofour:
        return address.ipv4_mapped or address.sixtofour
    if address.teredo:
        return address.teredo[1]
    # NAT64, and the deprecated IPv4-compatible form
    if address in ip_network("64:ff9b::/96") or (int(address) >> 32 == 0 and int(address) > 1):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None


def _within(address: Address, network: str) -> bool:
    """Whether an address, or the IPv4 address embedded in it, is in a network."""
    allowed = ip_network(network)
    if allowed.version == address.version and address in allowed:
        return True
    embedded = _embedded_ipv4(address)
    return embedded is not None and _within(embedded, network)


@dataclass(frozen=True, slots=True)
class PinnedResolver(AbstractResolver):
    """Resolver that knows one host only, by the addresses that were checked."""

    host: str
    addresses: tuple[str, ...]

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses that were checked. Raises `OSError` for any other host."""
        if host != self.host:
            raise OSError(f"{host} was not checked")
        return [_result(host, port, address) for address in self.addresses]

    async def close(self) -> None:
        """Do nothing: nothing is open."""
        return


def _result(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=0,
        flags=int(socket.AI_NUMERICHOST | socket.AI_NUMERICSERV),
    )  # fmt: skip


async def send_request(
    method: str, url: URL, headers: Mapping[str, str], addresses: Sequence[str], limit: int, **how: Any
) -> InvocationResult:
    """Send one request to one of these addresses. Network failures are a result, too; the caller limits the time."""
    connector = aiohttp.TCPConnector(
        resolver=PinnedResolver(str(url.raw_host), tuple(addresses)), use_dns_cache=False, force_close=True, limit=1
    )
    session = aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), trust_env=False, auto_decompress=False,
        max_line_size=MAX_HEADER_BYTES, max_field_size=MAX_HEADER_BYTES, timeout=aiohttp.ClientTimeout(total=None),
        skip_auto_headers=("User-Agent",), headers={"User-Agent": "Tocsin", "Accept-Encoding": "identity"},
    )  # fmt: skip
    async with session:
        try:
            async with session.request(method, url, allow_redirects=False, headers=headers, **how) as response:
                if sum(len(name) + len(value) for name, value in response.raw_headers) > MAX_HEADERS_BYTES:
                    return InvocationResult(
                        ExitKind.LIMIT_EXCEEDED, f"Its headers are larger than {MAX_HEADERS_BYTES // 1024} KiB."
                    )
                body, complete = await _read_body(response, limit)
                return _to_result(response, body, complete, limit)
        except (aiohttp.ClientConnectorError, OSError) as error:
            return InvocationResult(ExitKind.ENDED, f"Could not connect to {url.host} ({type(error).__name__}).")
        except aiohttp.ClientError as error:
            return InvocationResult(
                ExitKind.ENDED, f"The connection broke, or the answer was invalid ({type(error).__name__})."
            )


async def _read_body(response: aiohttp.ClientResponse, limit: int) -> tuple[bytes, bool]:
    """The body up to `limit` bytes, and whether that is all of it."""
    body = bytearray()
    while len(body) <= limit and (chunk := await response.content.read(limit + 1 - len(body))):
        body += chunk
    return bytes(body[:limit]), len(body) <= limit


def _to_result(response: aiohttp.ClientResponse, body: bytes, complete: bool, limit: int) -> InvocationResult:
    lines = [f"HTTP {response.status}"]
    lines += [f"{name}: {response.headers[name]}" for name in _SHOWN_HEADERS if name in response.headers]
    packed = response.headers.get("Content-Encoding", "identity").lower() not in ("", "identity")
    lines += ["", f"({len(body)} bytes, compressed: not shown)" if packed else body.decode("utf-8", "replace")]
    redirect = ", a redirect, which is not followed" if 300 <= response.status < 400 else ""
    summary = f"status {response.status}{redirect}"
    if not complete:
        return InvocationResult(
            ExitKind.LIMIT_EXCEEDED, f"{summary}, and more than {limit // 1024} KiB.", None, "\n".join(lines)
        )
    return InvocationResult(ExitKind.ENDED, summary, float(response.status), "\n".join(lines))
