"""Record: what happens in an incident channel goes onto its timeline, once, before Slack is told that we have it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain.timeline.entry import Entry
from bot.domain.timeline.messages import (
    ChannelMessage,
    already_recorded_membership,
    entries_from_deletion,
    entries_from_edit,
    entries_from_message,
)
from bot.domain.timeline.reactions import KINDS, SlackState, already_recorded, missed_changes
from bot.usecases.context import Context
from storage import incidents, user_activity
from storage.timeline import entries as timeline

_KNOWN_LIMIT = 10_000


class Channels:
    """Which incident a channel belongs to. Only hits are remembered: a channel never changes its incident."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._known: dict[str, int] = {}

    async def incident_of(self, channel: str) -> int | None:
        if (number := self._known.get(channel)) is not None:
            return number
        async with self._context.database.reading() as conn:
            number = await incidents.number_of_channel(conn, channel)
        if number is not None:
            if len(self._known) >= _KNOWN_LIMIT:
                self._known.clear()
            self._known[channel] = number
        return number


async def move(context: Context, number: int, entry: Entry) -> int:
    """Write down a join or leave. Slack tells twice (a member event and a message): one entry for each change."""
    async with context.database.transaction() as conn:
        await incidents.lock(conn, number)  # the two tellings come at the same time
        known = await timeline.of_actor(conn, number, ("joined", "left"), entry.actor)
        if already_recorded_membership(entry, known):
            return 0
        return len(await timeline.append(conn, number, [entry]))


async def mark(context: Context, number: int, entry: Entry, before: Sequence[Entry] = ()) -> int:
    """Write down a reaction or pin of which Slack told, unless it was read from the history earlier. `before` are the
    entries it needs.
    """

    async def piece(conn: AsyncConnection) -> int:
        await incidents.lock_without_reading(conn, number)
        if already_recorded(entry, await timeline.of_kinds(conn, number, KINDS, entry.source_ts)):
            return 0
        return len(await timeline.append(conn, number, [*before, entry]))

    return await context.database.batched(piece)


async def missed_marks(
    context: Context, number: int, before: Sequence[Entry], shown: SlackState, messages: Mapping[str, Sequence[Entry]]
) -> int:
    """Write down what reactions and pins changed while nobody told of it. `messages` are the entries of those that may
    be on no timeline, by their `ts`.
    """
    at = context.clock.now()
    if not missed_changes(before, before, shown, at):
        return 0
    async with context.database.transaction() as conn:
        await incidents.lock_without_reading(conn, number)
        changes = missed_changes(before, await timeline.of_kinds(conn, number, KINDS), shown, at)
        keyed = [change.source_ts or "" for change in changes if change.kind == "keyed"]
        said = [one for ts in keyed for one in messages.get(ts, ())]
        return len(await timeline.append(conn, number, [*said, *sorted(changes, key=lambda one: one.at)]))


@dataclass(slots=True)
class Recorder:
    """Turns what was said and done in channels into entries. Each method returns how many were new."""

    context: Context
    channels: Channels

    async def message(self, said: ChannelMessage) -> int:
        if self._leaves_out_chatter():
            await self._hear(said)
            return 0
        return await self._append(said.channel, entries_from_message(said, self._at(said.ts)))

    async def edit(self, said: ChannelMessage, before: ChannelMessage | None) -> int:
        if self._leaves_out_chatter() and not await self.knows(said.channel, said.ts):
            return 0
        return await self._append(said.channel, entries_from_edit(said, before, self._at))

    async def deletion(self, channel: str, ts: str, actor: str, before: ChannelMessage | None, event_ts: str) -> int:
        if self._leaves_out_chatter() and not await self.knows(channel, ts):
            return 0
        return await self._append(channel, entries_from_deletion(channel, ts, actor, before, event_ts, self._at))

    async def happening(self, channel: str, entry: Entry) -> int:
        """Anything else: a reaction, a pin, a topic, a file. Its `dedup_key` comes from Slack's event ID or `ts`."""
        if self._leaves_out_chatter() and not entry.key:
            return 0
        return await self._append(channel, [entry])

    async def pin(self, channel: str, entry: Entry) -> int:
        number = None if self._leaves_out_chatter() else await self.channels.incident_of(channel)
        return 0 if number is None else await mark(self.context, number, entry)

    async def coming_or_going(self, channel: str, entry: Entry) -> int:
        """A join or leave, as a member event or as a message."""
        number = await self.channels.incident_of(channel)
        return 0 if number is None else await move(self.context, number, entry)

    async def key(self, channel: str, said: ChannelMessage | None, entry: Entry) -> int:
        """📌: the message becomes a key entry; it is written down first if it never was."""
        if self._leaves_out_chatter() and entry.kind not in ("keyed", "unkeyed"):
            return 0
        number = await self.channels.incident_of(channel)
        earlier = entries_from_message(said, self._at(said.ts), fetched=True) if said else []
        return 0 if number is None else await mark(self.context, number, entry, earlier)

    async def knows(self, channel: str, ts: str) -> bool:
        """Whether the message is on the timeline, or belongs to none."""
        number = await self.channels.incident_of(channel)
        if number is None:
            return True
        async with self.context.database.reading() as conn:
            return await timeline.message(conn, number, ts) is not None

    def at(self, ts: str) -> datetime:
        return self._at(ts)

    async def _append(self, channel: str, entries: Sequence[Entry]) -> int:
        number = await self.channels.incident_of(channel)
        if number is None:
            return 0
        return await self.context.database.appender.append(number, entries)

    async def _hear(self, said: ChannelMessage) -> None:
        """Whether people are writing softens reminders, and their silence pages: that is known without their words."""
        number = await self.channels.incident_of(said.channel)
        if number is not None and not said.bot:
            at = self._at(said.ts)
            await self.context.database.batched(lambda conn: user_activity.note_message(conn, number, at))

    def _leaves_out_chatter(self) -> bool:
        return self.context.policy.record == "key"

    def _at(self, ts: str) -> datetime:
        return self.context.clock.at(float(ts))
