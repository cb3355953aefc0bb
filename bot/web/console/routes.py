"""Adds the console to the HTTP port. To add a page, write a module with `routes` and name it here."""

from __future__ import annotations

from aiohttp import web

from bot.web.api.authentication import Authenticator
from bot.web.console import alerts, assets, incident, incidents, now, oncall, playbooks, runs, sign_in, tell
from bot.web.console.door import Door

MODULES = (sign_in, now, runs, tell, incident, incidents, alerts, oncall, playbooks)


def add_to(site: web.Application, authenticator: Authenticator) -> None:
    """Add every page, the forms on it, and the stylesheet and script. Streams end with the site."""
    door = Door(authenticator)
    site.on_shutdown.append(door.streams.close)
    site.add_routes([*assets.routes(), *(route for module in MODULES for route in module.routes(door))])
