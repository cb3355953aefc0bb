"""A program that uses the API of a running bot."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bot.domain.access.token import Token, scopes_of
from bot.usecases import tokens
from tests.scenarios.running import World

MAYA, TOM, GAIL, ALEX = "U0MAYA0000", "U0TOM00000", "U0GAIL0000", "U0ALEX0000"
BOOTSTRAP = "bootstrap-token-of-the-tests"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer, read to its end."""

    status: int
    headers: Any
    body: Any


@dataclass(slots=True)
class Program:
    """A client with a token."""

    session: aiohttp.ClientSession
    url: str
    token: str | None

    async def get(self, path: str, **headers: str) -> Reply:
        return await self.send("GET", path, None, **headers)

    async def post(self, path: str, body: Any = None, **headers: str) -> Reply:
        return await self.send("POST", path, {} if body is None else body, **headers)

    async def send(self, method: str, path: str, body: Any, **headers: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token is not None:
            named = {"Authorization": f"Bearer {self.token}", **named}
        async with self.session.request(method, f"{self.url}{path}", json=body, headers=named) as answer:
            json = "json" in answer.content_type
            return Reply(answer.status, answer.headers, await (answer.json() if json else answer.text()))


async def token_for(world: World, person: str = MAYA, scopes: str = "write", **more: Any) -> tuple[Token, str]:
    now = world.tocsin.context.clock.now()
    name = f"of {person} {scopes}"
    return await tokens.create(world.tocsin.database, name, person, scopes_of(scopes.split(",")), now, **more)


@asynccontextmanager
async def program(
    world: World, token: str | None = None, *, person: str = MAYA, scopes: str = "write"
) -> AsyncIterator[Program]:
    """A program with this token, else with a new one of the person's."""
    secret = token if token is not None else (await token_for(world, person, scopes))[1]
    async with aiohttp.ClientSession() as session:
        yield Program(session, f"http://127.0.0.1:{world.tocsin.port}/api/v1", secret)


async def call_tool(world: World, secret: str, name: str, given: dict[str, Any]) -> tuple[int, str]:
    """The status, and what a tool says."""
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": name, "arguments": given}}
    headers = {"Authorization": f"Bearer {secret}", "Accept": "application/json, text/event-stream"}
    address = f"http://127.0.0.1:{world.tocsin.port}/mcp"
    async with aiohttp.ClientSession(headers=headers) as session, session.post(address, json=body) as answer:
        said = await answer.json(content_type=None)
        return answer.status, "" if "result" not in said else said["result"]["content"][0]["text"]
