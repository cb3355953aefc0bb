"""Builds the JSON of the sandbox's control API: the workspace, its channels, messages, views and people."""

from dataclasses import asdict

from sandbox.core import WorkspaceCore
from sandbox.interactions import Reply
from sandbox.model import Channel, Ephemeral, Json, Message, User, View
from sandbox.slack_objects import channel_object, user_object, usergroup_object
from sandbox.text import message_lines

MAX_RESULTS = 50  # threads listed, or messages found
NOTICES = frozenset({"channel_join", "group_join", "channel_leave", "group_leave", "tombstone"})
MAX_UNREAD = 99  # the badge says "99+" beyond


def state_json(ws: WorkspaceCore) -> Json:
    """The whole workspace without its messages."""
    settings = ws.settings
    return {
        "team": {"id": settings.team_id, "name": settings.team_name, "domain": settings.team_domain},
        "app": {
            "id": settings.app_id,
            "name": ws.manifest.name,
            "bot": user_object(ws.bot),
            "commands": [asdict(command) for command in ws.manifest.commands or ()],
            "shortcuts": [asdict(shortcut) for shortcut in ws.manifest.shortcuts or ()],
        },
        "people": [user_object(user) for user in ws.state.users.values()],
        "channels": [channel_json(ws, channel) for channel in ws.state.channels.values()],
        "usergroups": [
            usergroup_object(group, settings.team_id, with_users=True) for group in ws.state.usergroups.values()
        ],
        "request_url": ws.request_url,
        "connections": len(ws.sockets.connections),
        "starting": not ws.delivery.app_started.is_set(),
        "speed": settings.speed,
        "status_page": settings.status_page,
        "console": settings.console,
        "tiers": ws.rates.on,
        "now": ws.clock.now(),
        "seq": ws.journal.sequence,
    }


def channel_json(ws: WorkspaceCore, channel: Channel) -> Json:
    """A channel with its members, pins and bookmarks."""
    log = ws.state.logs[channel.id]
    return channel_object(channel, "", ws.settings.team_id, num_members=True) | {
        "kind": channel.kind,
        "name": channel.name,
        "members": list(channel.members),
        "pins": list(channel.pins),
        "bookmarks": list(channel.bookmarks),
        "last_read": dict(channel.last_read),
        "latest": log.timeline[-1] if log.timeline else None,
    }


def timeline_json(ws: WorkspaceCore, channel: Channel, viewer: str | None, *, before: str, limit: int) -> Json:
    """A channel's newest messages before a timestamp, oldest first, and the viewer's ephemeral messages.

    Raises `LookupError` if the viewer may not see the channel.
    """
    if viewer is not None and not channel.is_public and ws.user(viewer).id not in channel.members:
        raise LookupError("this person cannot see that channel")
    span = ws.state.logs[channel.id].between("", before, inclusive=False)
    newest = span[-limit:]
    return {
        "channel": channel_json(ws, channel),
        "messages": [message_json(ws, message) for message in newest],
        "has_more": len(span) > len(newest),
        "ephemerals": [asdict(ephemeral) for ephemeral in ws.ephemerals(viewer, channel.id)] if viewer else [],
    }


def unread_json(ws: WorkspaceCore, user: User) -> Json:
    """Unread counts by channel ID, for this user's channels: `messages`, and `rings` for those that notify them."""
    counts: Json = {}
    for channel in ws.state.channels.values():
        if user.id not in channel.members:
            continue
        span = ws.state.logs[channel.id].between(channel.last_read.get(user.id, ""), "9999999999", inclusive=False)
        unread = [message for message in span if message.user != user.id][-MAX_UNREAD:]
        rings = sum(user.id in ws.notified(message) for message in unread)
        if unread:
            counts[channel.id] = {"messages": len(unread), "rings": rings}
    return counts


def threads_json(ws: WorkspaceCore, user: User) -> Json:
    """The threads that this user started or replied in, the most recently active first."""
    threads = []
    for channel in ws.state.channels.values():
        if user.id not in channel.members:
            continue
        log = ws.state.logs[channel.id]
        for ts in log.threads:
            parent, replies = log.messages.get(ts), log.replies(ts)
            if parent and replies and user.id in {parent.user, *(reply.user for reply in replies)}:
                threads.append((parent, replies[-1]))
    threads.sort(key=lambda pair: pair[1].ts, reverse=True)
    return {
        "threads": [
            {"parent": message_json(ws, parent), "last": message_json(ws, last)}
            for parent, last in threads[:MAX_RESULTS]
        ]
    }


def search_json(ws: WorkspaceCore, user: User, query: str) -> Json:
    """The newest messages that contain all words of the query, in channels that this user may read."""
    words = query.lower().split()
    matches = [
        message
        for channel in ws.state.channels.values()
        if channel.is_public or user.id in channel.members
        for message in ws.state.logs[channel.id].messages.values()
        if words and message.subtype not in NOTICES and all(word in _plain_text(ws, message) for word in words)
    ]
    matches.sort(key=lambda message: message.ts, reverse=True)
    return {
        "messages": [message_json(ws, message) for message in matches[:MAX_RESULTS]],
        "more": len(matches) > MAX_RESULTS,
    }


def _plain_text(ws: WorkspaceCore, message: Message) -> str:
    return "\n".join(message_lines(ws.state, message)).lower()


def message_json(ws: WorkspaceCore, message: Message) -> Json:
    """Slack's message object with metadata, its channel and its number of edits."""
    return ws.slack_messages.message(message, metadata=True) | {"channel": message.channel, "edits": message.edits}


def view_json(ws: WorkspaceCore, view: View) -> Json:
    """Slack's view object with its user, the errors beside its inputs and the error above them."""
    return ws.modals.payload(view) | {"user": view.user, "errors": view.errors, "trouble": view.trouble}


def reply_json(ws: WorkspaceCore, reply: Reply) -> Json:
    """The outcome of a person's action."""
    message = reply.message
    return {
        "ok": reply.ok,
        "error": reply.error,
        "text": reply.text,
        "blocks": reply.blocks,
        "errors": reply.errors,
        "view": view_json(ws, reply.view) if reply.view else None,
        "ephemeral": asdict(message) if isinstance(message, Ephemeral) else None,
        "message": message_json(ws, message) if isinstance(message, Message) else None,
        "answer": reply.answer,
    }
