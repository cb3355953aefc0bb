"""Registers the Bolt listeners, one for each kind of payload, which call the handlers from tables.

`event_middleware` handles events; no listener sees them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck
from slack_bolt.response import BoltResponse

from bot.slack.blocks import inputs, replies
from bot.slack.client import rate_limiter
from bot.slack.listeners import actions, commands, shortcuts, suggestions, views
from bot.slack.listeners.context import ListenerContext
from bot.slack.listeners.unknown_kinds import UnknownKinds
from storage.engine.errors import StorageError

log = structlog.get_logger()

ANY = re.compile(".*", re.DOTALL)


def register(app: AsyncApp, ctx: ListenerContext) -> None:
    """Register the listeners. There are few, because Bolt tries them one after another."""

    async def on_command(ack: AsyncAck, command: dict[str, Any]) -> None:
        with _waited_for(ctx):
            await commands.on_command(ctx, ack, command)

    async def on_action(ack: AsyncAck, body: dict[str, Any]) -> None:
        with _waited_for(ctx):
            await actions.on_action(ctx, ack, body)

    async def on_view(ack: AsyncAck, body: dict[str, Any]) -> None:
        with _waited_for(ctx):
            await views.on_view(ctx, ack, body)

    async def on_closed(ack: AsyncAck) -> None:
        await ack()

    async def on_options(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(options=await suggestions.options_for(ctx, body))

    async def on_shortcut(ack: AsyncAck, body: dict[str, Any]) -> None:
        with _waited_for(ctx):
            await shortcuts.on_shortcut(ctx, ack, body)

    async def on_error(error: Exception, body: dict[str, Any]) -> BoltResponse:
        """Log an unexpected error with its traceback and tell the person in a sentence."""
        _count_unrecorded(ctx, error, body)
        log.error("listener.failed", type=body.get("type"), command=body.get("command"), exc_info=error)
        if body.get("type") == "view_submission":
            errors = {inputs.first_block(body.get("view") or {}): replies.NOT_RECORDED}
            return _json({"response_action": "errors", "errors": errors})
        message = replies.storage_error_reply()
        if "command" in body:
            return _json({"response_type": "ephemeral", "text": message.text, "blocks": message.blocks})
        return BoltResponse(status=400)  # Slack tells the person that it failed, and does not repeat it

    app.error(on_error)
    app.use(UnknownKinds(ctx).answer)
    app.command(ANY)(on_command)
    app.action(ANY)(on_action)
    app.view_submission(ANY)(on_view)
    app.view_closed(ANY)(on_closed)
    app.shortcut(ANY)(on_shortcut)
    app.options(ANY)(on_options)


@contextmanager
def _waited_for(ctx: ListenerContext) -> Iterator[None]:
    """A person waits until this block ends: background work yields, and only Slack itself holds a call back."""
    with ctx.context.foreground_gate.foreground(), rate_limiter.interactive():
        yield


def _json(body: dict[str, Any]) -> BoltResponse:
    return BoltResponse(status=200, body=json.dumps(body), headers={"content-type": "application/json"})


def _count_unrecorded(ctx: ListenerContext, error: Exception, body: dict[str, Any]) -> None:
    """Count what a person did in vain. A database's error was counted where it was caught: now its answer failed."""
    if isinstance(error, StorageError):
        return
    kinds = {"view_submission": "view", "block_actions": "press"}
    kind = "command" if "command" in body else kinds.get(str(body.get("type")), "shortcut")
    ctx.metrics.not_recorded.labels(kind).inc()
