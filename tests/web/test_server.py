"""The HTTP server of an application, alone on its port."""

from __future__ import annotations

import asyncio
import gc
import socket
from contextlib import AsyncExitStack, suppress

from aiohttp import web

from bot.metrics import Metrics
from bot.web.connection_limits import ConnectionLimiter
from bot.web.server import HttpServer

Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def test_among_connections_that_were_used_the_one_idle_longest_makes_room() -> None:
    limiter = ConnectionLimiter(Metrics())
    limiter.most = 3
    application = limiter.guard(web.Application())
    application.router.add_get("/", hello)
    server = HttpServer(application, limiter, "127.0.0.1", 0)
    await server.start()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(server.stop, 5.0)

        async def connected() -> Connection:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            stack.callback(writer.close)
            await assert_answered(reader, writer)
            return reader, writer

        first, second, third = [await connected() for _ in range(3)]
        await assert_answered(*first)
        await connected()
        assert await second[0].read() == b""  # closed
        await assert_answered(*first)
        await assert_answered(*third)


async def hello(request: web.Request) -> web.Response:
    return web.Response(text="hello")


async def assert_answered(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A request on this connection is answered."""
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
    assert await reader.readuntil(b"hello")


async def test_a_connection_that_is_accepted_while_the_server_stops_is_closed() -> None:
    limiter = ConnectionLimiter(Metrics())
    server = HttpServer(limiter.guard(web.Application()), limiter, "127.0.0.1", 0)
    await server.start()
    loop = asyncio.get_running_loop()
    errors: list[dict[str, object]] = []
    loop.set_exception_handler(lambda _, context: errors.append(context))
    with socket.create_connection(("127.0.0.1", server.port)) as client:
        resumed = loop.create_future()
        loop.call_soon(resumed.set_result, None)  # so that this test goes on between the acceptance and the set-up
        await resumed
        await server.stop(5.0)
        client.settimeout(5.0)
        with suppress(ConnectionResetError):
            assert client.recv(1) == b""
    gc.collect()
    assert errors == []
