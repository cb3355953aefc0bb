"""What the control API shows of the workspace, as JSON."""

from dataclasses import asdict

from sandbox.core import WorkspaceCore
from sandbox.interactions import Reply
from sandbox.model import Channel, Ephemeral, Json, Message, User, View
from sandbox.slack_objects import channel_object, user_object, usergroup_object
from sandbox.text import message_lines

MOST = 50  # threads, or messages found
QUIET = frozenset({"channel_join", "group_join", "channel_leave", "group_leave", "tombstone"})
UNREAD = 99  # counted no further: a mark says "99+"


def state(ws: WorkspaceCore) -> Json:
    """Everything but the messages."""
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
        "channels": [channel_shape(ws, channel) for channel in ws.state.channels.values()],
        "usergroups": [
            usergroup_object(group, settings.team_id, with_users=True) for group in ws.state.usergroups.values()
        ],
        "request_url": ws.request_url,
        "connections": len(ws.sockets.connections),
        "tiers": ws.rates.on,
        "now": ws.clock.now(),
        "seq": ws.journal.sequence,
    }


def channel_shape(ws: WorkspaceCore, channel: Channel) -> Json:
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


def timeline(ws: WorkspaceCore, channel: Channel, viewer: str | None, *, before: str, limit: int) -> Json:
    """A channel's newest messages before a moment, oldest first, and what only the viewer sees."""
    if viewer is not None and not channel.is_public and ws.user(viewer).id not in channel.members:
        raise LookupError("this person does not see that channel")
    span = ws.state.logs[channel.id].between("", before, inclusive=False)
    shown = span[-limit:]
    return {
        "channel": channel_shape(ws, channel),
        "messages": [message_shape(ws, message) for message in shown],
        "has_more": len(span) > len(shown),
        "ephemerals": [asdict(one) for one in ws.ephemerals(viewer, channel.id)] if viewer else [],
    }


def unread(ws: WorkspaceCore, user: User) -> Json:
    """By channel ID, for the channels this person is in: messages after the last read one, and how many ring."""
    found: Json = {}
    for channel in ws.state.channels.values():
        if user.id not in channel.members:
            continue
        span = ws.state.logs[channel.id].between(channel.last_read.get(user.id, ""), "9999999999", inclusive=False)
        others = [message for message in span if message.user != user.id][-UNREAD:]
        rings = sum(user.id in ws.notified(message) for message in others)
        if others:
            found[channel.id] = {"messages": len(others), "rings": rings}
    return found


def threads(ws: WorkspaceCore, user: User) -> Json:
    """The threads this person takes part in (wrote in, or was answered in), the one last written in first."""
    found = []
    for channel in ws.state.channels.values():
        if user.id not in channel.members:
            continue
        log = ws.state.logs[channel.id]
        for ts in log.threads:
            parent, replies = log.messages.get(ts), log.replies(ts)
            if parent and replies and user.id in {parent.user, *(reply.user for reply in replies)}:
                found.append((parent, replies[-1]))
    found.sort(key=lambda pair: pair[1].ts, reverse=True)
    return {
        "threads": [
            {"parent": message_shape(ws, parent), "last": message_shape(ws, last)} for parent, last in found[:MOST]
        ]
    }


def search(ws: WorkspaceCore, user: User, words: str) -> Json:
    """The newest messages with all of these words, in channels this person may look into."""
    wanted = words.lower().split()
    found = [
        message
        for channel in ws.state.channels.values()
        if channel.is_public or user.id in channel.members
        for message in ws.state.logs[channel.id].messages.values()
        if wanted and message.subtype not in QUIET and all(word in _said(ws, message).lower() for word in wanted)
    ]
    found.sort(key=lambda message: message.ts, reverse=True)
    return {"messages": [message_shape(ws, message) for message in found[:MOST]], "more": len(found) > MOST}


def _said(ws: WorkspaceCore, message: Message) -> str:
    """All that is to be read in a message."""
    return "\n".join(message_lines(ws.state, message))


def message_shape(ws: WorkspaceCore, message: Message) -> Json:
    """A message as Slack shows it, with metadata and how often it was edited."""
    return ws.slack_messages.message(message, metadata=True) | {"channel": message.channel, "edits": message.edits}


def view(ws: WorkspaceCore, shown: View) -> Json:
    """A view with what is filled in and what is wrong."""
    return ws.modals.payload(shown) | {"user": shown.user, "errors": shown.errors, "trouble": shown.trouble}


def reply(ws: WorkspaceCore, given: Reply) -> Json:
    """What came of a person's act."""
    message = given.message
    return {
        "ok": given.ok,
        "error": given.error,
        "text": given.text,
        "blocks": given.blocks,
        "errors": given.errors,
        "view": view(ws, given.view) if given.view else None,
        "ephemeral": asdict(message) if isinstance(message, Ephemeral) else None,
        "message": message_shape(ws, message) if isinstance(message, Message) else None,
        "answer": given.answer,
    }
