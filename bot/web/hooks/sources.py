"""Puts the endpoints of all sources of alerts together; one whose secret is not set is not there."""

from __future__ import annotations

from aiohttp import web

from bot.integrations.alerts.registry import SOURCES
from bot.metrics import Metrics
from bot.settings import LiveSettings, secret_of
from bot.usecases.context import Context
from bot.web.hooks import origin
from bot.web.hooks.endpoint import Endpoint

BY_TOKEN = ("alertmanager", "events")


def routes(context: Context, live: LiveSettings, metrics: Metrics) -> list[web.RouteDef]:
    """The routes of the sources whose secrets are set."""
    listed: list[web.RouteDef] = []
    if live.current.tocsin_hook_token is not None:
        token = origin.token(lambda: secret_of(live.current.tocsin_hook_token))
        for name in BY_TOKEN:
            listed += Endpoint(context, SOURCES[name], token, metrics).routes()
    return listed
