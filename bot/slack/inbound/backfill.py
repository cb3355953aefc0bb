"""Reads from Slack's history what happened in an incident channel while the bot was not connected, and records it.

The history of an open incident's channel is read completely, because a reply to an old message shows only there. Then
threads without new replies are read again, latest first, for edits. Entries have the same dedup keys as those made from
events, so a recorded entry is never doubled. A history or thread too long to be held in memory is read as far as
possible, and the timeline and the log say what is missing.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from bot.domain.errors import DeliveryError
from bot.domain.timeline.entry import BOT, Entry, rfc3339
from bot.domain.timeline.messages import ChannelMessage, entries_from_edit, entries_from_message
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.inbound import event_parser
from bot.slack.inbound.event_parser import BotIdentity
from bot.slack.inbound.history_diff import HistoryDiff, Snapshot, take_snapshot
from bot.usecases.context import Context
from bot.usecases.incidents import history
from bot.usecases.incidents.record import move, without_redacted_text

log = structlog.get_logger()

PAGE = 200  # messages
PAGES = 250  # of one history or thread
UNCHANGED_THREADS = 50  # threads read again though they have no new reply: Slack allows as many pages a minute
CONCURRENT_CHANNELS, CHANNEL_WAIT_S = 4, 3.0  # beyond the first, other channels ask again after the second
ABANDONED_S = 180.0  # a read that is not continued: another replica does it, or it is no longer needed


@dataclass(slots=True)
class HistoryRead:
    """The state of reading one channel's history, kept between attempts.

    Pages come newest first; messages are recorded oldest first once all pages are there.
    """

    touched_at: float  # monotonic
    request: int = 0  # of the requests to read the channel, the newest when this read began
    messages: list[dict[str, Any]] = field(default_factory=list)
    cursor: str | None = None
    pages: int = 0
    complete: bool = False
    recorded: int = 0  # how many of `messages`, oldest first
    fetched: int = 0  # new entries so far
    snapshot: Snapshot | None = None
    changed_threads: set[str] = field(default_factory=set)
    threads: dict[str, HistoryRead] = field(default_factory=dict)  # whose replies are being read, by `ts`
    # Threads to read again, the next one last. None while the history itself is being read and held in memory.
    unchanged_threads: list[dict[str, Any]] | None = None


class HistoryReads:
    """The unfinished reads, by channel. They are kept between attempts because Slack limits pages a minute."""

    def __init__(self) -> None:
        self._by_channel: dict[str, HistoryRead] = {}

    def get(self, channel: str, request: int) -> HistoryRead:
        """The channel's read, continued or new. Raises `SlackError` while too many other channels are being read."""
        now = time.monotonic()
        self._by_channel = {c: read for c, read in self._by_channel.items() if now - read.touched_at < ABANDONED_S}
        if channel not in self._by_channel:
            if sum(read.unchanged_threads is None for read in self._by_channel.values()) >= CONCURRENT_CHANNELS:
                raise SlackError(
                    "other channels are read first", "conversations.history", wait_s=CHANNEL_WAIT_S, attempted=False
                )
            self._by_channel[channel] = HistoryRead(now, request)
        self._by_channel[channel].touched_at = now
        return self._by_channel[channel]

    def under_way(self, channel: str) -> bool:
        """Whether an earlier attempt has begun to read the channel."""
        return channel in self._by_channel

    def discard(self, channel: str) -> None:
        """Forget the channel's read, because it is finished or given up."""
        self._by_channel.pop(channel, None)


class Backfill:
    """One attempt to bring an incident's timeline up to date with its channel.

    `request` counts the requests to read the channel's history.
    """

    def __init__(
        self, context: Context, api: SlackApi, bot: BotIdentity, incident: int, channel: str, request: int
    ) -> None:
        self._context = context
        self._api = api
        self._bot = bot
        self._incident = incident
        self._channel = channel
        self._request = request

    async def run(self, reads: HistoryReads) -> dict[str, Any]:
        """Read history and threads, append what is missing, move the cursor. Safe to repeat; returns counts.

        A read that an earlier attempt began for an older request may have passed what the newer one is about: the
        history is then read once more. Raises `DeliveryError`. After one that is not permanent, the next attempt
        continues from here.
        """
        read = await self._read(reads)
        fetched = read.fetched
        if read.request != self._request:
            fetched += (await self._read(reads)).fetched
        return {"fetched": fetched}

    async def _read(self, reads: HistoryReads) -> HistoryRead:
        read = reads.get(self._channel, self._request)
        try:
            await self._continue(read)
        except DeliveryError as error:
            if error.permanent:
                reads.discard(self._channel)
            raise
        reads.discard(self._channel)
        return read

    async def _continue(self, read: HistoryRead) -> None:
        """1. New messages. 2. Deletions and reactions. 3. Threads without new replies. 4. Pins."""
        if read.snapshot is None:
            read.snapshot = await take_snapshot(self._context, self._incident, self._channel)
        diff = HistoryDiff(self._context, self._bot, self._incident, self._channel, read.snapshot)
        if read.unchanged_threads is None:
            read.unchanged_threads = await self._record_history(read, diff)
        while read.unchanged_threads:
            read.fetched += await self._record_thread(read, read.unchanged_threads[-1], diff)
            read.unchanged_threads.pop()
        read.fetched += await diff.pins(self._api)

    async def _record_history(self, read: HistoryRead, diff: HistoryDiff) -> list[dict[str, Any]]:
        """Record the channel's messages and the threads with new replies. Returns the threads to read again."""
        while not read.complete:
            await self._next_page("conversations.history", read)
        messages = sorted(read.messages, key=_posted_at)
        for message in messages[read.recorded :]:
            read.fetched += await self._append(message)
            if message.get("reply_count") and await self._has_new_replies(message):
                read.fetched += await self._record_thread(read, message, diff)
                read.changed_threads.add(message["ts"])
            read.recorded += 1
        if messages:
            await history.remember_history(self._context, self._incident, self._channel, str(messages[-1]["ts"]))
        if messages and read.cursor is not None:
            before = self._context.clock.at(_posted_at(messages[0]))
            read.fetched += await self._record_gap("Messages written before {before} were not read", before)
        read.fetched += await diff.history(messages)
        unchanged = [m for m in messages if m.get("reply_count") and m["ts"] not in read.changed_threads]
        read.messages = []
        return sorted(unchanged, key=lambda m: float(m.get("latest_reply") or m["ts"]))[-UNCHANGED_THREADS:]

    async def _record_thread(self, read: HistoryRead, parent: dict[str, Any], diff: HistoryDiff) -> int:
        """Record a thread's replies. Returns how many entries are new."""
        ts = str(parent["ts"])
        thread, fetched = read.threads.setdefault(ts, HistoryRead(time.monotonic())), 0
        try:
            while not thread.complete:
                await self._next_page("conversations.replies", thread, ts=ts)
        except SlackError as error:
            if error.name != "thread_not_found":  # just deleted: its event will say so
                raise
            del read.threads[ts]
            return 0
        replies = sorted((reply for reply in thread.messages if reply["ts"] != ts), key=_posted_at)
        for reply in replies:
            fetched += await self._append(reply)
        if thread.cursor is None:
            await history.remember_thread(self._context, self._channel, ts, str(parent.get("latest_reply", "")))
            fetched += await diff.thread(ts, thread.messages)
        else:
            last = self._context.clock.at(_posted_at(replies[-1])) if replies else self._context.clock.now()
            fetched += await self._record_gap("Replies written after {after} in a thread were not read", last, ts)
        del read.threads[ts]
        return fetched

    async def _record_gap(self, reason: str, instant: datetime, thread_ts: str | None = None) -> int:
        """Say on the timeline, once, and in the log what is missing. Returns how many entries are new."""
        instant_text = rfc3339(instant)
        text = (
            reason.format(before=instant_text, after=instant_text)
            + f": more than {PAGE * PAGES:,} messages are not held in memory."
        )
        log.warning(
            "backfill.incomplete", incident=f"INC-{self._incident}", channel=self._channel, thread=thread_ts,
            detail=text, hint="export what is missing from Slack; everything from now on is recorded",
        )  # fmt: skip
        gap = Entry(
            self._context.clock.now(), "history_gap", BOT, text, thread_ts, {},
            f"gap:{self._channel}:{thread_ts or ''}", key=True,
        )  # fmt: skip
        return await self._context.database.appender.append(self._incident, [gap])

    async def _has_new_replies(self, parent: dict[str, Any]) -> bool:
        latest_reply = str(parent.get("latest_reply", ""))
        return await history.has_new_replies(self._context, self._channel, parent["ts"], latest_reply)

    async def _next_page(self, method: str, read: HistoryRead, **args: Any) -> None:
        answer = await self._api.call(method, channel=self._channel, limit=PAGE, cursor=read.cursor, **args)
        read.messages += [message for message in answer.get("messages") or () if event_parser.has_ts(message)]
        read.cursor = (answer.get("response_metadata") or {}).get("next_cursor") or None
        read.pages += 1
        read.complete = read.cursor is None or read.pages >= PAGES

    async def _append(self, message: dict[str, Any]) -> int:
        """Record one message of the history. Returns how many entries are new.

        A message that cannot be parsed is left out and logged, so that it does not hold back the others.
        """
        try:
            return await self._append_parsed(message)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            log.warning(
                "backfill.odd_message", incident=f"INC-{self._incident}", channel=self._channel, ts=message["ts"],
                error=repr(error), hint="this message is not on the timeline; the others are",
            )  # fmt: skip
            return 0

    async def _append_parsed(self, message: dict[str, Any]) -> int:
        if message.get("subtype") in event_parser.MEMBERSHIP_SUBTYPES:
            return await self._append_membership(message)
        entries: Sequence[Entry] = self._entries(message)
        if message.get("edited"):
            entries = await without_redacted_text(self._context, self._incident, str(message["ts"]), entries)
        return await self._context.database.appender.append(self._incident, entries) if entries else 0

    async def _append_membership(self, message: dict[str, Any]) -> int:
        if message.get("user") == self._bot.user_id:
            return 0
        at = self._context.clock.at(_posted_at(message))
        kind = event_parser.MEMBERSHIP_SUBTYPES[message["subtype"]]
        report = event_parser.membership_report(message, kind, self._channel, message["ts"], at)
        return await move(self._context, self._incident, report)

    def _entries(self, message: dict[str, Any]) -> list[Entry]:
        if self._bot.wrote(message):
            return []
        if message.get("subtype") in event_parser.MESSAGE_SUBTYPES:
            return self._message_entries(event_parser.channel_message(message, self._channel, self._bot))
        change = event_parser.channel_change(message, self._channel, self._context.clock.at(_posted_at(message)))
        return [change] if change else []

    def _message_entries(self, message: ChannelMessage) -> list[Entry]:
        if self._context.policy.record == "key":
            return []
        at = self._context.clock.at(float(message.ts))
        entries = entries_from_message(message, at, fetched=True)
        if message.edited_ts:
            entries += entries_from_edit(message, None, lambda ts: self._context.clock.at(float(ts)))
        return entries


def _posted_at(message: dict[str, Any]) -> float:
    return float(message["ts"])
