"""Builds the parts that receive from Slack: Bolt with the listeners, and Socket Mode."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult

from bot.bootstrap.base import Base
from bot.secret_settings import secret_of
from bot.slack.directory import announcements
from bot.slack.inbound.socket_mode import SocketPool
from bot.slack.listeners import register
from bot.slack.listeners.context import ListenerContext
from bot.slack.listeners.event_middleware import EventMiddleware
from bot.usecases.incidents.record import Channels, Recorder
from bot.workers.tasks import BackgroundTask


def bolt_app(base: Base, on_missed_event: Callable[[], None]) -> AsyncApp:
    """Bolt with our listeners and our own authorization.

    Where Bolt's own authorization fails, it acknowledges the request without running a listener.
    """
    me, context = base.me, base.context
    recorder = Recorder(context, Channels(context))
    ctx = ListenerContext(
        context, base.api, recorder, me, base.metrics, base.settings.tocsin_command, on_missed_event
    )  # fmt: skip
    context.memberships = ctx.identities

    async def authorize(**_: Any) -> AuthorizeResult:
        return AuthorizeResult(
            enterprise_id=None, team_id=me.team_id, bot_id=me.bot_id, bot_user_id=me.user_id,
            bot_token=secret_of(base.live.current.slack_bot_token),
        )  # fmt: skip

    app = AsyncApp(
        client=base.client,
        name="tocsin",  # without one, Bolt reads the source of every module on the stack
        before_authorize=EventMiddleware(ctx, base.arrivals),
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,  # bot.web.slack did it; a socket is its own proof
        ignoring_self_events_enabled=False,  # it would drop others' deletions of our messages; we look ourselves
    )
    register(app, ctx)
    return app


def socket_pool(base: Base, bolt: AsyncApp, backfill: Callable[[], Awaitable[None]]) -> SocketPool | None:
    """The connections of Socket Mode; None where no token for them is set."""
    if base.settings.slack_app_token is None:
        return None
    token = base.settings.slack_app_token.get_secret_value()
    rebuilt = base.metrics.sockets_rebuilt.inc
    return SocketPool(bolt, token, base.client, backfill, base.metrics.acknowledged, rebuilt)


def join_announcements(base: Base) -> BackgroundTask:
    """The background task that joins the announcement channel."""
    return BackgroundTask(
        "join the announcement channel", lambda: announcements.join(base.context, base.api),
        "invite the bot: /invite @Tocsin",
    )  # fmt: skip
