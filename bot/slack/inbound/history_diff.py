"""Finds and records what changed in a channel while the bot was not connected: deletions, reactions and pins.

Slack's history is compared with a snapshot of the timeline taken before the history was requested, so that nothing is
concluded from a message or a reaction that arrived in between.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from bot.domain.timeline.entry import Entry
from bot.domain.timeline.messages import entries_from_message, entry_from_absence
from bot.domain.timeline.reactions import KINDS, Reaction, SlackState, reaction_of
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.inbound import event_parser
from bot.slack.inbound.event_parser import BotIdentity
from bot.usecases.context import Context
from bot.usecases.incidents.record import missed_marks
from bot.usecases.incidents.refresh_messages import needed_messages, refresh_messages
from storage.outbox import receipts
from storage.timeline import entries as timeline
from storage.timeline.entries import MessageAuthor

log = structlog.get_logger()

REACTIONS, PINS = frozenset(KINDS) - {"pin"}, frozenset({"pin"})

Message = dict[str, Any]


@dataclass(slots=True)
class Snapshot:
    """The timeline as it was before Slack's history was requested."""

    at: datetime
    messages: dict[str, MessageAuthor]  # recorded and not deleted, by `ts`
    marks: list[Entry]  # reactions and pins
    needed: frozenset[str]  # `ts` of the bot's messages that must not be missing from the channel
    compared: set[str] = field(default_factory=set)  # `ts` of messages whose reactions Slack has shown since


async def take_snapshot(context: Context, incident: int, channel: str) -> Snapshot:
    """Read what the timeline has now, to compare Slack's history with it."""
    at = context.clock.now()
    async with context.database.reading() as conn:
        own = await receipts.get_many(conn, await needed_messages(conn, incident))
        messages = await timeline.undeleted_messages(conn, incident, f"m:{channel}:")
        marks = await timeline.of_kinds(conn, incident, KINDS)
    needed = frozenset(receipt["ts"] for receipt in own.values() if receipt.get("channel") == channel)
    return Snapshot(at, messages, marks, needed)


class HistoryDiff:
    """Compares one channel's history with a snapshot. Each method returns how many entries are new."""

    def __init__(self, context: Context, bot: BotIdentity, incident: int, channel: str, snapshot: Snapshot) -> None:
        self._context = context
        self._bot = bot
        self._incident = incident
        self._channel = channel
        self._snapshot = snapshot

    async def history(self, messages: Collection[Message]) -> int:
        """Record the differences to the channel's history, once it is read completely.

        Messages older than the first one in it do not count: the workspace may purge them, or its plan hide them.
        """
        present = {str(m["ts"]): m for m in messages if m.get("subtype") != "tombstone"}
        threads = {str(m["ts"]) for m in messages if m.get("reply_count")}
        first = min((float(m["ts"]) for m in messages), default=None)
        if first is None:
            return 0
        deleted = [
            ts
            for ts, message in self._snapshot.messages.items()
            if (float(message.thread_ts or ts) > first)
            and (message.thread_ts not in threads if _is_reply(ts, message) else ts not in present)
        ]
        if any(ts not in present and float(ts) > first for ts in self._snapshot.needed):
            await refresh_messages(self._context, self._incident)
        return await self._record_deletions(deleted) + await self._record_reactions(present.values())

    async def thread(self, parent_ts: str, replies: Collection[Message]) -> int:
        """Record the differences to a thread, once it is read completely."""
        present = {str(m["ts"]) for m in replies if m.get("subtype") != "tombstone"} | {parent_ts}
        deleted = [
            ts
            for ts, message in self._snapshot.messages.items()
            if message.thread_ts == parent_ts and ts not in present
        ]
        return await self._record_deletions(deleted) + await self._record_reactions(replies)

    async def pins(self, api: SlackApi) -> int:
        """Record pins that were added or removed, after everything else was read. Without access to pins, do nothing.

        Raises `SlackError` if Slack cannot answer now.
        """
        if self._context.policy.record == "key":
            return 0
        try:
            answer = await api.call("pins.list", channel=self._channel)
        except SlackError as error:
            if not error.permanent:
                raise
            log.info("backfill.no_pins", incident=self._incident, error=error.name)
            return 0
        items = [item for item in answer.get("items", []) if item.get("message")]
        pins = [event_parser.pinned_item_entry(item, self._context.clock.at(float(item["created"]))) for item in items]
        by_people = [pin for pin in pins if pin.actor != self._bot.user_id]
        by_bot = {pin.source_ts for pin in pins if pin.actor == self._bot.user_id}
        state = SlackState(_by_mark(by_people), self._snapshot.compared - by_bot, kinds=PINS)
        return await missed_marks(self._context, self._incident, self._snapshot.marks, state, {})

    async def _record_deletions(self, deleted: Iterable[str]) -> int:
        entries = [
            entry_from_absence(self._channel, ts, self._snapshot.messages[ts].actor, self._snapshot.at)
            for ts in deleted
        ]
        return await self._context.database.appender.append(self._incident, entries) if entries else 0

    async def _record_reactions(self, messages: Collection[Message]) -> int:
        marks: list[Entry] = []
        incomplete: set[tuple[str, str]] = set()
        keyed: dict[str, list[Entry]] = {}
        for message in messages:
            entries, incomplete_here = event_parser.reactions_on(message, self._snapshot.at)
            incomplete |= incomplete_here
            marks += [entry for entry in entries if entry.actor != self._bot.user_id and self._is_recorded(entry)]
            if any(entry.kind == "keyed" for entry in entries):
                parsed = event_parser.channel_message(message, self._channel, self._bot)
                at = self._context.clock.at(float(parsed.ts))
                keyed[parsed.ts] = entries_from_message(parsed, at, fetched=True)
        compared = {str(message["ts"]) for message in messages}
        self._snapshot.compared |= compared
        state = SlackState(_by_mark(marks), compared, incomplete, REACTIONS)
        return await missed_marks(self._context, self._incident, self._snapshot.marks, state, keyed)

    def _is_recorded(self, entry: Entry) -> bool:
        return entry.kind == "keyed" or self._context.policy.record != "key"


def _is_reply(ts: str, message: MessageAuthor) -> bool:
    return message.thread_ts is not None and message.thread_ts != ts


def _by_mark(entries: Iterable[Entry]) -> dict[Reaction, Entry]:
    return {mark: entry for entry in entries if (mark := reaction_of(entry)) is not None}
