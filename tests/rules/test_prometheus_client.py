"""The client of Prometheus: its credentials, the certificates it trusts, and its error messages."""

from __future__ import annotations

import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.integrations.prometheus import Address, Prometheus, PrometheusError, parse
from tests.certificates import self_signed

EMPTY = {"status": "success", "data": {"resultType": "matrix", "result": []}}


class RecordingServer:
    """Keeps how it was asked, and answers what a test says."""

    def __init__(self) -> None:
        self.url = ""
        self.asked: list[dict[str, str]] = []
        self.headers: list[str | None] = []
        self.answer: Any = EMPTY
        self.status = 200
        self.location: str | None = None

    async def handle(self, request: web.Request) -> web.Response:
        self.headers.append(request.headers.get("Authorization"))
        self.asked.append({key: str(value) for key, value in (await request.post()).items()})
        if self.location:
            return web.Response(status=307, headers={"Location": self.location})
        return web.json_response(self.answer, status=self.status)


@asynccontextmanager
async def prometheus_server(certificate: ssl.SSLContext | None = None) -> AsyncIterator[RecordingServer]:
    found = RecordingServer()
    app = web.Application()
    app.router.add_post("/api/v1/query_range", found.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=certificate).start()
    found.url = f"{'https://localhost' if certificate else 'http://127.0.0.1'}:{runner.addresses[0][1]}"
    try:
        yield found
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client(address: Address) -> AsyncIterator[Prometheus]:
    prometheus = Prometheus(lambda: address)
    try:
        yield prometheus
    finally:
        await prometheus.close()


async def test_a_bearer_token_goes_along_and_may_be_replaced() -> None:
    async with prometheus_server() as found:
        addresses = [Address(found.url, token="first"), Address(found.url, token="second")]
        prometheus = Prometheus(lambda: addresses[0])
        await prometheus.range("up", 0, 0, 1)
        addresses.pop(0)
        await prometheus.range("up", 0, 0, 1)
        await prometheus.close()
        assert found.headers == ["Bearer first", "Bearer second"]


async def test_a_user_and_password_in_the_address_are_basic_authentication_and_never_shown() -> None:
    async with prometheus_server() as found:
        url = found.url.replace("://", "://tocsin:secret-word@")
        async with client(Address(url)) as prometheus:
            await prometheus.range("up", 0, 0, 1)
            assert found.headers == ["Basic " + base64.b64encode(b"tocsin:secret-word").decode()]
            assert prometheus.display_url.rstrip("/") == found.url
    async with client(Address(url)) as prometheus:  # nobody listens any more
        with pytest.raises(PrometheusError) as raised:
            await prometheus.range("up", 0, 0, 1)
        assert raised.value.unreachable
        assert "secret-word" not in str(raised.value)


async def test_a_certificate_of_the_operators_own_is_trusted(tmp_path: Path) -> None:
    key, certificate = self_signed(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    async with prometheus_server(context) as found:
        async with client(Address(found.url, ca=certificate)) as prometheus:
            assert await prometheus.range("up", 0, 0, 1) == []
        async with client(Address(found.url)) as prometheus:
            with pytest.raises(PrometheusError, match="CertificateError"):
                await prometheus.range("up", 0, 0, 1)


async def test_a_redirect_is_not_followed() -> None:
    async with prometheus_server() as found, prometheus_server() as elsewhere:
        found.location = f"{elsewhere.url}/api/v1/query_range"
        async with client(Address(found.url, token="secret")) as prometheus:
            with pytest.raises(PrometheusError):
                await prometheus.range("up", 0, 0, 1)
        assert elsewhere.asked == []


async def test_a_long_range_is_read_in_parts_and_joined() -> None:
    async with prometheus_server() as found:
        found.answer = {
            "status": "success",
            "data": {"resultType": "matrix", "result": [{"metric": {"job": "a"}, "values": [[1, "5"], [2, "NaN"]]}]},
        }
        async with client(Address(found.url)) as prometheus:
            (series,) = await prometheus.range("up", 0, 25_000, 1)
        assert [(each["start"], each["end"]) for each in found.asked] == [
            ("0.000", "9999.000"), ("10000.000", "19999.000"), ("20000.000", "25000.000"),
        ]  # fmt: skip
        assert (series.labels, list(series.values)) == ((("job", "a"),), [5.0, 5.0, 5.0])


@pytest.mark.parametrize(
    ("status", "body", "words", "unreachable"),
    [
        (400, b'{"status":"error","errorType":"bad_data","error":"parse error: unknown function"}',
         "Prometheus refuses the query: parse error: unknown function", False),
        (503, b'{"status":"error","error":"starting up"}', "Prometheus refuses the query: starting up", True),
        (200, b"<html>", "it answered 200, but not in the format of Prometheus' API: check PROMETHEUS_URL", True),
        (200, b'{"status":"success","data":{"resultType":"matrix","result":[{"metric":{},"values":[[1,"x"]]}]}}',
         "not in the format", True),
        (200, b'{"status":"success","data":{"resultType":"streams","result":[]}}', "no range of values", False),
        (200, b"[" * 100_000, "not in the format", True),
    ],
)  # fmt: skip
def test_an_answer_that_is_none_is_an_error(status: int, body: bytes, words: str, unreachable: bool) -> None:
    with pytest.raises(PrometheusError) as raised:
        parse(status, body)
    assert words in str(raised.value)
    assert raised.value.unreachable is unreachable
