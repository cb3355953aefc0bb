"""Answers interactions that only other versions of the app have: dialogs, attachment buttons, workflow steps.

The answer gives back what the person typed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from bot.slack.blocks import replies
from bot.slack.blocks.elements import Message
from bot.slack.listeners.actions import interaction_of
from bot.slack.listeners.context import ListenerContext

log = structlog.get_logger()

KNOWN = frozenset({"block_actions", "block_suggestion", "view_submission", "view_closed", "shortcut", "message_action"})


class UnknownKinds:
    """Bolt middleware that answers such a request. All other requests go on."""

    def __init__(self, ctx: ListenerContext) -> None:
        self._ctx = ctx

    async def answer(self, req: AsyncBoltRequest, next: Callable[[], Awaitable[BoltResponse]]) -> BoltResponse:
        """Answer the request with 200 once the answer to the person is queued."""
        body = req.body
        if body.get("type") in KNOWN or "command" in body:
            return await next()
        log.info("interaction.unknown", kind=str(body.get("type"))[:80])
        interaction = interaction_of(body)
        if interaction.user:
            await self._ctx.reply_later(interaction, self._answer(body))
        return BoltResponse(status=200, body="")

    def _answer(self, body: dict[str, Any]) -> Message:
        kind = str(body.get("type"))
        surface = "form" if kind.startswith("dialog") else "workflow step" if kind.startswith("workflow") else "button"
        submission = body.get("submission")  # of a dialog
        typed = submission.items() if isinstance(submission, dict) else ()
        texts = [(name, text) for name, text in typed if isinstance(text, str)]
        return replies.other_version_reply(surface, self._ctx.command, texts)
