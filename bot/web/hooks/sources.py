"""Adds up the endpoints of all sources of alerts. Those whose secrets are not set are left out."""

from __future__ import annotations

from aiohttp import web

from bot.integrations.alerts.registry import SOURCES
from bot.live_settings import LiveSettings
from bot.metrics import Metrics
from bot.secret_settings import secret_of
from bot.usecases.context import Context
from bot.web.hooks import handshake, origin
from bot.web.hooks.cloudwatch import CloudWatchEndpoint, fetch_from
from bot.web.hooks.endpoint import Endpoint

BY_TOKEN = ("alertmanager", "datadog", "events", "opsgenie")


def routes(context: Context, live: LiveSettings, metrics: Metrics) -> list[web.RouteDef]:
    """The routes of the sources whose secrets are set."""
    settings = live.current

    def tokens() -> str:
        return secret_of(live.current.tocsin_hook_token)

    endpoints: list[Endpoint] = []
    if settings.tocsin_hook_token is not None:
        endpoints += [Endpoint(context, SOURCES[name], origin.by_token(tokens), metrics) for name in BY_TOKEN]
    if settings.sentry_client_secret is not None:
        proof = origin.sentry(lambda: secret_of(live.current.sentry_client_secret))
        endpoints.append(Endpoint(context, SOURCES["sentry"], proof, metrics))
    if settings.sns_topics:
        endpoints.append(CloudWatchEndpoint(context, settings.sns_topics, tokens, metrics, fetch_from()))
    route_list = [route for endpoint in endpoints for route in endpoint.routes()]
    if settings.tocsin_hook_token is not None or settings.grafana_hmac_secret is not None:
        proof = origin.grafana(tokens, lambda: secret_of(live.current.grafana_hmac_secret))
        route_list += Endpoint(context, SOURCES["grafana"], proof, metrics).routes(("POST", "PUT"))
    if settings.tocsin_hook_token is not None:
        route_list.append(handshake.route("/hooks/events"))
    return route_list
