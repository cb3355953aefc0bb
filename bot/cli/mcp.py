"""Implements `tocsin mcp`: the Model Context Protocol over standard input and output."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from importlib.util import find_spec
from typing import Any

import aiohttp
import click

from bot import settings as settings_reader
from bot.cli.operation_client import check_identity, local_context
from bot.cli.shared import settings_database
from bot.domain.access.token import Scope, Token
from bot.domain.errors import TocsinError
from bot.domain.timeline.source import Source
from bot.mcp import toolbox
from bot.operations.base import Call
from bot.secret_settings import secret_of
from bot.usecases import tokens
from bot.usecases.context import Context

WITHIN_S = 60.0
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@click.command("mcp")
@click.option("--as", "person", metavar="U0123", help="Act as this person on the local database, instead of a token.")
@click.option("--read-only", is_flag=True, help="With --as: offer no tool that writes.")
def mcp_command(person: str | None, read_only: bool) -> None:
    """Serve the Model Context Protocol on standard input and output: TOCSIN_TOKEN or --as says who asks."""
    if find_spec("mcp") is None:
        raise TocsinError("The library is not installed: pip install 'tocsin[mcp]'")
    settings = settings_reader.load()
    secret = secret_of(settings.tocsin_token)
    if person is None and not secret:
        raise TocsinError("Set TOCSIN_TOKEN, or say who you are: tocsin mcp --as U0123")
    if person is None and settings.tocsin_url and "database_url" not in settings.model_fields_set:
        asyncio.run(_remotely(settings.tocsin_url, secret))
    else:
        asyncio.run(_locally(person, secret, read_only=read_only))


@dataclass(frozen=True, slots=True)
class LocalTools:
    """The tools on the database, for a token or a person."""

    context: Context
    token: Token
    secret: str

    async def offered(self) -> list[dict[str, Any]]:
        """The tools that the token may use."""
        return toolbox.offered(self.token)

    async def run(self, name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        """The answer of a tool, and whether it is an error. A token that was revoked meanwhile is refused."""
        if self.secret and await tokens.valid(self.context.database, self.secret, self.context.clock.now()) is None:
            return "The token is expired or revoked.", True
        return await toolbox.run(self.token, Call(self.context, self.token.person), name, arguments)


@dataclass(frozen=True, slots=True)
class RemoteTools:
    """The tools of a bot elsewhere, through its `/mcp`."""

    session: aiohttp.ClientSession
    url: str

    async def offered(self) -> list[dict[str, Any]]:
        """The tools that the token may use."""
        tools: list[dict[str, Any]] = (await self._ask("tools/list", {}))["tools"]
        return tools

    async def run(self, name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        """The answer of a tool, and whether it is an error."""
        result = await self._ask("tools/call", {"name": name, "arguments": arguments})
        return "\n".join(part["text"] for part in result["content"]), bool(result.get("isError"))

    async def _ask(self, method: str, params: dict[str, Any]) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            async with self.session.post(f"{self.url.rstrip('/')}/mcp", json=body, allow_redirects=False) as answer:
                response = await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise TocsinError(f"{self.url} cannot be reached ({type(error).__name__}).") from None
        if not isinstance(response, dict) or "result" not in response:
            detail = response.get("detail") if isinstance(response, dict) else None
            raise TocsinError(str(detail or f"{self.url} answered {answer.status}."))
        return response["result"]


async def _locally(person: str | None, secret: str, *, read_only: bool) -> None:
    async with settings_database() as (database, settings):
        if person is not None:
            scope = Scope.READ if read_only else Scope.WRITE
            token, secret = Token(0, "--as", person, (scope,), EPOCH), ""
        else:
            valid_token = await tokens.valid(database, secret, datetime.now(UTC))
            if valid_token is None:
                raise TocsinError("TOCSIN_TOKEN is unknown, expired or revoked.")
            token = valid_token
        context = replace(await local_context(database, settings, token.person), source=Source.MCP)
        await check_identity(context, token.person)
        await _serve(LocalTools(context, token, secret))


async def _remotely(url: str, secret: str) -> None:
    headers = {"Authorization": f"Bearer {secret}", "Accept": "application/json, text/event-stream"}
    timeout = aiohttp.ClientTimeout(total=WITHIN_S)
    async with aiohttp.ClientSession(timeout=timeout, headers=headers) as session:
        tools = RemoteTools(session, url)
        await tools.offered()  # reports a wrong address or token at once
        await _serve(tools)


async def _serve(tools: LocalTools | RemoteTools) -> None:
    from mcp.server.stdio import stdio_server  # noqa: PLC0415 - an extra

    from bot.mcp.server import server  # noqa: PLC0415 - it needs the extra

    async def current_tools() -> LocalTools | RemoteTools:
        return tools

    protocol_server = server(current_tools)
    async with stdio_server() as (incoming, outgoing):
        await protocol_server.run(incoming, outgoing, protocol_server.create_initialization_options())
