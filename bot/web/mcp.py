"""Serves `/mcp`: the Model Context Protocol over HTTP, for the same tokens as the API, and for Slackbot."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextvars import ContextVar
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import Any

from aiohttp import web

from bot.domain.access.token import Scope, Token
from bot.domain.timeline.source import Source
from bot.mcp import toolbox
from bot.operations.base import Call
from bot.usecases.unit_of_work import DuplicateDelivery
from bot.web.api.authentication import Authenticator
from bot.web.api.problems import Problem, problem_of_http
from bot.web.api.rate_limit import RateLimit
from bot.web.slackbot import SlackbotRequests

PATH = "/mcp"
LARGEST_BODY = 256 * 1024
DONE_BEFORE = "This call was carried out before."
NOT_INSTALLED = "This bot was installed without it. Install tocsin[mcp] and restart."


@dataclass(frozen=True, slots=True)
class TokenTools:
    """The tools for one token."""

    authenticator: Authenticator
    token: Token
    delivery: str | None = None  # of a signed call, which counts once

    async def offered(self) -> list[dict[str, Any]]:
        """The tools that the token may use."""
        return toolbox.offered(self.token)

    async def run(self, name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        """The answer of a tool, and whether it is an error."""
        tool = toolbox.BY_NAME.get(name)
        writes = tool is not None and tool.scope is not Scope.READ
        try:
            await self.authenticator.identify(self.token, ask=writes)
        except Problem as problem:
            return problem.detail, True
        context = replace(self.authenticator.context, source=Source.MCP)
        call = Call(context, self.token.person, delivery=self.delivery)
        try:
            return await toolbox.run(self.token, call, name, arguments)
        except DuplicateDelivery:
            return DONE_BEFORE, True


_current: ContextVar[TokenTools] = ContextVar("mcp_tools")


class McpEndpoint:
    """Passes requests to the MCP library, which is loaded at the first request."""

    def __init__(self, authenticator: Authenticator, slackbot: SlackbotRequests) -> None:
        self._authenticator, self._slackbot = authenticator, slackbot
        self._rate_limit = RateLimit()
        self._starting = asyncio.Lock()
        self._manager: Any = None
        self._open = contextlib.AsyncExitStack()

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """Answer one request of the protocol. Each carries its token or Slack's signature: no sessions."""
        try:
            if self._slackbot.is_signed(request):
                body = await _body(request)
                tools = await self._slackbot_tools(request, body)
            else:
                token = await self._authenticator.token_of(request)
                self._rate_limit.take(token.id)
                body, tools = await _body(request), TokenTools(self._authenticator, token)
            if find_spec("mcp") is None:
                raise Problem("not-found", NOT_INSTALLED)
        except Problem as problem:
            return problem.response()
        except web.HTTPException as error:
            return problem_of_http(error).response()
        _current.set(tools)
        return await _ask_asgi(await self._start_once(), request, body)

    async def _slackbot_tools(self, request: web.Request, body: bytes) -> TokenTools:
        signed = await self._slackbot.check(request, body)
        self._rate_limit.take(signed.token.id)
        return TokenTools(self._authenticator, signed.token, signed.delivery)

    async def _start_once(self) -> Any:
        async with self._starting:
            if self._manager is None:
                self._manager = await self._open.enter_async_context(_session_manager())
        return self._manager.handle_request

    async def close(self, _: web.Application) -> None:
        """End the session manager."""
        await self._open.aclose()


async def _body(request: web.Request) -> bytes:
    body = await request.read()
    if len(body) > LARGEST_BODY:
        raise Problem("too-large", "Send less than 256 KiB.")
    return body


def _library() -> tuple[Any, Any]:
    from mcp.server.streamable_http_manager import (  # noqa: PLC0415 - an extra, and large
        StreamableHTTPSessionManager,
    )

    from bot.mcp.server import server  # noqa: PLC0415 - it needs the extra

    return StreamableHTTPSessionManager, server


@contextlib.asynccontextmanager
async def _session_manager() -> AsyncIterator[Any]:
    """The MCP library's session manager, run in a task of its own as its cancel scopes require."""
    manager_class, server = await asyncio.to_thread(_library)  # it takes up to seconds, in which pages go out

    async def tools() -> TokenTools:
        return _current.get()

    manager = manager_class(server(tools), json_response=True, stateless=True)
    ready, over = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with manager.run():
            ready.set()
            await over.wait()

    task = asyncio.create_task(run(), name="mcp")
    try:
        await ready.wait()
        yield manager
    finally:
        over.set()
        await task


async def _ask_asgi(app: Callable[..., Any], request: web.Request, body: bytes) -> web.Response:
    """Pass a request to an ASGI application and return its response."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": request.method, "scheme": "http",
        "path": request.path, "raw_path": request.path.encode(), "query_string": request.query_string.encode(),
        "headers": [(name.lower(), value) for name, value in request.raw_headers], "client": None, "server": None,
    }  # fmt: skip
    incoming = [{"type": "http.request", "body": body, "more_body": False}]
    never = asyncio.Event()
    answer: dict[str, Any] = {"status": 500, "headers": [], "body": b""}

    async def receive() -> dict[str, Any]:
        if incoming:
            return incoming.pop()
        await never.wait()
        return {"type": "http.disconnect"}

    async def send(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            answer["status"], answer["headers"] = message["status"], message["headers"]
        else:
            answer["body"] += message.get("body", b"")

    await app(scope, receive, send)
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer["headers"]}
    headers.pop("content-length", None)
    return web.Response(status=answer["status"], body=answer["body"], headers=headers)


def routes(authenticator: Authenticator, slackbot: SlackbotRequests, site: web.Application) -> list[web.RouteDef]:
    """The route `/mcp`, for GET, POST and DELETE."""
    endpoint = McpEndpoint(authenticator, slackbot)
    site.on_cleanup.append(endpoint.close)
    return [web.post(PATH, endpoint.serve), web.get(PATH, endpoint.serve), web.delete(PATH, endpoint.serve)]
