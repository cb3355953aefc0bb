"""Serves the Model Context Protocol with the `mcp` library, which the extra `tocsin[mcp]` installs."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from importlib.metadata import version
from typing import Any, Protocol

from mcp import types
from mcp.server.lowlevel import Server

from bot.mcp.toolbox import INSTRUCTIONS


class Tools(Protocol):
    """The tools that one user may run."""

    async def offered(self) -> list[dict[str, Any]]:
        """The tools that may be used."""
        ...

    async def run(self, name: str, arguments: dict[str, Any]) -> tuple[str, bool]:
        """The answer of a tool, and whether it is an error."""
        ...


def server(tools: Callable[[], Awaitable[Tools]]) -> Server[Any]:
    """A server that runs these tools. `tools` is called at each request."""

    async def list_tools(_: Any, __: types.PaginatedRequestParams | None) -> types.ListToolsResult:
        offered = await (await tools()).offered()
        return types.ListToolsResult(tools=[types.Tool.model_validate(tool) for tool in offered])

    async def call_tool(_: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        text, is_error = await (await tools()).run(params.name, dict(params.arguments or {}))
        return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=is_error)

    return Server(
        "tocsin", version=version("tocsin"), instructions=INSTRUCTIONS,
        on_list_tools=list_tools, on_call_tool=call_tool,
    )  # fmt: skip
