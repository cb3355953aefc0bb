"""Adds up the routes of the HTTP port. Routes whose secret is not set are left out."""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web
from slack_bolt.app.async_app import AsyncApp

from bot.domain.access.token import Scope
from bot.live_settings import LiveSettings
from bot.metrics import Metrics
from bot.secret_settings import secret_of
from bot.slack.inbound.arrivals import Arrivals
from bot.usecases.context import Context
from bot.web import acknowledge, debug, health, mcp, oncall, review_calendar, slack, twilio, webhooks
from bot.web.api import reference
from bot.web.api.routes import PREFIX, ApiContext, application
from bot.web.connection_limits import ConnectionLimiter
from bot.web.console.routes import ConsoleParts, add_console
from bot.web.hooks import sources, tickets
from bot.web.page_sign_in import PageSignIn
from bot.web.server import HttpServer
from bot.web.slackbot import SlackbotRequests
from bot.web.statuspage import routes as statuspage
from bot.web.statuspage import subscriptions
from bot.web.statuspage.cache import StatusPageCache
from bot.web.statuspage.gate import Gate


@dataclass(frozen=True, slots=True)
class PageParts:
    """The parts of the pages: those of the status page, those of the console, and their workspace."""

    status_page: StatusPageCache
    console: ConsoleParts
    team: str  # its ID


def http_server(
    live: LiveSettings,
    context: Context,
    metrics: Metrics,
    bolt: AsyncApp,
    readiness: health.Health,
    arrivals: Arrivals,
    pages: PageParts,
) -> HttpServer:
    """The server of the HTTP port, with its limits on connections."""
    settings = live.current
    limiter = ConnectionLimiter(metrics)
    site = limiter.guard(web.Application(client_max_size=slack.LARGEST_BODY))
    site.add_routes(health.routes(readiness))
    site.add_routes(oncall.routes(context))
    console = pages.console.console
    authenticator = console.authenticator
    site.add_routes(acknowledge.routes(context))
    site.add_routes(review_calendar.routes(context))
    site.add_routes(reference.routes(context))
    add_console(site, pages.console)
    site.add_subapp(PREFIX, application(ApiContext(authenticator)))
    slackbot = SlackbotRequests(
        lambda: secret_of(live.current.slack_signing_secret), pages.team,
        lambda: Scope(live.current.tocsin_slackbot_mcp) if live.current.tocsin_slackbot_mcp else None,
    )  # fmt: skip
    site.add_routes(mcp.routes(authenticator, slackbot, site))
    gate = Gate(pages.status_page, console.is_member)
    site.add_routes(
        [
            *PageSignIn(console).console_routes(),
            *statuspage.routes(gate),
            *subscriptions.routes(context, gate, console.proxies),
        ]
    )
    if settings.tocsin_demo:
        site.add_routes(debug.routes(context))
    if settings.slack_signing_secret is not None:
        site.add_routes(slack.routes(bolt, lambda: secret_of(live.current.slack_signing_secret), metrics, arrivals))
    if settings.pagerduty_webhook_secret is not None:
        secret = lambda: secret_of(live.current.pagerduty_webhook_secret)  # noqa: E731
        site.add_routes(webhooks.pagerduty(context, secret, metrics))
    if settings.twilio_auth_token is not None and settings.tocsin_url is not None:
        auth_token = lambda: secret_of(live.current.twilio_auth_token)  # noqa: E731
        site.add_routes(twilio.routes(context, auth_token, metrics))
    site.add_routes(sources.routes(context, live, metrics))
    site.add_routes(tickets.routes(context, live, metrics))
    return HttpServer(site, limiter, settings.host, settings.port)
