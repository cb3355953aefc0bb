"""What was changed while nobody listened: messages that are gone, reactions and pins that came or went.

What stands in Slack's history is held against what stood on the timeline before the history was asked for, so nothing
is concluded from a message or a mark that came in between.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog

from bot.domain.timeline.entry import Entry
from bot.domain.timeline.messages import entries_from_message, entry_from_absence
from bot.domain.timeline.reactions import KINDS, SlackState, mark_of
from bot.slack.client.api import SlackApi, SlackError
from bot.slack.inbound import event_parser
from bot.slack.inbound.event_parser import BotIdentity
from bot.usecases.context import Context
from bot.usecases.delivery import refresh_card
from bot.usecases.incidents.record import missed_marks
from storage.outbox import receipts
from storage.timeline import entries as timeline
from storage.timeline.entries import MessageAuthor

log = structlog.get_logger()

REACTIONS, PINS = frozenset(KINDS) - {"pin"}, frozenset({"pin"})


@dataclass(slots=True)
class Before:
    """What was known when the history was asked for, and of which messages Slack has shown the marks since."""

    at: datetime
    messages: dict[str, MessageAuthor]
    marks: list[Entry]
    card_ts: str | None
    looked_at: set[str] = field(default_factory=set)


async def before(context: Context, number: int, channel: str) -> Before:
    at = context.clock.now()
    async with context.database.reading() as conn:
        card = await receipts.get(conn, f"card:{number}")
        standing = await timeline.undeleted_messages(conn, number, f"m:{channel}:")
        return Before(at, standing, await timeline.of_kinds(conn, number, KINDS), (card or {}).get("ts"))


async def from_history(
    context: Context, me: BotIdentity, number: int, channel: str, known: Before, messages: Collection[dict[str, Any]]
) -> int:
    """Once a channel's history was read. What is older than its first message may have been purged by the workspace,
    or not be shown by its plan: nobody deleted that.
    """
    standing = {str(m["ts"]): m for m in messages if m.get("subtype") != "tombstone"}
    threads = {str(m["ts"]) for m in messages if m.get("reply_count")}
    first = min((str(m["ts"]) for m in messages), key=float, default=None)
    if first is None:
        return 0
    gone = [
        ts
        for ts, said in known.messages.items()
        if (float(said.thread_ts or ts) > float(first))
        and (said.thread_ts not in threads if _is_reply(ts, said) else ts not in standing)
    ]
    if known.card_ts and known.card_ts not in standing and float(known.card_ts) > float(first):
        await refresh_card(context, number)
    return await _deleted(context, number, channel, known, gone) + await _reactions(
        context, me, number, channel, known, standing.values()
    )


async def from_thread(
    context: Context,
    me: BotIdentity,
    number: int,
    channel: str,
    known: Before,
    parent_ts: str,
    replies: Collection[dict[str, Any]],
) -> int:
    """Once a thread was read, whole."""
    standing = {str(m["ts"]) for m in replies if m.get("subtype") != "tombstone"}
    gone = [
        ts for ts, said in known.messages.items() if said.thread_ts == parent_ts and ts not in {*standing, parent_ts}
    ]
    return await _deleted(context, number, channel, known, gone) + await _reactions(
        context, me, number, channel, known, replies
    )


async def pins(context: Context, api: SlackApi, me: BotIdentity, number: int, channel: str, known: Before) -> int:
    """Once all was read that is going to be. Where Slack does not show them, they are left as they are."""
    if context.policy.record == "key":
        return 0
    try:
        answer = await api.call("pins.list", channel=channel)
    except SlackError as error:
        if not error.permanent:
            raise
        log.info("backfill.no_pins", incident=number, error=error.name)
        return 0
    items = [item for item in answer.get("items", []) if item.get("message")]
    marks = [event_parser.pinned(item, context.clock.at(float(item["created"]))) for item in items]
    by_people = [mark for mark in marks if mark.actor != me.user_id]
    by_us = {mark.source_ts for mark in marks if mark.actor == me.user_id}
    shown = SlackState(_by_mark(by_people), known.looked_at - by_us, kinds=PINS)
    return await missed_marks(context, number, known.marks, shown, {})


async def _deleted(context: Context, number: int, channel: str, known: Before, gone: Iterable[str]) -> int:
    entries = [entry_from_absence(channel, ts, known.messages[ts].actor, known.at) for ts in gone]
    return await context.database.appender.append(number, entries) if entries else 0


async def _reactions(
    context: Context, me: BotIdentity, number: int, channel: str, known: Before, messages: Collection[dict[str, Any]]
) -> int:
    marks: list[Entry] = []
    unsure: set[tuple[str, str]] = set()
    keyed: dict[str, list[Entry]] = {}
    for message in messages:
        found, doubtful = event_parser.reactions(message, known.at)
        unsure |= doubtful
        marks += [one for one in found if one.actor != me.user_id and _wanted(context, one)]
        if any(one.kind == "keyed" for one in found):
            said = event_parser.said(message, channel, me)
            keyed[said.ts] = entries_from_message(said, context.clock.at(float(said.ts)), fetched=True)
    looked_at = {str(message["ts"]) for message in messages}
    known.looked_at |= looked_at
    return await missed_marks(
        context, number, known.marks, SlackState(_by_mark(marks), looked_at, unsure, REACTIONS), keyed
    )


def _wanted(context: Context, entry: Entry) -> bool:
    return entry.kind == "keyed" or context.policy.record != "key"


def _is_reply(ts: str, said: MessageAuthor) -> bool:
    return said.thread_ts is not None and said.thread_ts != ts


def _by_mark(entries: Iterable[Entry]) -> dict[Any, Entry]:
    return {mark: entry for entry in entries if (mark := mark_of(entry)) is not None}
