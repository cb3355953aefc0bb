"""Parses Slack's events and messages into timeline entries; it is pure, without a client or a clock."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.timeline.entry import Entry
from bot.domain.timeline.memberships import MembershipReport
from bot.domain.timeline.messages import Attachment, ChannelMessage
from bot.domain.timeline.reactions import reaction_of
from bot.domain.values.one_line import one_line
from bot.slack.inbound.message_text import text_of

Event = dict[str, Any]

# Subtypes of `message` in which someone writes something. https://docs.slack.dev/reference/events/message
MESSAGE_SUBTYPES = frozenset({None, "file_share", "thread_broadcast", "me_message", "bot_message"})
MEMBERSHIP_SUBTYPES = {"channel_join": "joined", "group_join": "joined", "channel_leave": "left", "group_leave": "left"}
CHANNEL_STATE_SUBTYPES = frozenset({"channel_archive", "channel_unarchive", "group_archive", "group_unarchive"})
KEY_REACTIONS = frozenset({"pushpin"})
RECORDED_REACTIONS = frozenset(
    {
        "eyes", "white_check_mark", "heavy_check_mark", "ballot_box_with_check", "x", "no_entry", "warning",
        "rotating_light", "fire", "sos", "+1", "thumbsup", "-1", "thumbsdown", "question", "raised_hand", "hand",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """The bot itself, as `auth.test` describes it."""

    user_id: str
    bot_id: str
    team_id: str
    url: str = ""  # of the workspace, for permalinks
    app_id: str = ""
    enterprise_id: str = ""  # of the workspace's Enterprise Grid, if any

    def wrote(self, message: Event) -> bool:
        """Whether the bot wrote the message. By bot ID first, because the user ID may be missing."""
        if bot_id := message.get("bot_id"):
            return bool(bot_id == self.bot_id)
        return message.get("user") == self.user_id


def permalink(bot: BotIdentity, channel: str, ts: str, thread_ts: str | None = None) -> str | None:
    """The link that `chat.getPermalink` would return, built locally; None if the workspace's URL is not known."""
    if not bot.url:
        return None
    base = f"{bot.url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"
    return f"{base}?thread_ts={thread_ts}&cid={channel}" if thread_ts and thread_ts != ts else base


def channel_message(message: Event, channel: str, bot: BotIdentity) -> ChannelMessage:
    """Parse a message object from an event, from `previous_message` or from the history."""
    ts = str(message["ts"])
    thread_ts = message.get("thread_ts")
    team = message.get("user_team") or message.get("team")
    return ChannelMessage(
        channel=channel,
        ts=ts,
        actor=str(message.get("user") or message.get("bot_id") or "unknown"),
        text=text_of(message),
        thread_ts=thread_ts,
        edited_ts=_edited_ts(message),
        link=permalink(bot, channel, ts, thread_ts),
        bot=bool(message.get("bot_id")) or message.get("subtype") == "bot_message",
        external=bool(team and bot.team_id and team != bot.team_id),
        files=tuple(_file(file) for file in message.get("files") or () if isinstance(file, dict)),
        name=_name(message),
    )


def has_ts(message: Any) -> bool:
    """Whether it is a message with a `ts`, without which it has no place in time."""
    try:
        return isinstance(message, dict) and math.isfinite(float(message["ts"]))
    except (KeyError, TypeError, ValueError):
        return False


def _edited_ts(message: Event) -> str | None:
    edited = message.get("edited")
    return edited.get("ts") if isinstance(edited, dict) else None


def _name(message: Event) -> str | None:
    """The name that came along with the message of an app, a workflow or another organisation's person."""
    bot, person = message.get("bot_profile"), message.get("user_profile")
    names = [message.get("username"), bot.get("name") if isinstance(bot, dict) else None]
    if isinstance(person, dict):
        names += [person.get("display_name"), person.get("real_name")]
    return next((one_line(name) for name in names if isinstance(name, str) and name.strip()), None)


def _file(file: dict[str, Any]) -> Attachment:
    return Attachment(
        id=str(file.get("id", "")),
        name=str(file.get("name") or file.get("title") or "a file"),
        link=str(file.get("permalink") or file.get("url_private") or ""),
    )


def text_changed(event: Event) -> bool:
    """Whether a `message_changed` event is an edit, and not just a new link preview or reply count."""
    message, before = event.get("message") or {}, event.get("previous_message") or {}
    edited = _edited_ts(message)
    reworded = bool(before) and text_of(message) != text_of(before)
    return reworded or (edited is not None and edited != _edited_ts(before))


def is_tombstone(event: Event) -> bool:
    """Whether a `message_changed` event is a deletion: Slack turns a deleted thread's parent into a tombstone."""
    return (event.get("message") or {}).get("subtype") == "tombstone"


def reaction_entry(event: Event, event_id: str, at: datetime, *, added: bool) -> Entry | None:
    """The entry of a reaction event (📌 marks a message as key); None for reactions that are not recorded."""
    ts = str((event.get("item") or {}).get("ts", ""))
    actor = str(event.get("user") or "unknown")
    return _reaction_entry(str(event.get("reaction", "")), actor, ts, at, f"r:{event_id}", added=added)


def _reaction_entry(
    reaction: str, actor: str, ts: str, at: datetime, dedup_key: str | None, *, added: bool
) -> Entry | None:
    name = reaction.split("::", 1)[0]  # without the skin tone
    if name in KEY_REACTIONS:
        return Entry(at, "keyed" if added else "unkeyed", actor, "", ts, {"reaction": name}, dedup_key)
    if name not in RECORDED_REACTIONS:
        return None
    return Entry(at, "reaction", actor, f":{name}:" + ("" if added else " taken back"), ts, {"added": added}, dedup_key)


def reactions_on(message: Event, at: datetime) -> tuple[list[Entry], set[tuple[str, str]]]:
    """The entries of the reactions that a message of the history has, and which of them are incomplete.

    Incomplete is the `(ts, mark)` of a reaction whose people Slack does not list in full: the list may be shorter than
    the count. https://docs.slack.dev/reference/methods/reactions.get
    """
    entries: list[Entry] = []
    incomplete: set[tuple[str, str]] = set()
    for reaction in message.get("reactions") or ():
        if not isinstance(reaction, dict):
            continue
        template = _reaction_entry(str(reaction.get("name", "")), "", str(message["ts"]), at, None, added=True)
        mark = reaction_of(template) if template else None
        if template is None or mark is None:
            continue
        people = [str(user) for user in reaction.get("users") or ()]
        entries += [replace(template, actor=actor) for actor in people]
        if int(reaction.get("count") or 0) > len(people):
            incomplete.add((mark.ts, mark.name))
    return entries, incomplete


def pinned_item_entry(item: Event, at: datetime) -> Entry:
    """The entry of an item of `pins.list`, which says who pinned it, but never who unpinned another."""
    return pin_entry({"item": item, "user": item.get("created_by")}, "", at, added=True)


def pin_entry(event: Event, event_id: str, at: datetime, *, added: bool) -> Entry:
    """The entry of a `pin_added` or `pin_removed` event."""
    item = event.get("item") or {}
    ts = str((item.get("message") or {}).get("ts") or item.get("ts") or "")
    text = "pinned a message" if added else "unpinned a message"
    return Entry(at, "pin", str(event.get("user") or "unknown"), text, ts or None, {"added": added}, f"p:{event_id}")


def membership_report(event: Event, kind: str, channel: str, ts: str, at: datetime) -> MembershipReport:
    """The report of a join or leave in a member event, or in a message of the events or the history."""
    user = str(event.get("user") or "unknown")
    data = {"inviter": event["inviter"]} if event.get("inviter") else {}
    entry = Entry(at, kind, user, kind, None, data, f"{kind}:{channel}:{user}:{ts}")
    return MembershipReport(entry, by_message=event.get("subtype") in MEMBERSHIP_SUBTYPES)


def channel_change(event: Event, channel: str, at: datetime) -> Entry | None:
    """The entry of a message in which Slack reports a new topic, purpose or name; None for any other message."""
    ts, user = str(event["ts"]), str(event.get("user") or "unknown")
    match event.get("subtype"):
        case "channel_topic" | "group_topic":
            return Entry(at, "topic", user, str(event.get("topic", "")), ts, {}, f"t:{channel}:{ts}")
        case "channel_purpose" | "group_purpose":
            text = str(event.get("purpose", ""))
            return Entry(at, "topic", user, text, ts, {"purpose": True}, f"t:{channel}:{ts}")
        case "channel_name" | "group_name":
            data = {"before": event.get("old_name")}
            return Entry(at, "renamed", user, str(event.get("name", "")), ts, data, f"n:{channel}:{ts}")
    return None
