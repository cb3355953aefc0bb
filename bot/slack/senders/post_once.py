"""Posts a message exactly once, as far as Slack allows.

Each message carries a key in its metadata. When an earlier attempt may have arrived, the bot looks for that key in the
channel's history before it posts again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

import structlog

from bot.domain.routing.notice import NoticeKind
from bot.domain.routing.send_result import NotNeeded, Retry, SendResult, Sent
from bot.slack.blocks.elements import Message
from bot.slack.client.api import SlackApi, SlackError, ends_before
from storage.outbox.queue import ClaimedNotice

log = structlog.get_logger()

_T = TypeVar("_T")
EVENT_TYPE = "tocsin"
_SKEW_S = 120.0  # Slack's clock against ours
_PAGE = 200
_PAGES = 10
_PAGES_SINCE_BACKUP = 50  # after a restore, the message may be much older


def metadata(key: str) -> dict[str, Any]:
    """The metadata of a message. Anyone in the workspace can read it, so the key reveals nothing."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


async def post(
    api: SlackApi,
    row: ClaimedNotice,
    channel: str,
    message: Message,
    thread_ts: str | None = None,
    *,
    unless: str | None = None,
    needless: Callable[[], Awaitable[str | None]] | None = None,
) -> SendResult:
    """Post, unless an earlier attempt has arrived. The receipt is channel, `ts` and key. Raises `SlackError`.

    `unless` is the reason why the message is no longer needed: then an earlier attempt is looked for, and nothing is
    posted. `needless` is asked for such a reason once nothing but the post itself is left to do.
    """
    if row.uncertain and (earlier := await find(api, row, channel, thread_ts)):
        return earlier
    if unless is None and needless is not None:
        unless = await needless()
    if unless is not None:
        return NotNeeded(unless)
    if not ends_before(row.lease_ends_monotonic):  # this process was slow: another one may be posting it
        return Retry("its lease would have ended before Slack had answered", timedelta(0))
    answer = await with_plain(
        message,
        lambda variant: api.call(
            "chat.postMessage",
            channel=channel,
            text=variant.text,
            blocks=variant.blocks or None,
            thread_ts=thread_ts,
            metadata=metadata(row.key),
            unfurl_links=False,
            unfurl_media=False,
        ),
    )
    return Sent({"channel": answer["channel"], "ts": answer["ts"], "key": row.key})


async def edit(api: SlackApi, receipt: dict[str, Any], message: Message) -> Sent:
    """Edit a message in place. Idempotent. Raises `SlackError`."""
    await with_plain(
        message,
        lambda variant: api.call(
            "chat.update",
            channel=receipt["channel"],
            ts=receipt["ts"],
            text=variant.text,
            blocks=variant.blocks,
            metadata=metadata(receipt["key"]),
        ),
    )
    return Sent({name: receipt[name] for name in ("channel", "ts", "key")})


async def with_plain(message: Message, send: Callable[[Message], Awaitable[_T]]) -> _T:
    """Send the message; without its charts and data tables if the workspace refuses those. Raises `SlackError`."""
    try:
        return await send(message)
    except SlackError as error:
        if not error.name.startswith("invalid_blocks") or message.plain_blocks is None:
            raise
    log.info("message.blocks_refused", hint="this workspace does not take charts or data tables yet")
    return await send(message.plain)


async def find(
    api: SlackApi, row: ClaimedNotice, channel: str, thread_ts: str | None = None
) -> Sent | NotNeeded | None:
    """The message that an earlier attempt posted. None if there is none.

    If the history can never be read, pages are repeated and reminders are not: a person called twice is better than
    nobody called; a reminder said twice is worse than one missed.
    """
    method = "conversations.replies" if thread_ts else "conversations.history"
    since = row.look_since or row.first_try_at or row.created_at
    oldest = f"{max(0.0, since.timestamp() - _SKEW_S):.6f}"
    args: dict[str, Any] = {"channel": channel, "oldest": oldest, "limit": _PAGE, "include_all_metadata": True}
    if thread_ts:
        args["ts"] = thread_ts
    cursor: str | None = None
    for _ in range(_PAGES if row.look_since is None else _PAGES_SINCE_BACKUP):
        try:
            answer = await _read(api, method, {**args, "cursor": cursor})
        except SlackError as error:
            if error.permanent and row.kind == NoticeKind.NUDGE:
                return NotNeeded(f"it may have arrived, and the history cannot be read ({error.name})")
            if error.permanent:
                return None
            raise
        for message in answer.get("messages", []):
            payload = (message.get("metadata") or {}).get("event_payload") or {}
            if payload.get("key") == row.key:
                return Sent({"channel": channel, "ts": message["ts"], "key": row.key})
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            return None
    return None


async def _read(api: SlackApi, method: str, args: dict[str, Any]) -> dict[str, Any]:
    """Read a channel, joining it if needed: without joining, the bot can post to a public channel but not read it."""
    try:
        return await api.call(method, **args)
    except SlackError as error:
        if error.name != "not_in_channel":
            raise
    await api.call("conversations.join", channel=args["channel"])
    return await api.call(method, **args)
