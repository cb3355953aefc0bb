"""Records messages and events of an incident channel on its timeline, each once.

The listener acknowledges an event to Slack only after it is recorded.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from bot.domain import routing
from bot.domain.incident import Change, members
from bot.domain.timeline.entry import Entry, ids_named_in
from bot.domain.timeline.memberships import MembershipReport, recorded_without_report, unrecorded_moves
from bot.domain.timeline.messages import (
    ChannelMessage,
    entries_from_deletion,
    entries_from_edit,
    entries_from_message,
)
from bot.domain.timeline.reactions import KINDS, SlackState, already_recorded, missed_changes
from bot.usecases.context import Context
from bot.usecases.unit_of_work import begin, locked_incident
from storage import incidents, user_activity
from storage.timeline import entries as timeline
from storage.timeline import memberships

_CACHE_SIZE = 10_000


class Channels:
    """Finds the incident of a channel. Hits are cached, as a channel never changes its incident; misses are not."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._cache: dict[str, int] = {}

    async def incident_of(self, channel: str) -> int | None:
        """The number of the channel's incident; None for any other channel."""
        if (number := self._cache.get(channel)) is not None:
            return number
        async with self._context.database.reading() as conn:
            number = await incidents.number_of_channel(conn, channel)
        if number is not None:
            if len(self._cache) >= _CACHE_SIZE:
                self._cache.clear()
            self._cache[channel] = number
        return number


async def move(context: Context, number: int, report: MembershipReport) -> int:
    """Record a join or leave, once. Slack delivers each twice: as a member event and as a message.

    In a private incident it also updates the members at once, by the person's latest move, and then asks Slack, since
    events may be late or out of order.
    """
    async with context.database.transaction() as conn:
        incident = await incidents.lock(conn, number)  # both deliveries come at the same time
        if not await memberships.add(conn, number, report):
            return 0
        recorded = await timeline.of_actor(conn, number, ("joined", "left"), report.entry.actor)
        new = len(await timeline.append(conn, number, await _missing_moves(conn, number, report, recorded)))
        if incident is not None and incident.private and await _is_latest(conn, number, report.entry, recorded):
            change_members = members.readmit if report.entry.kind == "joined" else members.remove
            changed = change_members(incident, [report.entry.actor])
            if new or changed != incident:
                work = await begin(context, conn, incident)
                await work.commit(Change(changed), [routing.channel_look(number)])
    context.wakeups.notify()
    return new


async def _missing_moves(
    conn: AsyncConnection, number: int, report: MembershipReport, recorded: Sequence[Entry]
) -> list[Entry]:
    reported = await memberships.keys(conn, number, report.entry.actor)
    if recorded_without_report(report.entry, recorded, reported):
        return []
    other_reports = await memberships.around(conn, number, report)
    return unrecorded_moves(report, other_reports, {entry.dedup_key or "" for entry in recorded})


async def _is_latest(conn: AsyncConnection, number: int, entry: Entry, recorded: Sequence[Entry]) -> bool:
    """Whether no later move of the person is known, of those recorded and those reported."""
    reported_at = await memberships.latest_at(conn, number, entry.actor)
    return max([move.at for move in recorded] + [reported_at or entry.at]) <= entry.at


async def compare_members(context: Context, number: int, in_channel: Collection[str]) -> None:
    """Update the members of a private incident after an outage, by who is in its channel now."""
    async with locked_incident(context, number) as work:
        incident, latest = work.incident, await _latest_moves(work.conn, number)
        left_users = [user for user in latest if user not in in_channel]
        returned_users = [user for user, last_move in latest.items() if last_move.kind == "left" and user in in_channel]
        compared = members.remove(members.readmit(incident, in_channel), left_users)
        joined = tuple(
            Entry(work.now, "joined", user, "joined", None, {}, f"joined:{incident.channel_id}:{user}:{work.now}")
            for user in returned_users
        )
        if joined or compared != incident:
            await work.commit(Change(compared, joined))


async def _latest_moves(conn: AsyncConnection, number: int) -> dict[str, Entry]:
    """The last join or leave of each person, by the time of the event."""
    latest: dict[str, Entry] = {}
    for membership in await timeline.of_kinds(conn, number, ("joined", "left")):
        if membership.actor not in latest or latest[membership.actor].at <= membership.at:
            latest[membership.actor] = membership
    return latest


async def mark(context: Context, number: int, entry: Entry, before: Sequence[Entry] = ()) -> int:
    """Record a reaction or pin, unless it was read from the channel's history earlier.

    `before` are missing entries to write first, such as that of the message.
    """

    async def append(conn: AsyncConnection) -> int:
        await incidents.lock_without_reading(conn, number)
        if already_recorded(entry, await timeline.of_kinds(conn, number, KINDS, entry.source_ts)):
            return 0
        return len(await timeline.append(conn, number, [*before, entry]))

    return await context.database.batched(append)


async def missed_marks(
    context: Context, number: int, before: Sequence[Entry], shown: SlackState, messages: Mapping[str, Sequence[Entry]]
) -> int:
    """Record the reactions and pins that changed while the bot was offline.

    `messages` has, by `ts`, the entries of messages that may be missing from the timeline.
    """
    at = context.clock.now()
    if not missed_changes(before, before, shown, at):
        return 0
    async with context.database.transaction() as conn:
        await incidents.lock_without_reading(conn, number)
        changes = missed_changes(before, await timeline.of_kinds(conn, number, KINDS), shown, at)
        keyed = [change.source_ts or "" for change in changes if change.kind == "keyed"]
        missing = [entry for ts in keyed for entry in messages.get(ts, ())]
        return len(await timeline.append(conn, number, [*missing, *sorted(changes, key=lambda change: change.at)]))


async def without_redacted_text(context: Context, number: int, ts: str, entries: Sequence[Entry]) -> Sequence[Entry]:
    """The entries of an edit; without text if the message is redacted, since the edit may repeat the words."""
    async with context.database.reading() as conn:
        recorded = await timeline.message(conn, number, ts)
    if recorded is None or recorded.redaction is None:
        return entries
    return [replace(entry, text="", data=entry.data | {"redacted": True}) for entry in entries]


@dataclass(slots=True)
class Recorder:
    """Records messages and events of channels as entries. Each method returns how many entries were new."""

    context: Context
    channels: Channels

    async def message(self, message: ChannelMessage) -> int:
        """Record a message; with `record: key` in the policy, only its time."""
        if self._records_key_only():
            await self._note_activity(message)
            return 0
        return await self._append(message.channel, entries_from_message(message, self._at(message.ts)))

    async def edit(self, message: ChannelMessage, before: ChannelMessage | None, changed_ts: str | None = None) -> int:
        """Record an edited message. `before` is its earlier text; None if Slack did not send it."""
        if self._records_key_only() and not await self.knows(message.channel, message.ts):
            return 0
        number = await self.channels.incident_of(message.channel)
        if number is None:
            return 0
        entries = entries_from_edit(message, before, self._at, changed_ts)
        self.context.names.request(slack_id for entry in entries for slack_id in ids_named_in(entry))
        recorded_entries = await without_redacted_text(self.context, number, message.ts, entries)
        return await self.context.database.appender.append(number, recorded_entries)

    async def deletion(self, channel: str, ts: str, actor: str, before: ChannelMessage | None, event_ts: str) -> int:
        """Record that a message was deleted. `before` is its text; None if Slack did not send it."""
        if self._records_key_only() and not await self.knows(channel, ts):
            return 0
        return await self._append(channel, entries_from_deletion(channel, ts, actor, before, event_ts, self._at))

    async def happening(self, channel: str, entry: Entry) -> int:
        """Record any other event, such as a topic or a file. Its `dedup_key` comes from Slack's event ID or `ts`."""
        if self._records_key_only() and not entry.key:
            return 0
        return await self._append(channel, [entry])

    async def pin(self, channel: str, entry: Entry) -> int:
        """Record that a message was pinned or unpinned."""
        number = None if self._records_key_only() else await self.channels.incident_of(channel)
        return 0 if number is None else await mark(self.context, number, entry)

    async def coming_or_going(self, channel: str, report: MembershipReport) -> int:
        """Record a join or leave, which Slack reports as a member event and as a message."""
        number = await self.channels.incident_of(channel)
        return 0 if number is None else await move(self.context, number, report)

    async def key(self, channel: str, message: ChannelMessage | None, entry: Entry) -> int:
        """Record that 📌 was put on a message or taken off, after the message itself if that is missing."""
        if self._records_key_only() and entry.kind not in ("keyed", "unkeyed"):
            return 0
        number = await self.channels.incident_of(channel)
        earlier = entries_from_message(message, self._at(message.ts), fetched=True) if message else []
        return 0 if number is None else await mark(self.context, number, entry, earlier)

    async def knows(self, channel: str, ts: str) -> bool:
        """Whether nothing is left to record: the message is on the timeline, or the channel has no incident."""
        number = await self.channels.incident_of(channel)
        if number is None:
            return True
        async with self.context.database.reading() as conn:
            return await timeline.message(conn, number, ts) is not None

    def at(self, ts: str) -> datetime:
        """The domain instant of a Slack `ts`."""
        return self._at(ts)

    async def _append(self, channel: str, entries: Sequence[Entry]) -> int:
        number = await self.channels.incident_of(channel)
        if number is None:
            return 0
        self.context.names.request(slack_id for entry in entries for slack_id in ids_named_in(entry))
        return await self.context.database.appender.append(number, entries)

    async def _note_activity(self, message: ChannelMessage) -> None:
        """Store the time of a message without its text: activity softens reminders, and long silence pages people."""
        number = await self.channels.incident_of(message.channel)
        if number is not None and not message.bot:
            at = self._at(message.ts)
            await self.context.database.batched(lambda conn: user_activity.note_message(conn, number, at))

    def _records_key_only(self) -> bool:
        return self.context.policy.record == "key"

    def _at(self, ts: str) -> datetime:
        return self.context.clock.at(float(ts))
