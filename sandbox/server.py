"""Serves a sandbox workspace over HTTP: Web API, uploads, response URLs, Socket Mode, control API and web UI."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web

from sandbox import web_page
from sandbox.api import Api
from sandbox.control import Control
from sandbox.errors import SlackError
from sandbox.openid import OpenId
from sandbox.settings import Settings
from sandbox.workspace import Workspace

GONE = {"used_url", "expired_url", "invalid_url"}
MAX_BODY = 64 * 1024 * 1024


class Server:
    """Serves one workspace."""

    def __init__(self, ws: Workspace) -> None:
        self.ws = ws
        self.app = web.Application(client_max_size=MAX_BODY)
        api = Api(ws)
        self.openid = OpenId(ws)
        self.openid.routes(self.app)
        self.app.router.add_route("*", "/api/{method}", api.handle)
        self.app.router.add_post("/actions/{team}/{number}/{secret}", self.respond)
        self.app.router.add_route("*", "/upload/{file}", self.upload)
        self.app.router.add_get("/files/{file}/{name}", self.download)
        self.app.router.add_get("/files/{file}/download/{name}", self.download)
        self.app.router.add_get("/link/", ws.sockets.handle)
        Control(ws).routes(self.app)
        web_page.routes(self.app)
        self._runner: web.AppRunner | None = None

    async def start(self) -> str:
        """Start listening. Returns the server's URL."""
        settings = self.ws.settings
        self._runner = web.AppRunner(self.app, access_log=None, shutdown_timeout=0.2)
        await self._runner.setup()
        await web.TCPSite(self._runner, settings.host, settings.port).start()
        host, port = self._runner.addresses[0][:2]
        url = f"http://{host}:{port}"
        self.ws.opened(url)
        return url

    async def stop(self) -> None:
        """Close the workspace and stop listening."""
        await self.ws.close()
        if self._runner is not None:
            await self._runner.cleanup()

    async def respond(self, request: web.Request) -> web.Response:
        """Handle an answer to a response URL."""
        if self.ws.faults.down:
            return web.Response(status=503)
        info = request.match_info
        try:
            answer: Any = json.loads(await request.read())
        except ValueError:
            return web.Response(status=400, text="invalid_payload")
        try:
            self.ws.response_urls.answer(f"{info['team']}/{info['number']}/{info['secret']}", answer)
        except SlackError as refused:
            status = 404 if refused.error in GONE else 400
            return web.json_response(refused.body(), status=status)
        if self.ws.store is not None:
            await self.ws.store.commit()
        return web.Response(text="ok")

    async def upload(self, request: web.Request) -> web.Response:
        """Receive the content of a file that the app announced."""
        file = self.ws.state.files.get(request.match_info["file"])
        if file is None or file.complete:
            return web.Response(status=404, text="file_not_found")
        if request.content_type == "multipart/form-data":
            parts = [part for part in (await request.post()).values() if isinstance(part, web.FileField)]
            content = parts[0].file.read() if parts else b""
        else:
            content = await request.read()
        self.ws.state.contents[file.id] = content
        file.size = len(content)
        self.ws.state.touch("file", file.id)
        return web.Response(text=f"OK - {len(content)}")

    async def download(self, request: web.Request) -> web.Response:
        """Return a file's content."""
        file = self.ws.state.files.get(request.match_info["file"])
        if file is None or file.deleted:
            return web.Response(status=404)
        return web.Response(body=self.ws.state.contents.get(file.id, b""), content_type=file.mimetype)


@contextlib.asynccontextmanager
async def running(**settings: Any) -> AsyncIterator[Workspace]:
    """Run a workspace on a free local port; the keywords are the fields of `Settings`."""
    server = Server(Workspace(Settings(**settings)))
    await server.start()
    try:
        yield server.ws
    finally:
        await server.stop()
