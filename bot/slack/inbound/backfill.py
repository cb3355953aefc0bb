"""Backfill: what was said while nobody listened is read from the channel's history and written down in order.

The history of an open incident's channel is read whole, since a thread under an old message shows only there. Then
threads in which nothing new was said are read again, the latest first, for what was changed in them. Entries have the
same names as those from events, so what is known already changes nothing.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from bot.domain.errors import DeliveryError
from bot.domain.timeline.entry import Entry
from bot.domain.timeline.messages import ChannelMessage, entries_from_edit, entries_from_message
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.inbound import event_parser, history_diff
from bot.slack.inbound.event_parser import BotIdentity
from bot.slack.inbound.history_diff import Before
from bot.usecases.context import Context
from bot.usecases.incidents.record import move
from storage import ingest

_PAGE = 200
_PAGES = 50
QUIET = 50  # threads without anything new: Slack allows as many pages a minute
AT_ONCE, AGAIN_S = 4, 3.0  # channels; then the others wait so long before they ask again
FORGOTTEN_S = 180.0  # nobody went on with it: another replica does, or nobody needs it


@dataclass(slots=True)
class Reading:
    """How far a channel's history has been read, newest page first, and how much of it was dealt with, oldest first."""

    touched_at: float
    messages: list[dict[str, Any]] = field(default_factory=list)
    cursor: str | None = None
    pages: int = 0
    whole: bool = False
    dealt_with: int = 0
    fetched: int = 0
    before: Before | None = None
    moved: set[str] = field(default_factory=set)  # threads in which there was something new
    quiet: list[dict[str, Any]] | None = (
        None  # threads to look at again, the next one last; no history is held any more
    )


class Readings:
    """Histories that are being read. Slack allows so many pages a minute: what was read is kept until there is more."""

    def __init__(self) -> None:
        self._by_channel: dict[str, Reading] = {}

    def of(self, channel: str) -> Reading:
        """The one under way, or a new one. Raises `SlackError` while enough others are being read."""
        now = time.monotonic()
        self._by_channel = {c: one for c, one in self._by_channel.items() if now - one.touched_at < FORGOTTEN_S}
        if channel not in self._by_channel:
            if sum(one.quiet is None for one in self._by_channel.values()) >= AT_ONCE:
                raise SlackError("other channels are read first", "conversations.history", wait_s=AGAIN_S, tried=False)
            self._by_channel[channel] = Reading(now)
        self._by_channel[channel].touched_at = now
        return self._by_channel[channel]

    def over(self, channel: str) -> None:
        self._by_channel.pop(channel, None)


async def backfill(
    context: Context, api: SlackApi, me: BotIdentity, number: int, channel: str, readings: Readings
) -> dict[str, Any]:
    """Read history and threads, append what is missing, move the cursor. Safe to repeat; returns counts."""
    reading = readings.of(channel)
    try:
        await _read(context, api, me, number, channel, reading)
    except DeliveryError as error:
        if error.permanent:  # else it goes on from here
            readings.over(channel)
        raise
    readings.over(channel)
    return {"fetched": reading.fetched}


async def _read(context: Context, api: SlackApi, me: BotIdentity, number: int, channel: str, reading: Reading) -> None:
    """1. What was said; 2. what is gone or marked; 3. the threads in which nobody said anything new; 4. pins."""
    known = reading.before = reading.before or await history_diff.before(context, number, channel)
    if reading.quiet is None:
        reading.quiet = await _history(context, api, me, number, channel, reading, known)
    while reading.quiet:
        reading.fetched += await _thread(context, api, me, number, channel, reading.quiet[-1], known)
        reading.quiet.pop()
    reading.fetched += await history_diff.pins(context, api, me, number, channel, known)


async def _history(
    context: Context, api: SlackApi, me: BotIdentity, number: int, channel: str, reading: Reading, known: Before
) -> list[dict[str, Any]]:
    """Returns the threads that have not been read again."""
    while not reading.whole:
        await _next_page(api, "conversations.history", channel, reading)
    messages = sorted(reading.messages, key=lambda m: float(m["ts"]))
    for message in messages[reading.dealt_with :]:
        reading.fetched += await _append(context, me, number, channel, message)
        if message.get("reply_count") and await _thread_moved(context, channel, message):
            reading.fetched += await _thread(context, api, me, number, channel, message, known)
            reading.moved.add(message["ts"])
        reading.dealt_with += 1
    if messages:
        async with context.database.transaction() as conn:
            await ingest.set_channel_cursor(conn, channel, number, str(messages[-1]["ts"]))
    reading.fetched += await history_diff.from_history(context, me, number, channel, known, messages)
    quiet = [m for m in messages if m.get("reply_count") and m["ts"] not in reading.moved]
    reading.messages = []
    return sorted(quiet, key=lambda m: float(m.get("latest_reply") or m["ts"]))[-QUIET:]


async def _thread(
    context: Context, api: SlackApi, me: BotIdentity, number: int, channel: str, parent: dict[str, Any], known: Before
) -> int:
    thread, fetched = Reading(time.monotonic()), 0
    try:
        while not thread.whole:
            await _next_page(api, "conversations.replies", channel, thread, ts=parent["ts"])
    except SlackError as error:
        if error.name != "thread_not_found":  # deleted a moment ago: then its event says so
            raise
        return 0
    for reply in sorted(thread.messages, key=lambda m: float(m["ts"])):
        if reply["ts"] != parent["ts"]:
            fetched += await _append(context, me, number, channel, reply)
    async with context.database.transaction() as conn:
        await ingest.set_thread_cursor(conn, channel, parent["ts"], str(parent.get("latest_reply", "")))
    if thread.cursor is None:
        fetched += await history_diff.from_thread(context, me, number, channel, known, parent["ts"], thread.messages)
    return fetched


async def _append(context: Context, me: BotIdentity, number: int, channel: str, message: dict[str, Any]) -> int:
    if message.get("subtype") in event_parser.COMING_AND_GOING:
        return await _membership(context, me, number, channel, message)
    entries = _entries(context, me, channel, message)
    return await context.database.appender.append(number, entries) if entries else 0


async def _membership(context: Context, me: BotIdentity, number: int, channel: str, message: dict[str, Any]) -> int:
    user = str(message.get("user") or "unknown")
    if user == me.user_id:
        return 0
    at = context.clock.at(float(message["ts"]))
    kind = event_parser.COMING_AND_GOING[message["subtype"]]
    entry = event_parser.membership(kind, channel, user, message["ts"], at, message.get("inviter"))
    return await move(context, number, entry)


def _entries(context: Context, me: BotIdentity, channel: str, message: dict[str, Any]) -> list[Entry]:
    at = context.clock.at(float(message["ts"]))
    subtype = message.get("subtype")
    if me.wrote(message):
        return []
    if subtype in event_parser.SPOKEN:
        return _spoken(context, event_parser.said(message, channel, me))
    happened = event_parser.channel_said(message, channel, at)
    return [happened] if happened else []


def _spoken(context: Context, said: ChannelMessage) -> list[Entry]:
    if context.policy.record == "key":
        return []
    at = context.clock.at(float(said.ts))
    entries = entries_from_message(said, at, fetched=True)
    if said.edited_ts:
        entries += entries_from_edit(said, None, lambda ts: context.clock.at(float(ts)))
    return entries


async def _thread_moved(context: Context, channel: str, parent: dict[str, Any]) -> bool:
    async with context.database.reading() as conn:
        seen = await ingest.thread_cursor(conn, channel, parent["ts"])
    return seen is None or seen != str(parent.get("latest_reply", ""))


async def _next_page(api: SlackApi, method: str, channel: str, reading: Reading, **args: Any) -> None:
    answer = await api.call(method, channel=channel, limit=_PAGE, cursor=reading.cursor, **args)
    reading.messages += answer.get("messages", [])
    reading.cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
    reading.pages += 1
    reading.whole = reading.cursor is None or reading.pages >= _PAGES
