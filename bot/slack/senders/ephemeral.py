"""Sends private answers: to the request's response URL, else ephemerally, else as a direct message.

An answer is sent at most once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import aiohttp
import structlog
from yarl import URL

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.send_result import NotNeeded, Retry, SendResult, Sent
from bot.integrations.http import retry_after_s
from bot.slack.blocks import replies
from bot.slack.blocks.elements import Message
from bot.slack.client.api import SlackError
from bot.slack.client.response_urls import trusted_response_url
from bot.slack.senders import post_once
from bot.slack.senders.base import Delivery, SenderBase
from bot.slack.senders.post_once import with_plain
from bot.slack.senders.registry import sends, sends_without_incident
from storage.outbox.queue import ClaimedNotice

log = structlog.get_logger()

# The person, or the bot, is not in that channel: then the answer goes to their direct messages.
_NOT_THERE = frozenset({"channel_not_found", "not_in_channel", "user_not_in_channel", "is_archived"})
_NO_THREAD = _NOT_THERE | {"thread_not_found", "cannot_reply_to_message"}
MAY_HAVE_ARRIVED = "it may have arrived; an answer is not repeated"


class AnswerSender(SenderBase):
    """Sends one person the answer to what they asked for."""

    @sends_without_incident(NoticeKind.ANSWER, failure="answer")
    async def answer(self, notice: ClaimedNotice) -> SendResult:
        """Send a prepared answer, which the notice's payload contains as a message."""
        if text := notice.payload.get("words"):
            return await self._respond(notice, replies.confirmation(text))
        message = notice.payload["message"]
        return await self._respond(notice, Message(message["text"], message["blocks"], message.get("plain_blocks")))

    @sends(NoticeKind.DECLARED, failure="answer the declaration")
    async def declared(self, delivery: Delivery) -> SendResult:
        """Tell the person who declared the incident where its channel is; all who read the message it came from."""
        notice, incident, policy = delivery.notice, delivery.incident, delivery.policy
        if notice.payload.get("in_thread"):
            channel, thread_ts = notice.payload["channel"], notice.payload["thread_ts"]
            try:
                return await self.post(delivery, channel, replies.thread_reply(incident, policy), thread_ts)
            except SlackError as error:
                if error.name not in _NO_THREAD and not error.name.startswith("restricted_action"):
                    raise
            # Slack shows a private message in a thread only where somebody has replied already.
            notice = replace(notice, payload={**notice.payload, "thread_ts": None})
        # A command was answered at once that the incident is declared; a form was only closed.
        by_command = bool(notice.payload.get("response_url"))
        message = (replies.channel_link_reply if by_command else replies.declared_reply)(incident, policy)
        return await self._respond(notice, message)

    async def _respond(self, notice: ClaimedNotice, message: Message) -> SendResult:
        if notice.uncertain:
            return NotNeeded(MAY_HAVE_ARRIVED)
        payload = notice.payload
        if url := payload.get("response_url"):
            if address := trusted_response_url(url, self._api.client.base_url):
                result = await by_url(self._senders.session, address, message, replace=bool(payload.get("replace")))
                if not isinstance(result, NotNeeded) or not payload.get("channel"):
                    return result  # a form may be submitted after its address has expired
            else:
                log.warning("answer.address_refused", why="it is not Slack's", incident=notice.incident)
        if channel := payload.get("channel"):
            try:
                await with_plain(message, lambda variant: self._ephemeral(payload, channel, variant))
            except SlackError as error:
                if error.name not in _NOT_THERE:
                    raise
            else:
                return Sent()
        return await post_once.post(self._api, notice, await self._people.direct_channel(payload["user"]), message)

    async def _ephemeral(self, payload: dict[str, Any], channel: str, message: Message) -> None:
        await self._api.call(
            "chat.postEphemeral",
            channel=channel,
            user=payload["user"],
            thread_ts=payload.get("thread_ts"),
            text=message.text,
            blocks=message.blocks,
        )


async def by_url(session: aiohttp.ClientSession, url: URL, message: Message, *, replace: bool) -> SendResult:
    """Answer through a response URL, which Slack accepts up to five times within thirty minutes."""
    body = {"text": message.text, "blocks": message.blocks, "response_type": "ephemeral", "replace_original": replace}
    try:
        async with session.post(url, json=body, allow_redirects=False) as answer:
            if answer.status == 429:
                wait_s = retry_after_s(answer.headers)
                return Retry("response_url: rate limited", None if wait_s is None else timedelta(seconds=wait_s))
            if answer.status >= 500:
                return Retry(f"response_url: Slack answered {answer.status}", uncertain=True)
            if answer.status == 400 and message.plain_blocks is not None and "invalid_blocks" in await answer.text():
                log.info("answer.blocks_refused", hint="this workspace does not take charts or data tables yet")
                return await by_url(session, url, message.plain, replace=replace)
            if answer.status >= 300:
                return NotNeeded(f"the answer's address is used up ({answer.status})")
    except aiohttp.ClientConnectorError:
        return Retry("could not connect to Slack")
    except (TimeoutError, aiohttp.ClientError):
        return Retry("response_url: no answer", uncertain=True)
    return Sent()
