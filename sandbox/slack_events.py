"""Builds the JSON of the events that the sandbox sends in place of Slack, except those of messages."""

from sandbox.model import Channel, Json, Message, User
from sandbox.slack_objects import user_object


def user_event(user: User, kind: str, ts: str) -> Json:
    """Return a `team_join` or `user_change` event."""
    body = user_object(user) | {"locale": "en-US"}
    body["profile"] = {k: v for k, v in body["profile"].items() if k not in ("bot_id", "api_app_id")}
    return {"type": kind, "user": body, "cache_ts": int(float(ts)), "event_ts": ts}


def channel_created(channel: Channel, team_id: str, ts: str) -> Json:
    """Return the `channel_created` event."""
    return {
        "type": "channel_created",
        "event_ts": ts,
        "channel": {
            "id": channel.id,
            "is_channel": True,
            "name": channel.name,
            "name_normalized": channel.name,
            "created": channel.created,
            "creator": channel.creator,
            "is_shared": False,
            "is_org_shared": False,
            "context_team_id": team_id,
            "is_archived": False,
            "is_frozen": False,
            "is_general": channel.is_general,
            "is_group": False,
            "is_private": False,
            "is_ext_shared": False,
            "is_im": False,
            "is_mpim": False,
            "is_pending_ext_shared": False,
        },
    }


def channel_event(kind: str, channel: Channel, user: str, ts: str) -> Json:
    """Return a `channel_archive`, `channel_unarchive`, `group_archive` or `group_unarchive` event."""
    event: Json = {"type": kind, "channel": channel.id, "user": user, "event_ts": ts}
    if kind.endswith("_archive"):
        event["is_moved"] = 0
    return event


def channel_rename(kind: str, channel: Channel, ts: str) -> Json:
    """Return a `channel_rename` or `group_rename` event."""
    return {
        "type": kind,
        "event_ts": ts,
        "channel": {
            "id": channel.id,
            "name": channel.name,
            "name_normalized": channel.name,
            "created": channel.created,
            "is_channel": not channel.is_private,
            "is_mpim": channel.is_mpim,
        },
    }


def membership(kind: str, channel: Channel, user: User, inviter: str | None, ts: str) -> Json:
    """Return a `member_joined_channel` or `member_left_channel` event."""
    event: Json = {
        "type": kind,
        "user": user.id,
        "channel": channel.id,
        "channel_type": channel.letter if not channel.is_private else "G",
        "team": user.team_id,
        "event_ts": ts,
    }
    if inviter:
        event["inviter"] = inviter
    return event


def reaction(kind: str, message: Message, user: str, name: str, ts: str) -> Json:
    """Return a `reaction_added` or `reaction_removed` event."""
    return {
        "type": kind,
        "user": user,
        "reaction": name,
        "item_user": message.user,
        "item": {"type": "message", "channel": message.channel, "ts": message.ts},
        "event_ts": ts,
    }


def pin(kind: str, channel: Channel, item: Json, message: Json, user: str, ts: str) -> Json:
    """Return a `pin_added` or `pin_removed` event; `item` is the channel's record of the pin."""
    event: Json = {
        "type": kind,
        "user": user,
        "channel_id": channel.id,
        "item": {
            "type": "message",
            "created": item["created"],
            "created_by": item["user"],
            "channel": channel.id,
            "message": message,
        },
        "item_user": message.get("user", ""),
        "pin_count": str(len(channel.pins)),
        "pinned_info": {"channel": channel.id, "pinned_by": item["user"], "pinned_ts": item["created"]},
        "event_ts": ts,
    }
    if kind == "pin_removed":
        event["has_pins"] = bool(channel.pins)
    return event
