"""Serves the status page alone on a listener of its own, so that nothing else has to be public."""

from __future__ import annotations

from aiohttp import web

from bot.metrics import Metrics
from bot.usecases.context import Context
from bot.web.connection_limits import ConnectionLimiter
from bot.web.server import HttpServer, ListenError
from bot.web.statuspage import routes, subscriptions
from bot.web.statuspage.documents import PREFIX
from bot.web.statuspage.gate import Gate

LARGEST_BODY = 16 * 1024  # of a form


class StatusServer(HttpServer):
    """The HTTP server at `TOCSIN_STATUS_LISTEN`."""

    name = "status page's listener"

    async def start(self) -> None:
        """Listen. Raises `ListenError`, which names the setting."""
        try:
            await super().start()
        except ListenError as error:
            raise ListenError(f"TOCSIN_STATUS_LISTEN cannot be used: {error.__cause__ or error}.") from error


def status_server(
    listen: str | None,
    context: Context,
    gate: Gate,
    sign_in: list[web.RouteDef],
    metrics: Metrics,
    proxies: str = "",
) -> StatusServer | None:
    """The server at this `host:port`; None where there is none. `sign_in`: what members come back to.

    `proxies`: the setting `TOCSIN_PROXIES`.
    """
    if listen is None:
        return None
    host, _, port = listen.rpartition(":")
    limiter = ConnectionLimiter(metrics)
    site = limiter.guard(web.Application(client_max_size=LARGEST_BODY))
    site.add_routes([*sign_in, *routes.routes(gate), *subscriptions.routes(context, gate, proxies)])
    site.router.add_get("/", _redirect_to_page)
    return StatusServer(site, limiter, host.strip("[]"), int(port))


async def _redirect_to_page(request: web.Request) -> web.Response:
    raise web.HTTPFound(PREFIX)
