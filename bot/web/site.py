"""Puts the routes together that the HTTP port serves; a surface whose secret is not set is not there."""

from __future__ import annotations

from aiohttp import web
from slack_bolt.app.async_app import AsyncApp

from bot.metrics import Metrics
from bot.settings import Settings
from bot.usecases.context import Context
from bot.web import debug, health, oncall, slack, webhooks
from bot.web.connection_limits import ConnectionLimiter
from bot.web.server import HttpServer


def http_server(
    settings: Settings, context: Context, metrics: Metrics, bolt: AsyncApp, readiness: health.Health
) -> HttpServer:
    """The server of the HTTP port, with its limits on connections."""
    limiter = ConnectionLimiter(metrics)
    site = limiter.guard(web.Application(client_max_size=slack.LARGEST_BODY))
    site.add_routes(health.routes(readiness))
    site.add_routes(oncall.routes(context))
    if settings.tocsin_demo:
        site.add_routes(debug.routes(context))
    if settings.slack_signing_secret is not None:
        site.add_routes(slack.routes(bolt, settings.slack_signing_secret.get_secret_value(), metrics))
    if settings.pagerduty_webhook_secret is not None:
        site.add_routes(webhooks.pagerduty(context, settings.pagerduty_webhook_secret.get_secret_value(), metrics))
    return HttpServer(site, limiter, settings.host, settings.port)
