"""The HTTP server of an application, alone on its port."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

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
