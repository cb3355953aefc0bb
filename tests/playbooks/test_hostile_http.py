"""Hostile hosts, addresses and answers: the http and promql runners refuse or survive them."""

from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot import policy
from bot.domain.playbook.job import ExitKind, Invocation
from bot.domain.policy.automation_rules import Host, HttpRules
from playbooks.runners import http, promql
from playbooks.runners.http import Http
from tests.playbooks.hostile import TEN, refusal_of

ALLOWED = Host("api.example.com", paths=("/health", "/v1/[a-z]+"))


def asks(*hosts: Host, **environ: str) -> Http:
    return Http(HttpRules(hosts or (ALLOWED,), timeout=timedelta(seconds=1), output_limit=64 * 1024), environ)


@pytest.mark.parametrize(
    "url",
    ["http://169.254.169.254/latest/meta-data/", "https://169.254.169.254/health", "https://127.0.0.1/health",
     "https://localhost/health", "https://[::1]/health", "https://[::ffff:127.0.0.1]/health", "https://2130706433/health",
     "https://0x7f000001/health", "https://0177.0.0.1/health", "https://127.1/health", "https://0.0.0.0/health",
     "https://metadata.google.internal/health", "https://evil.com/health", "https://api.example.com.evil.com/health",
     "https://evil.com#api.example.com/health", "https://evil.com?api.example.com/health",
     "https://evil.com\\@api.example.com/health", "https://api.example.com@evil.com/health",
     "https://user:password@api.example.com/health", "https://@api.example.com/health",
     "https://api.example.com:22/health", "https://api.example.com:8443/health", "http://api.example.com/health",
     "ftp://api.example.com/health", "file:///etc/passwd", "gopher://api.example.com/health",
     "//api.example.com/health",
     "javascript:alert(1)", "api.example.com/health", "https:///health", "https://api.example.com./health",
     "https://API.example.com/health", "https://аpi.example.com/health", "https://xn--pi-6kc.example.com/health",
     "https://api.example.com/health/../admin", "https://api.example.com/%2e%2e/admin",
     "https://api.example.com/v1/%2fx",
     "https://api.example.com//health", "https://api.example.com/admin", "https://api.example.com/healthy",
     "https://api.example.com/health?x=1", "https://api.example.com/health#x", "https://api.example.com/health\r\nX: y",
     "https://api.example.com/health HTTP/1.1", "https://api.example.com/\x00health",
     "https://api.example.com/h\u200bealth",
     "https://api.example.com%00.evil.com/health", "https://api.example.com\t.evil.com/health", "", "https://"],
)  # fmt: skip
async def test_only_requests_named_in_the_policy_are_sent(url: str) -> None:
    """Whatever else it reads like: it is refused before anything is resolved or connected."""
    assert await refusal_of(asks(), "GET", url)


@pytest.mark.parametrize("method", ["POST", "DELETE", "get", "TRACE", "CONNECT", "GET /x HTTP/1.1\r\nHost: y", ""])
async def test_only_methods_named_in_the_policy_are_used(method: str) -> None:
    assert await refusal_of(asks(), method, "https://api.example.com/health")


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1", "127.8.8.8", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0",
     "224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "fd00:ec2::254",
     "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe",
     "2002:7f00:1::", "2002:a9fe:a9fe::1", "::7f00:1", "2001:db8::1", "ff02::1", "192.0.0.192", "192.0.0.1",
     "168.63.129.16", "fec0::1", "feff::1", "64:ff9b:1::1", "100::1", "3fff::1", "5f00::1", "2001:10::1", "4000::1"],
)  # fmt: skip
async def test_a_host_with_a_private_address_is_refused(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner of a host name may resolve it to any address, and to several at once."""
    resolves(monkeypatch, ["93.184.216.34", address])
    ended = await asks().run(Invocation(("GET", "https://api.example.com/health")), TEN)
    assert ended.kind is ExitKind.NOT_STARTED
    assert f"resolves to {address}, which is not in the public internet" in ended.summary


def resolves(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """The name leads to these, one answer after the other; the last one stays."""
    asked: list[str] = []
    real = asyncio.BaseEventLoop.getaddrinfo

    async def getaddrinfo(loop: Any, host: Any, port: Any, **how: Any) -> Any:
        if not str(host).endswith("example.com"):
            return await real(loop, host, port, **how)
        asked.append(host)
        found = answers[min(len(asked), len(answers)) - 1]
        return [
            (socket.AF_INET6 if ":" in one else socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, port)) for one in found
        ]

    monkeypatch.setattr(asyncio.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return asked


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def server(answer: Answer) -> AsyncIterator[tuple[int, list[str]]]:
    """A real server on this machine, and what it was asked."""
    seen: list[str] = []

    async def handle(request: web.Request) -> web.StreamResponse:
        seen.append(f"{request.method} {request.host} {request.path_qs}")
        return await answer(request)

    site = web.Application()
    site.router.add_route("*", "/{rest:.*}", handle)
    runner = web.AppRunner(site, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield runner.addresses[0][1], seen
    finally:
        await runner.cleanup()


def world(port: int, **more: Any) -> Host:
    """This machine, which somebody allowed by name and network."""
    more = {"plain": True, "ports": (port,), "addresses": ("127.0.0.0/8",), "paths": ("/health",), **more}
    return Host("api.example.com", **more)


async def test_a_host_name_is_resolved_only_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Checked is what is connected to: the second answer, the inside of our network, is never asked for."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(text="inside")

    async with server(answer) as (port, seen):
        asked = resolves(monkeypatch, ["192.0.2.1"], ["127.0.0.1"])
        host = world(port, addresses=("192.0.2.0/24",))
        ended = await asks(host).run(Invocation(("GET", f"http://api.example.com:{port}/health")), TEN)
        assert ended.value is None
        assert (len(asked), seen) == (1, [])


@pytest.mark.parametrize(
    "to",
    ["http://169.254.169.254/latest/meta-data/", "http://127.0.0.1:{port}/secret", "file:///etc/passwd", "/secret",
     "//evil.example.com/"],
)  # fmt: skip
async def test_no_redirect_is_followed(to: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=302, headers={"Location": to.format(port=port)})

    async with server(answer) as (port, seen):
        resolves(monkeypatch, ["127.0.0.1"])
        ended = await asks(world(port)).run(Invocation(("GET", f"http://api.example.com:{port}/health")), TEN)
        assert ended.summary == "status 302, a redirect, which is not followed"
        assert seen == [f"GET api.example.com:{port} /health"]


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x" * 65536)


async def slow(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b"x")
        await asyncio.sleep(0.05)


async def bomb(request: web.Request) -> web.StreamResponse:
    return web.Response(body=gzip.compress(b"0" * 20_000_000), headers={"Content-Encoding": "gzip"})


async def giant_header(request: web.Request) -> web.StreamResponse:
    return web.Response(headers={"X-Giant": "x" * 20_000})


async def many_headers(request: web.Request) -> web.StreamResponse:
    return web.Response(headers={f"X-{number}": "x" * 1000 for number in range(60)})


async def never(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.Response()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (endless, "more than 64 KiB"), (slow, "No complete answer within 1 seconds"),
        (never, "No complete answer within 1"),
        (giant_header, "the answer was invalid"), (many_headers, "headers are larger"), (bomb, "status 200"),
    ],
)  # fmt: skip
async def test_an_answer_is_limited_in_size_and_time(
    answer: Answer, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server(answer) as (port, _):
        resolves(monkeypatch, ["127.0.0.1"])
        began = time.monotonic()
        ended = await asks(world(port)).run(Invocation(("GET", f"http://api.example.com:{port}/health")), TEN)
        assert said in ended.summary
        assert len(ended.output) <= 65 * 1024
        assert time.monotonic() - began < 15  # 1 s and a busy machine; unlimited, the last of them takes half a minute
        if answer is bomb:
            assert "compressed: not shown" in ended.output


async def test_proxies_cookies_and_netrc_are_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    async def answer(request: web.Request) -> web.Response:
        return web.json_response(dict(request.headers), headers={"Set-Cookie": "a=b"})

    (tmp_path / ".netrc").write_text("machine api.example.com login me password geheim12\n")
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    async with server(answer) as (port, seen):
        resolves(monkeypatch, ["127.0.0.1"])
        ended = await asks(world(port)).run(Invocation(("GET", f"http://api.example.com:{port}/health")), TEN)
        assert ended.value == 200
        assert len(seen) == 1
        assert "Authorization" not in ended.output
        assert "Cookie" not in ended.output


@pytest.mark.parametrize("value", ["token\r\nX-Evil: 1", "token\x00", ""])
async def test_a_header_with_a_line_break_is_not_sent(value: str) -> None:
    host = Host("api.example.com", paths=("/health",), headers={"Authorization": "OPS_TOKEN"})
    ended = await asks(host, OPS_TOKEN=value).run(Invocation(("GET", "https://api.example.com/health")), TEN)
    assert (ended.kind, ended.output) == (ExitKind.NOT_STARTED, "")
    assert "is not set properly" in ended.summary


@pytest.mark.parametrize(
    "host", ["2130706433", "0x7f.1", "127.1", "https://x", "a b", "*", "*.example.com", "x/..", "-x", ""]
)
def test_a_host_in_the_policy_is_a_single_name(host: str, tmp_path: Path) -> None:
    path = tmp_path / "policy.yml"
    path.write_text(f"automation: {{runners: {{http: {{allow: [{{host: {host!r}}}]}}}}}}\n")
    with pytest.raises(policy.PolicyError, match="must be the name of one host"):
        policy.load(path)


def test_only_global_addresses_are_public() -> None:
    assert http.is_public(ip_address("93.184.216.34"))
    assert http.is_public(ip_address("2606:2800:220:1::1"))
    assert not http.is_public(ip_address("::ffff:10.0.0.1"))


@pytest.mark.parametrize(
    "result",
    ['[{"metric": [1], "value": [1, "1"]}]', '[{"metric": {}, "value": 7}]',
     f'[{{"metric": {{}}, "value": [1, {"9" * 4000}]}}]', "[" * 100_000, '{"0": 1}', "[null]"],
)  # fmt: skip
def test_a_malformed_prometheus_answer_is_a_failure(result: str) -> None:
    answer = f'{{"status": "success", "data": {{"resultType": "vector", "result": {result}}}}}'
    ended = promql.parse_answer(200, answer.encode())
    assert ended.kind is ExitKind.ENDED
    assert "not in the format of its API" in ended.summary
