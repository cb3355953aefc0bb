"""Probes of a real server: good answers, redirects, addresses, certificates, and the stored results."""

from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from aiohttp import web

from bot.domain.policy.probe_rules import Probe
from bot.integrations import probe_request
from bot.workers.prober import Prober
from storage.rules.states import PROBES
from storage.rules.uptime import uptime
from storage.schema import alert_occurrences
from tests.usecases.conftest import MakeContext, MovableClock, clock, make_context

__all__ = ["clock", "make_context"]
HOME = ("127.0.0.0/8",)


@dataclass(slots=True)
class Server:
    url: str = ""
    status: int = 200
    text: str = "all is ok"
    location: str | None = None
    delay_s: float = 0.0
    asked: list[str] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        self.asked.append(f"{request.method} {request.path}")
        await asyncio.sleep(self.delay_s)
        if self.location and request.path == "/":
            return web.Response(status=302, headers={"Location": self.location})
        return web.Response(status=self.status, text=self.text)


@asynccontextmanager
async def serving(certificate: ssl.SSLContext | None = None) -> AsyncIterator[Server]:
    server = Server()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate).start()
    port = runner.addresses[0][1]
    server.url = f"{'https://localhost' if certificate else 'http://127.0.0.1'}:{port}/"
    try:
        yield server
    finally:
        await runner.cleanup()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving() as running:
        yield running


async def problem(server: Server, **how: Any) -> str | None:
    probe = Probe("shop", how.pop("url", server.url), **{"addresses": HOME, **how})
    return (await probe_request.ask(probe)).problem


async def test_an_answer_with_an_expected_status_is_good(server: Server) -> None:
    assert await problem(server) is None
    server.status = 503
    assert await problem(server) == "status 503, expected 2xx"
    assert await problem(server, expect=("200", "503")) is None
    assert await problem(server, expect=("5xx",)) is None


async def test_an_answer_must_contain_the_text(server: Server) -> None:
    assert await problem(server, contains="is ok") is None
    assert await problem(server, contains="fine") == "the answer does not contain “fine”"


async def test_an_answer_that_takes_too_long_is_a_failure(server: Server) -> None:
    server.delay_s = 5
    assert await problem(server, timeout=timedelta(seconds=0.2)) == "no answer within 0.2 s"


async def test_a_server_that_does_not_listen_is_a_failure(server: Server) -> None:
    words = await problem(server, url="http://127.0.0.1:1/")
    assert words == "the connection is refused"


async def test_a_server_that_closes_the_connection_is_a_failure_in_words(server: Server) -> None:
    async def close(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    listener = await asyncio.start_server(close, "127.0.0.1", 0)
    async with listener:
        port = listener.sockets[0].getsockname()[1]
        words = await problem(server, url=f"http://127.0.0.1:{port}/")
    assert words == "the connection is closed without an answer"


async def test_redirects_are_followed_on_the_same_host_only(server: Server) -> None:
    server.location = "/there"
    assert await problem(server) is None
    assert server.asked == ["GET /", "GET /there"]
    async with serving() as other:
        server.location = other.url.replace("127.0.0.1", "localhost") + "x"
        assert await problem(server) == "status 302 to another host, which is not followed, expected 2xx"
        assert other.asked == []
    server.location = "/"
    assert await problem(server) == "more than 5 redirects"


async def test_an_address_outside_the_public_internet_has_to_be_allowed(server: Server) -> None:
    words = await problem(server, addresses=())
    assert words == "127.0.0.1 resolves to 127.0.0.1, which is not in the public internet. No request was sent."
    assert server.asked == []
    assert "not in the public internet" in str(await problem(server, url="http://169.254.169.254/", addresses=HOME))


def certificate(folder: Path, days: int) -> ssl.SSLContext:
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days), "-subj", "/CN=localhost",
         "-addext", "subjectAltName=DNS:localhost", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
        check=True, capture_output=True,
    )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


async def test_a_certificate_is_checked_and_its_expiry_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with serving(certificate(tmp_path, 10)) as server:
        assert "its certificate is not trusted: self" in str(await problem(server, addresses=(*HOME, "::1/128")))
        trusting = ssl.create_default_context(cafile=str(tmp_path / "cert.pem"))
        monkeypatch.setattr("aiohttp.connector._SSL_CONTEXT_VERIFIED", trusting)
        result = await probe_request.ask(Probe("shop", server.url, addresses=(*HOME, "::1/128")))
        assert result.problem is None
        assert result.expires_at is not None
        assert timedelta(days=9) < result.expires_at - datetime.now(UTC) <= timedelta(days=10)


POLICY = """
preset: sev1-5
alerts: {group_by: [alertname], routes: [{do: record}]}
probes:
  shop: {url: "URL", addresses: [127.0.0.0/8], fail_after: 2, recover_after: 1}
"""


async def turn(prober: Prober) -> None:
    """Ask every probe once."""
    if await prober.lease.keep():
        await prober._take_over()
    prober._use_policy()
    for probe in prober._context.policy.probes.values():
        await prober._probe(probe)
    await prober._commit()


async def test_a_probe_that_goes_down_and_up_is_an_alert_and_counts_as_uptime(
    make_context: MakeContext, clock: MovableClock, server: Server
) -> None:
    context = make_context(POLICY.replace("URL", server.url))
    observed: list[tuple[str, bool, bool]] = []

    async def told() -> list[bool]:
        async with context.database.reading() as conn:
            return list(await conn.scalars(sa.select(alert_occurrences.c.firing)))

    prober = Prober(context, probe_request.ask, lambda probe, good, _, up: observed.append((probe, good, up)))
    await turn(prober)
    server.status = 500
    await turn(prober)
    assert await told() == []
    await turn(prober)
    assert await told() == [True]
    await prober.lease.release()
    second = Prober(context, probe_request.ask)  # after a restart
    await turn(second)
    assert await told() == [True]
    server.status = 200
    await turn(second)
    assert await told() == [False]
    await second._flush()
    async with context.database.reading() as conn:
        (day,) = (await uptime(conn, "shop", clock.now())).days
        assert (day.succeeded, day.failed) == (2, 3)
    assert observed == [("shop", True, True), ("shop", False, True), ("shop", False, False)]


async def test_a_probe_that_leaves_the_policy_is_over(make_context: MakeContext, server: Server) -> None:
    context = make_context(POLICY.replace("URL", server.url))
    server.status = 500
    prober = Prober(context, probe_request.ask)
    await turn(prober)
    await turn(prober)
    context.policies.put_in_force(replace(context.policy, probes={}), context.policies.document)
    await turn(prober)
    async with context.database.reading() as conn:
        assert list(await conn.scalars(sa.select(alert_occurrences.c.firing))) == [False]
        assert await PROBES.all(conn) == {}


async def test_what_was_asked_is_not_counted_by_a_replica_that_lost_its_lease(
    make_context: MakeContext, clock: MovableClock, server: Server
) -> None:
    context = make_context(POLICY.replace("URL", server.url))
    prober = Prober(context, probe_request.ask)
    await turn(prober)
    prober.lease.lose()
    for probe in context.policy.probes.values():
        await prober._probe(probe)
    assert sum(sum(each) for each in prober._counts.values()) == 1


async def test_what_changes_while_an_earlier_change_is_saved_is_told_too(
    make_context: MakeContext, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = make_context(POLICY.replace("URL", server.url))
    server.status = 500
    prober = Prober(context, probe_request.ask)
    await turn(prober)
    save = Prober._save

    async def slow(self: Prober, *args: Any) -> None:
        await save(self, *args)
        if server.status != 200:
            server.status = 200
            await self._probe(context.policy.probes["shop"])

    monkeypatch.setattr(Prober, "_save", slow)
    await turn(prober)
    await prober._commit()
    async with context.database.reading() as conn:
        assert list(await conn.scalars(sa.select(alert_occurrences.c.firing))) == [False]


async def test_an_answer_asked_for_before_the_lease_was_lost_and_gained_again_does_not_count(
    make_context: MakeContext, server: Server
) -> None:
    context = make_context(POLICY.replace("URL", server.url))

    async def ask(probe: Probe) -> Any:
        if prober.lease.fence is not None:
            prober.lease.fence += 2  # another replica had it meanwhile
        return await probe_request.ask(probe)

    prober = Prober(context, ask)
    assert await prober.lease.keep()
    await prober._take_over()
    prober._use_policy()
    await prober._probe(context.policy.probes["shop"])
    assert prober.states == {}
