"""Slack's events → what happened, in our words. Pure: no client, no clock."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bot.domain.timeline.entry import Entry
from bot.domain.timeline.messages import Attachment, ChannelMessage
from bot.domain.timeline.reactions import reaction_of

Event = dict[str, Any]

# Subtypes of `message` that are somebody saying something. https://docs.slack.dev/reference/events/message
MESSAGE_SUBTYPES = frozenset({None, "file_share", "thread_broadcast", "me_message", "bot_message"})
MEMBERSHIP_SUBTYPES = {"channel_join": "joined", "group_join": "joined", "channel_leave": "left", "group_leave": "left"}
KEY_REACTIONS = frozenset({"pushpin"})
RECORDED_REACTIONS = frozenset(
    {
        "eyes", "white_check_mark", "heavy_check_mark", "ballot_box_with_check", "x", "no_entry", "warning",
        "rotating_light", "fire", "sos", "+1", "thumbsup", "-1", "thumbsdown", "question", "raised_hand", "hand",
    }
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BotIdentity:
    """Who we are, from one `auth.test`. `url` is the workspace's, for permalinks; `enterprise_id` its Grid's."""

    user_id: str
    bot_id: str
    team_id: str
    url: str = ""
    app_id: str = ""
    enterprise_id: str = ""

    def wrote(self, message: Event) -> bool:
        """Did we write it? By bot ID first: a user ID may be missing."""
        if bot_id := message.get("bot_id"):
            return bool(bot_id == self.bot_id)
        return message.get("user") == self.user_id


def permalink(me: BotIdentity, channel: str, ts: str, thread_ts: str | None = None) -> str | None:
    """The address `chat.getPermalink` would give, without asking."""
    if not me.url:
        return None
    base = f"{me.url.rstrip('/')}/archives/{channel}/p{ts.replace('.', '')}"
    return f"{base}?thread_ts={thread_ts}&cid={channel}" if thread_ts and thread_ts != ts else base


def channel_message(message: Event, channel: str, me: BotIdentity) -> ChannelMessage:
    """A message object from an event, from `previous_message` or from the history."""
    ts = str(message["ts"])
    thread_ts = message.get("thread_ts")
    team = message.get("user_team") or message.get("team")
    return ChannelMessage(
        channel=channel,
        ts=ts,
        actor=str(message.get("user") or message.get("bot_id") or "unknown"),
        text=_text(message),
        thread_ts=thread_ts,
        edited_ts=(message.get("edited") or {}).get("ts"),
        link=permalink(me, channel, ts, thread_ts),
        bot=bool(message.get("bot_id")) or message.get("subtype") == "bot_message",
        external=bool(team and me.team_id and team != me.team_id),
        files=tuple(_file(file) for file in message.get("files") or () if isinstance(file, dict)),
    )


def _text(message: Event) -> str:
    """The words; those of attachments and blocks where an integration sends nothing else."""
    if text := message.get("text"):
        return str(text)
    parts = [str(a.get("fallback") or a.get("text") or "") for a in message.get("attachments") or ()]
    for block in message.get("blocks") or ():
        inner = block.get("text") if isinstance(block, dict) else None
        if isinstance(inner, dict):
            parts.append(str(inner.get("text", "")))
    return "\n".join(part for part in parts if part)


def _file(file: dict[str, Any]) -> Attachment:
    return Attachment(
        id=str(file.get("id", "")),
        name=str(file.get("name") or file.get("title") or "a file"),
        link=str(file.get("permalink") or file.get("url_private") or ""),
    )


def text_changed(event: Event) -> bool:
    """Link previews and reply counts change a message, too; an edit has Slack's mark, or other words."""
    message, before = event.get("message") or {}, event.get("previous_message") or {}
    edited = (message.get("edited") or {}).get("ts")
    reworded = bool(before) and _text(message) != _text(before)
    return reworded or (edited is not None and edited != (before.get("edited") or {}).get("ts"))


def is_tombstone(event: Event) -> bool:
    """A thread's parent that is deleted is changed into a tombstone, not deleted."""
    return (event.get("message") or {}).get("subtype") == "tombstone"


def reaction_entry(event: Event, event_id: str, at: datetime, *, added: bool) -> Entry | None:
    """📌 keys or un-keys its message; other reactions are written down where they carry meaning."""
    ts = str((event.get("item") or {}).get("ts", ""))
    actor = str(event.get("user") or "unknown")
    return _marked(str(event.get("reaction", "")), actor, ts, at, f"r:{event_id}", added=added)


def _marked(reaction: str, actor: str, ts: str, at: datetime, dedup_key: str | None, *, added: bool) -> Entry | None:
    name = reaction.split("::", 1)[0]  # the colour of a hand means nothing
    if name in KEY_REACTIONS:
        return Entry(at, "keyed" if added else "unkeyed", actor, "", ts, {"reaction": name}, dedup_key)
    if name not in RECORDED_REACTIONS:
        return None
    return Entry(at, "reaction", actor, f":{name}:" + ("" if added else " taken back"), ts, {"added": added}, dedup_key)


def reactions_on(message: Event, at: datetime) -> tuple[list[Entry], set[tuple[str, str]]]:
    """The reactions that hang on a message of the history, and the `(ts, mark)` of which Slack does not name everybody:
    its list of people may be shorter than its count. https://docs.slack.dev/reference/methods/reactions.get
    """
    entries: list[Entry] = []
    unsure: set[tuple[str, str]] = set()
    for one in message.get("reactions") or ():
        nobodys = _marked(str(one.get("name", "")), "", str(message["ts"]), at, None, added=True)
        mark = reaction_of(nobodys) if nobodys else None
        if nobodys is None or mark is None:
            continue
        people = [str(user) for user in one.get("users") or ()]
        entries += [replace(nobodys, actor=actor) for actor in people]
        if int(one.get("count") or 0) > len(people):
            unsure.add((mark.ts, mark.name))
    return entries, unsure


def pinned_item_entry(item: Event, at: datetime) -> Entry:
    """An item of `pins.list`, which says who pinned it, but not who took one off."""
    return pin_entry({"item": item, "user": item.get("created_by")}, "", at, added=True)


def pin_entry(event: Event, event_id: str, at: datetime, *, added: bool) -> Entry:
    item = event.get("item") or {}
    ts = str((item.get("message") or {}).get("ts") or item.get("ts") or "")
    words = "pinned a message" if added else "unpinned a message"
    return Entry(at, "pin", str(event.get("user") or "unknown"), words, ts or None, {"added": added}, f"p:{event_id}")


def membership_entry(kind: str, channel: str, user: str, ts: str, at: datetime, inviter: str | None) -> Entry:
    words = "joined" if kind == "joined" else "left"
    data = {"inviter": inviter} if inviter else {}
    return Entry(at, kind, user, words, None, data, f"{kind}:{channel}:{user}:{ts}")


def channel_change(event: Event, channel: str, at: datetime) -> Entry | None:
    """Topic, purpose and name as Slack tells them, in messages of their own."""
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
