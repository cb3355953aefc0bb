"""Handles Slack's events in Bolt middleware, before authorization (which saves 40 of 300 µs per message).

It also drops what other workspaces send: the same app may be installed in several, and the signature is the app's.

Most requests are events, and they have no person to answer. Nothing that Bolt prepares for a listener (client, `say`,
`ack`, the result of an authorization) is of use to them. All other requests go on to the listeners.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.inbound import payload_validation
from bot.slack.inbound.arrivals import Arrivals
from bot.slack.listeners import events
from bot.slack.listeners.context import ListenerContext

log = structlog.get_logger()


class EventMiddleware(AsyncMiddleware):
    """Records events, for Bolt's `before_authorize`."""

    def __init__(self, ctx: ListenerContext, arrivals: Arrivals) -> None:
        self._ctx = ctx
        self._arrivals = arrivals

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],
    ) -> BoltResponse:
        """Answer an event with 200 once it is recorded, else with 500, so that Slack repeats it."""
        if not payload_validation.is_from(req.body, self._ctx.bot):
            self._ctx.metrics.refused.labels("other workspace").inc()
            log.warning("request.other_workspace", type=req.body.get("type"))
            return BoltResponse(status=200, body="")
        self._arrivals.note(req.body)
        if req.body.get("type") != "event_callback":
            return await next()
        try:
            await events.on_event(self._ctx, req.body)
        except Exception:
            self._ctx.metrics.not_recorded.labels("event").inc()
            log.exception("listener.failed", type="event_callback", event_id=req.body.get("event_id"))
            self._ctx.event_lost()  # Slack repeats it, but only a few times
            return BoltResponse(status=500)
        return BoltResponse(status=200)
