"""Speaks the Model Context Protocol by the `mcp` library, which the extra `tocsin[mcp]` installs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any, Protocol

from mcp import types
from mcp.server.lowlevel import Server

from bot.mcp.toolbox import INSTRUCTIONS


class Tools(Protocol):
    """Tools, and who uses them."""

    async def offered(self) -> list[dict[str, Any]]:
        """The tools that may be used."""
        ...

    async def run(self, name: str, given: dict[str, Any]) -> tuple[str, bool]:
        """The answer of a tool, and whether it is an error."""
        ...


def server(tools: Callable[[], Awaitable[Tools]]) -> Server[Any]:
    """A server that answers by these tools, which are asked for at each request."""

    async def list_tools(_: Any, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        offered = await (await tools()).offered()
        return types.ListToolsResult(tools=[types.Tool.model_validate(tool) for tool in offered])

    async def call_tool(_: Any, asked: types.CallToolRequestParams) -> types.CallToolResult:
        words, wrong = await (await tools()).run(asked.name, dict(asked.arguments or {}))
        return types.CallToolResult(content=[types.TextContent(type="text", text=words)], is_error=wrong)

    return Server(
        "tocsin", version=version("tocsin"), instructions=INSTRUCTIONS,
        on_list_tools=list_tools, on_call_tool=call_tool,
    )  # fmt: skip
