"""Events, taken before Bolt looks for whom and by whom: they are most of what comes, and all of them are ours.

An event has nobody to answer, so nothing that Bolt would make for its listener (a client, `say`, `ack`, the result of
an authorisation) is of use to it. All else goes on to the listeners.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import structlog
from slack_bolt.middleware.async_middleware import AsyncMiddleware
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.listeners import events
from bot.slack.listeners.context import ListenerContext

log = structlog.get_logger()


class EventMiddleware(AsyncMiddleware):
    """Bolt's `before_authorize`. What could not be written down is answered 500, so that Slack repeats it."""

    def __init__(self, ctx: ListenerContext) -> None:
        self._ctx = ctx

    async def async_process(
        self,
        *,
        req: AsyncBoltRequest,
        resp: BoltResponse,
        next: Callable[[], Awaitable[BoltResponse]],
    ) -> BoltResponse:
        if req.body.get("type") != "event_callback":
            return await next()
        try:
            await events.on_event(self._ctx, req.body)
        except Exception:
            log.exception("listener.failed", type="event_callback", event_id=req.body.get("event_id"))
            self._ctx.event_lost()  # Slack repeats it, but not for ever
            return BoltResponse(status=500)
        return BoltResponse(status=200)
