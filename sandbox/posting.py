"""Changes messages in the sandbox, for people and for the bot: posts, edits, deletes, reacts and pins.

Each change sends Slack's event and is recorded in the journal.
"""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from sandbox import slack_events
from sandbox.errors import SlackError
from sandbox.journal import Journal
from sandbox.model import Channel, Ephemeral, Json, Message
from sandbox.mrkdwn import mentions
from sandbox.slack_messages import SlackMessages
from sandbox.state import State, new_id

MAX_PINS = 100
MAX_REACTIONS = 23  # distinct emoji by one person on one message

Emit = Callable[[Json, Channel | None], None]


class Posting:
    """Posts, edits, deletes, reacts and pins."""

    def __init__(
        self, state: State, slack_messages: SlackMessages, journal: Journal, emit: Emit, bot_user: str
    ) -> None:
        self.state = state
        self.slack_messages = slack_messages
        self.journal = journal
        self.emit = emit
        self.bot_user = bot_user

    def post(self, channel: Channel, user: str, text: str, **fields: Any) -> Message:
        """Post a message and send its event."""
        message = Message(channel.id, self.state.ts(), user, text, **fields)
        if user and message.bot_id is None and message.subtype in (None, "file_share"):
            message.client_msg_id = str(uuid4())
        self.state.add_message(message)
        self.journal.change("message", {"channel": channel.id, "ts": message.ts})
        self.emit(self.slack_messages.event(message, channel), channel)
        self._emit_mention(message, channel)
        return message

    def _emit_mention(self, message: Message, channel: Channel) -> None:
        if message.user == self.bot_user or message.subtype not in (None, "file_share", "bot_message"):
            return
        if self.bot_user in mentions(message.text, message.blocks).users and not channel.is_im:
            self.emit(self.slack_messages.mention(message, channel), channel)

    def ephemeral(self, channel: str, viewer: str, text: str, **fields: Any) -> Ephemeral:
        """Post a message that only `viewer` sees."""
        message = Ephemeral(new_id("E"), channel, viewer, self.state.ts(), text, **fields)
        self.state.ephemerals.append(message)
        self.state.touch("ephemeral", message.id)
        self.journal.change("ephemeral", {"channel": channel, "viewer": viewer, "id": message.id})
        return message

    def edit(self, message: Message, by: str, changes: Json, *, quiet: bool = False) -> None:
        """Change a message in place. A `quiet` edit is not marked as "(edited)"."""
        channel = self.state.channels[message.channel]
        before = self.slack_messages.event(message, channel)
        for key, value in changes.items():
            setattr(message, key, value)
        ts = self.state.ts()
        message.edits += 1
        if not quiet:
            message.edited = {"user": by, "ts": ts.split(".")[0] + ".000000"}
        self.state.touch("message", f"{channel.id}|{message.ts}")
        self.journal.change("message_changed", {"channel": channel.id, "ts": message.ts})
        self.emit(self.slack_messages.changed(message, before, channel, ts), channel)

    def delete(self, message: Message) -> None:
        """Delete a message.

        The parent of a thread with replies becomes a tombstone, and the event is `message_changed`, as in Slack.
        """
        channel = self.state.channels[message.channel]
        before = self.slack_messages.event(message, channel)
        channel.pins = [pin for pin in channel.pins if pin["ts"] != message.ts]
        self.state.touch("channel", channel.id)
        if self.state.logs[channel.id].threads.get(message.ts):
            self._tombstone(message)
            event = self.slack_messages.changed(message, before, channel, self.state.ts())
        else:
            self.state.remove_message(message)
            event = self.slack_messages.deleted(message.ts, before, channel, self.state.ts())
        self.journal.change("message_deleted", {"channel": channel.id, "ts": message.ts})
        self.emit(event, channel)

    def _tombstone(self, message: Message) -> None:
        message.subtype, message.text, message.user = "tombstone", "This message was deleted.", "USLACKBOT"
        message.blocks = message.attachments = message.metadata = message.bot_id = message.app_id = None
        message.files, message.reactions, message.extra = [], [], {"hidden": True}
        self.state.touch("message", f"{message.channel}|{message.ts}")

    def react(self, message: Message, user: str, name: str) -> None:
        """Add a reaction. Raises `SlackError`."""
        entry = next((r for r in message.reactions if r["name"] == name), None)
        if entry and user in entry["users"]:
            raise SlackError("already_reacted")
        if sum(user in r["users"] for r in message.reactions) >= MAX_REACTIONS:
            raise SlackError("too_many_reactions")
        if entry is None:
            message.reactions.append({"name": name, "users": [user]})
        else:
            entry["users"].append(user)
        self._emit_reaction("reaction_added", message, user, name)

    def unreact(self, message: Message, user: str, name: str) -> None:
        """Remove a reaction. Raises `SlackError`."""
        entry = next((r for r in message.reactions if r["name"] == name and user in r["users"]), None)
        if entry is None:
            raise SlackError("no_reaction")
        entry["users"].remove(user)
        if not entry["users"]:
            message.reactions.remove(entry)
        self._emit_reaction("reaction_removed", message, user, name)

    def _emit_reaction(self, kind: str, message: Message, user: str, name: str) -> None:
        self.state.touch("message", f"{message.channel}|{message.ts}")
        self.journal.change(kind, {"channel": message.channel, "ts": message.ts, "user": user, "reaction": name})
        event = slack_events.reaction(kind, message, user, name, self.state.ts())
        self.emit(event, self.state.channels[message.channel])

    def pin(self, message: Message, user: str) -> None:
        """Pin a message to its channel. Raises `SlackError`."""
        channel = self.state.channels[message.channel]
        if any(pin["ts"] == message.ts for pin in channel.pins):
            raise SlackError("already_pinned")
        if len(channel.pins) >= MAX_PINS:
            raise SlackError("too_many_pins")
        item = {"ts": message.ts, "user": user, "created": int(self.state.clock.now())}
        channel.pins.append(item)
        self._emit_pin("pin_added", channel, item, message, user)

    def unpin(self, message: Message, user: str) -> None:
        """Unpin a message. Raises `SlackError`."""
        channel = self.state.channels[message.channel]
        item = next((pin for pin in channel.pins if pin["ts"] == message.ts), None)
        if item is None:
            raise SlackError("no_pin")
        channel.pins.remove(item)
        self._emit_pin("pin_removed", channel, item, message, user)

    def _emit_pin(self, kind: str, channel: Channel, item: Json, message: Message, user: str) -> None:
        self.state.touch("channel", channel.id)
        self.journal.change(kind, {"channel": channel.id, "ts": message.ts, "user": user})
        shape = self.slack_messages.pinned(message)
        self.emit(slack_events.pin(kind, channel, item, shape, user, self.state.ts()), channel)
