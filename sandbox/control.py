"""The control API under `/sandbox/`: everything a test or the page does and reads, from another process."""

from typing import TYPE_CHECKING

from aiohttp import web

if TYPE_CHECKING:
    from sandbox.workspace import Workspace


class Control:
    """Routes of the control API."""

    def __init__(self, ws: "Workspace") -> None:
        self.ws = ws

    def routes(self, app: web.Application) -> None:
        """Enter the routes."""
        app.router.add_get("/sandbox/health", self.health)

    async def health(self, request: web.Request) -> web.Response:
        """The workspace is up."""
        return web.json_response({"ok": True})
