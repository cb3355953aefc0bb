"""Lists the routes of the console."""

from __future__ import annotations

from aiohttp import web

from bot.web.api.authentication import Authenticator
from bot.web.console import assets, incident, now, sign_in
from bot.web.console.door import Door


def routes(authenticator: Authenticator) -> list[web.RouteDef]:
    """Every page, the forms on it, and the stylesheet and script."""
    door = Door(authenticator)
    modules = (sign_in, now, incident)
    return [*assets.routes(), *(route for module in modules for route in module.routes(door))]
