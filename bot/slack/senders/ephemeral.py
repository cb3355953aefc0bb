"""Private answers: by the `response_url` of what was asked, else ephemerally, else directly. At most once."""

from __future__ import annotations

from typing import Any

import aiohttp
import structlog
from yarl import URL

from bot.domain.errors import DeliveryError, NotNeeded
from bot.slack.blocks.elements import Message
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.client.response_urls import trusted_response_url
from bot.slack.directory.people import People
from bot.slack.senders.post_once import post
from storage.outbox.queue import ClaimedNotice

log = structlog.get_logger()

_NOT_THERE = frozenset({"channel_not_found", "not_in_channel", "user_not_in_channel", "is_archived"})


async def respond(
    api: SlackApi,
    session: aiohttp.ClientSession,
    row: ClaimedNotice,
    message: Message | None = None,
    *,
    people: People | None = None,
) -> dict[str, Any]:
    """`payload`: `user`, and `response_url` or `channel`; `message` and `replace` where it was rendered before."""
    if row.uncertain:
        raise NotNeeded("it may have arrived; an answer is not repeated")
    payload = row.payload
    if message is None:
        message = Message(payload["message"]["text"], payload["message"]["blocks"])
    if url := payload.get("response_url"):
        if address := trusted_response_url(url, api.client.base_url):
            return await _by_url(session, address, message, replace=bool(payload.get("replace")))
        log.warning("answer.address_refused", why="it is not Slack's", incident=row.incident)
    if channel := payload.get("channel"):
        try:
            await api.call(
                "chat.postEphemeral", channel=channel, user=payload["user"], text=message.text, blocks=message.blocks
            )
        except SlackError as error:
            if error.name not in _NOT_THERE:
                raise
        else:
            return {}
    opened = await (people or People(api)).direct_channel(payload["user"])
    return await post(api, row, opened, message)


async def _by_url(session: aiohttp.ClientSession, url: URL, message: Message, *, replace: bool) -> dict[str, Any]:
    """Slack made the address and signed the request that carried it; it is good for five uses in thirty minutes."""
    body = {"text": message.text, "blocks": message.blocks, "response_type": "ephemeral", "replace_original": replace}
    try:
        async with session.post(url, json=body, allow_redirects=False) as answer:
            if answer.status == 429:
                raise DeliveryError("response_url: rate limited", wait_s=float(answer.headers.get("Retry-After", "1")))
            if answer.status >= 500:
                raise DeliveryError(f"response_url: Slack answered {answer.status}", uncertain=True)
            if answer.status >= 300:
                raise NotNeeded(f"the answer's address is used up ({answer.status})")
    except aiohttp.ClientConnectorError as error:
        raise DeliveryError("could not connect to Slack") from error
    except (TimeoutError, aiohttp.ClientError) as error:
        raise DeliveryError("response_url: no answer", uncertain=True) from error
    return {}
