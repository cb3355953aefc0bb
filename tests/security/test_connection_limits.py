"""The HTTP port, by bytes: slow heads, slow bodies, too many connections, doubled headers, recordings played again."""

from __future__ import annotations

import asyncio
import gzip
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from urllib.parse import urlencode

import pytest

from sandbox.transport import signature
from tests.scenarios.hostile_requests import FORM, JSON, send, still_works
from tests.scenarios.running import World
from tests.waiting import WITHIN_S


@asynccontextmanager
async def connected(world: World) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", world.tocsin.port)
    try:
        yield reader, writer
    finally:
        writer.close()


async def raw(world: World, *lines: str, body: bytes = b"") -> tuple[int, bytes]:
    """A request as these lines, and the whole answer: its status and all its bytes."""
    async with connected(world) as (reader, writer):
        writer.write("\r\n".join(("POST /slack/events HTTP/1.1", "Host: a", "Connection: close", *lines)).encode())
        writer.write(b"\r\n\r\n" + body)
        answer = await asyncio.wait_for(reader.read(), WITHIN_S)
    return int(answer.split(b" ", 2)[1]) if answer else 0, answer


def signed_headers(world: World, body: bytes, kind: str = FORM) -> list[str]:
    stamp = str(int(time.time()))
    return [
        f"Content-Type: {kind}",
        f"Content-Length: {len(body)}",
        f"X-Slack-Request-Timestamp: {stamp}",
        f"X-Slack-Signature: {signature(world.ws.settings.signing_secret, stamp, body)}",
    ]


async def hung_up(reader: asyncio.StreamReader, within_s: float) -> bool:
    """Whether the other side closes, however it does that."""
    try:
        async with asyncio.timeout(within_s):
            while await reader.read(1000):
                pass
    except ConnectionError:
        return True
    except TimeoutError:
        return False
    return True


async def test_a_request_head_that_arrives_too_slowly_ends_the_connection(world: World) -> None:
    world.tocsin.http.limiter.head_within_s = 0.4
    async with connected(world) as (reader, writer), connected(world) as (silent, _):
        started = time.monotonic()
        while not (reader.at_eof() or reader.exception()) and time.monotonic() - started < WITHIN_S:
            writer.write(b"X")  # a byte at a time: each would keep a naive time-out alive
            await asyncio.sleep(0.01)
        assert time.monotonic() - started < WITHIN_S / 2
        assert await hung_up(silent, WITHIN_S)
    await world.declare()
    await still_works(world)


async def test_a_body_that_arrives_too_slowly_is_refused_and_delays_no_other_request(world: World) -> None:
    await world.declare()
    world.tocsin.http.limiter.body_within_s = 0.4
    async with connected(world) as (reader, writer):
        writer.write(b"POST /slack/events HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n{")
        started = time.monotonic()
        dripping = asyncio.create_task(_drip(writer))
        await still_works(world)  # meanwhile
        answer = await asyncio.wait_for(reader.read(1000), WITHIN_S)
        dripping.cancel()
        assert b" 408 " in answer.splitlines()[0]
        assert time.monotonic() - started < WITHIN_S / 2
        assert await hung_up(reader, WITHIN_S)


async def _drip(writer: asyncio.StreamWriter) -> None:
    while True:
        writer.write(b" ")
        await asyncio.sleep(0.02)


async def test_a_body_that_breaks_off_is_counted_and_leaves_no_traceback(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/slack/events", "/login", "/status/subscribe", "/api/v1/incidents"):
        async with connected(world) as (_, writer):
            head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {JSON}\r\nContent-Length: 100\r\n\r\n"
            writer.write(head.encode() + b"{")
            await writer.drain()
            assert await answer_of(world, "/healthz")  # meanwhile the head has arrived
    async with asyncio.timeout(WITHIN_S):
        while 'refused_total{why="broken off"} 4.0' not in await answer_of(world, "/metrics"):
            await asyncio.sleep(0.05)
    assert [record for record in caplog.records if record.exc_info] == []


async def answer_of(world: World, path: str) -> str:
    async with world.ws.http.session().get(f"http://127.0.0.1:{world.tocsin.port}{path}") as answer:
        return await answer.text()


async def test_too_many_idle_connections_do_not_keep_slack_out(world: World) -> None:
    await world.declare()
    world.tocsin.http.limiter.most = 20
    idle = [await asyncio.open_connection("127.0.0.1", world.tocsin.port) for _ in range(60)]
    await still_works(world)
    left = [reader for reader, _ in idle if not await hung_up(reader, 0.02)]
    assert len(left) <= 20
    assert len(world.tocsin.http.limiter._open) <= 20
    for _, writer in idle:
        writer.close()


async def test_the_second_request_of_a_connection_has_a_time_limit_too(world: World) -> None:
    world.tocsin.http.limiter.head_within_s = 0.3
    async with connected(world) as (reader, writer), connected(world) as (silent, _):
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
        assert b"200" in await asyncio.wait_for(reader.readuntil(b"}"), WITHIN_S)
        assert await hung_up(silent, WITHIN_S)  # so the time limit has passed; waiting between requests is not slow
        assert not reader.at_eof()
        writer.write(b"GET /healthz HTTP/1.1\r\n")
        assert await hung_up(reader, WITHIN_S)


@pytest.mark.parametrize("doubled", ["X-Slack-Signature", "X-Slack-Request-Timestamp", "Content-Type"])
async def test_a_header_given_twice_is_refused(world: World, doubled: str) -> None:
    body = b'{"type": "url_verification", "challenge": "c", "token": "t"}'
    lines = signed_headers(world, body, JSON)
    assert (await raw(world, *lines, body=body))[0] == 200
    again = next(line for line in lines if line.startswith(doubled))
    for more in (again, f"{doubled}: other"):
        for order in ([*lines, more], [more, *lines]):
            status, answer = await raw(world, *order, body=body)
            assert status in (400, 401), answer


@pytest.mark.parametrize(
    "lines",
    [
        ["Content-Length: 5", "Transfer-Encoding: chunked"],
        ["Content-Length: 5", "Content-Length: 6"],
        ["Content-Length: -1"],
        ["Content-Length: 1e3"],
        ["Transfer-Encoding: chunked, identity"],
        ["X-Large: " + "x" * 100_000],
        [f"X-{number}: x" for number in range(500)],
        ["X\x00Y: z"],
        [" folded: line"],
        ["NoColon"],
        ["Host: b"],
        ["Expect: 100-continue", "Content-Length: 3"],
    ],
    ids=lambda lines: lines[0][:30],
)
async def test_requests_that_two_servers_would_read_differently_are_refused(world: World, lines: list[str]) -> None:
    status, answer = await raw(world, *lines, body=b"{}\r\n")
    assert status in (0, 100, 400, 401, 408, 413, 414, 431), answer
    assert b"Traceback" not in answer
    assert b"aiohttp" not in answer.lower()


async def test_a_compressed_body_is_not_blown_up(world: World) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    assert len(bomb) < 100_000
    started = time.monotonic()
    status, _ = await raw(world, *signed_headers(world, bomb, JSON), "Content-Encoding: gzip", body=bomb)
    assert status in (400, 401, 413)
    assert time.monotonic() - started < WITHIN_S / 2


async def test_a_replayed_command_gets_no_content_in_its_answer(world: World) -> None:
    await world.declare()
    await world.maya.command("inc-1-checkout-is-down", "/incident note the secret plan")
    channel = world.ws.find_channel("inc-1")
    assert channel is not None
    body = urlencode(
        {
            "command": "/incident", "text": "timeline all", "user_id": world.maya.id, "trigger_id": "1.2.abc",
            "channel_id": channel.id, "team_id": world.ws.settings.team_id,
        }
    ).encode()  # fmt: skip
    at = time.time()
    first = await send(world, body, FORM, at=at)
    assert "the secret plan" in first.text
    replayed = await send(world, body, FORM, at=at)
    assert (replayed.status, replayed.text) == (200, "")
    assert (await send(world, body, FORM, at=at - 1)).text == "", "the body counts, whatever the headers say"
    again = await send(world, body.replace(b"1.2.abc", b"1.3.abc"), FORM, at=at)
    assert "the secret plan" in again.text, "another trigger is another command"


async def test_every_response_has_security_headers_and_names_no_version(world: World) -> None:
    session = world.ws.http.session()
    for path in ("/healthz", "/readyz", "/metrics", "/nothing", "/slack/events"):
        async with session.get(
            f"http://127.0.0.1:{world.tocsin.port}{path}", headers={"Host": "evil.example"}
        ) as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.headers["Server"] == "tocsin"
            assert "evil.example" not in await answer.text()
            assert "evil.example" not in str(answer.headers)


async def test_at_the_connection_limit_silent_connections_are_closed_before_a_balancers(world: World) -> None:
    """A balancer's connections are the oldest of all, and idle between two requests."""
    world.tocsin.http.limiter.most = 20
    async with connected(world) as (answers, balancer), AsyncExitStack() as stack:
        await healthy(answers, balancer)
        for _ in range(60):
            reader, _ = await stack.enter_async_context(connected(world))
        assert not await hung_up(reader, 0.1)
        assert world.tocsin.http.limiter.open_count == 20
        await healthy(answers, balancer)


async def healthy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A request on this connection is answered."""
    writer.write(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
    assert b"200" in await asyncio.wait_for(reader.readuntil(b"}"), WITHIN_S)
