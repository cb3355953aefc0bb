"""Backfill: what was said while nobody listened is read from the channel's history and written down in order.

The history of an open incident's channel is read whole, since a thread under an old message shows only there.
Entries have the same names as those from events, so what is known already changes nothing.
"""

from __future__ import annotations

from typing import Any

from bot.domain.messages import Said, entries_from_edit, entries_from_message
from bot.domain.timeline import Entry
from bot.slack import events
from bot.slack.api import SlackApi
from bot.slack.events import Me
from bot.usecases.desk import Desk
from bot.usecases.record import move
from storage import cursors

_PAGE = 200
_PAGES = 50


async def backfill(desk: Desk, api: SlackApi, me: Me, number: int, channel: str) -> dict[str, Any]:
    """Read history and threads, append what is missing, move the cursor. Safe to repeat; returns counts."""
    messages = await _history(api, "conversations.history", channel)
    fetched = 0
    for message in sorted(messages, key=lambda m: float(m["ts"])):
        fetched += await _append(desk, me, number, channel, message)
        if message.get("reply_count") and await _thread_moved(desk, channel, message):
            replies = await _history(api, "conversations.replies", channel, ts=message["ts"])
            for reply in sorted(replies, key=lambda m: float(m["ts"])):
                if reply["ts"] != message["ts"]:
                    fetched += await _append(desk, me, number, channel, reply)
            async with desk.database.transaction() as conn:
                await cursors.set_thread(conn, channel, message["ts"], str(message.get("latest_reply", "")))
    if messages:
        async with desk.database.transaction() as conn:
            await cursors.set(conn, channel, number, max((m["ts"] for m in messages), key=float))
    return {"fetched": fetched}


async def _append(desk: Desk, me: Me, number: int, channel: str, message: dict[str, Any]) -> int:
    if message.get("subtype") in events.COMING_AND_GOING:
        return await _membership(desk, me, number, channel, message)
    entries = _entries(desk, me, channel, message)
    return await desk.database.appender.append(number, entries) if entries else 0


async def _membership(desk: Desk, me: Me, number: int, channel: str, message: dict[str, Any]) -> int:
    user = str(message.get("user") or "unknown")
    if user == me.user_id:
        return 0
    at = desk.clock.at(float(message["ts"]))
    kind = events.COMING_AND_GOING[message["subtype"]]
    entry = events.membership(kind, channel, user, message["ts"], at, message.get("inviter"))
    return await move(desk, number, entry)


def _entries(desk: Desk, me: Me, channel: str, message: dict[str, Any]) -> list[Entry]:
    at = desk.clock.at(float(message["ts"]))
    subtype = message.get("subtype")
    if me.wrote(message):
        return []
    if subtype in events.SPOKEN:
        return _spoken(desk, events.said(message, channel, me))
    happened = events.channel_said(message, channel, at)
    return [happened] if happened else []


def _spoken(desk: Desk, said: Said) -> list[Entry]:
    if desk.policy.record == "key":
        return []
    at = desk.clock.at(float(said.ts))
    entries = entries_from_message(said, at, fetched=True)
    if said.edited_ts:
        entries += entries_from_edit(said, None, lambda ts: desk.clock.at(float(ts)))
    return entries


async def _thread_moved(desk: Desk, channel: str, parent: dict[str, Any]) -> bool:
    async with desk.database.reading() as conn:
        seen = await cursors.thread(conn, channel, parent["ts"])
    return seen is None or seen != str(parent.get("latest_reply", ""))


async def _history(api: SlackApi, method: str, channel: str, **args: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor: str | None = None
    for _ in range(_PAGES):
        answer = await api.call(method, channel=channel, limit=_PAGE, cursor=cursor, **args)
        found += answer.get("messages", [])
        cursor = (answer.get("response_metadata") or {}).get("next_cursor")
        if not cursor:
            break
    return found
