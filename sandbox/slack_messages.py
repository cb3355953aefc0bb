"""Builds Slack's JSON of messages for the sandbox, in API answers and in events."""

from sandbox.model import Channel, File, Json, Message
from sandbox.settings import Settings
from sandbox.slack_objects import file_object
from sandbox.state import State

GENERIC = {
    "attachments", "blocks", "bot_id", "bot_profile", "channel", "channel_type", "client_msg_id", "edited",
    "event_ts", "files", "parent_user_id", "reactions", "team", "text", "thread_ts", "ts", "type", "user",
}  # fmt: skip
# The fields that @slack/types declares for each subtype's event.
EVENT_FIELDS: dict[str | None, set[str]] = {
    None: GENERIC,
    "bot_message": {
        "attachments", "blocks", "bot_id", "channel", "channel_type", "edited", "event_ts", "icons", "subtype",
        "text", "thread_ts", "ts", "type", "user", "username",
    },
    "file_share": {
        "attachments", "blocks", "channel", "channel_type", "display_as_bot", "event_ts", "files", "parent_user_id",
        "subtype", "text", "thread_ts", "ts", "type", "upload", "user",
    },
    "thread_broadcast": {
        "attachments", "blocks", "channel", "channel_type", "client_msg_id", "event_ts", "root", "subtype", "text",
        "thread_ts", "ts", "type", "user",
    },
    "me_message": {"channel", "channel_type", "event_ts", "subtype", "text", "ts", "type", "user"},
}  # fmt: skip
NOT_IN_MESSAGE_EVENTS = {"timestamp", "user_team", "media_display_type", "file_access", "ims"}
IN_PIN = {
    "app_id", "attachments", "blocks", "bot_id", "bot_profile", "client_msg_id", "permalink", "pinned_to", "team",
    "text", "ts", "type", "user",
}  # fmt: skip
IN_MENTION = {
    "attachments", "blocks", "bot_id", "bot_profile", "channel", "client_msg_id", "edited", "event_ts", "files",
    "team", "text", "thread_ts", "ts", "type", "user",
}  # fmt: skip


class SlackMessages:
    """Builds the JSON of one workspace's messages."""

    def __init__(self, state: State, settings: Settings, base_url: str) -> None:
        self.state = state
        self.settings = settings
        self.base_url = base_url

    def bot_profile(self, message: Message) -> Json | None:
        """Return the profile of the app that posted a message; `None` if a person did."""
        if message.bot_id is None:
            return None
        bot = next((user for user in self.state.users.values() if user.bot_id == message.bot_id), None)
        return {
            "id": message.bot_id,
            "deleted": False,
            "name": bot.real_name if bot else message.bot_id,
            "updated": 1_700_000_000,
            "app_id": message.app_id or "",
            "icons": {f"image_{size}": f"https://avatars.sandbox.invalid/bot-{size}.png" for size in (36, 48, 72)},
            "team_id": self.settings.team_id,
        }

    def file(self, file: File) -> Json:
        """Return a file object."""
        return file_object(file, self.base_url, self.settings.team_id)

    def message(self, message: Message, *, metadata: bool = False, thread: bool = True) -> Json:
        """Return a message object as in `conversations.history`."""
        shape: Json = {"type": "message", "ts": message.ts, "text": message.text}
        if message.user and message.subtype != "bot_message":
            shape["user"] = message.user
            author = self.state.users.get(message.user)
            shape["team"] = author.team_id if author else self.settings.team_id
        optional: Json = {
            "subtype": message.subtype,
            "bot_id": message.bot_id,
            "app_id": message.app_id,
            "bot_profile": self.bot_profile(message),
            "username": message.username,
            "icons": message.icons,
            "client_msg_id": message.client_msg_id,
            "blocks": message.blocks,
            "attachments": message.attachments,
            "edited": dict(message.edited) if message.edited else None,
        }
        shape |= {key: value for key, value in optional.items() if value}
        if message.files:
            shape |= {"files": [self.file(self.state.files[f]) for f in message.files], "upload": False}
        if message.reactions:
            shape["reactions"] = [reaction | {"count": len(reaction["users"])} for reaction in message.reactions]
        if metadata and message.metadata:
            shape["metadata"] = message.metadata
        channel = self.state.channels[message.channel]
        if any(pin["ts"] == message.ts for pin in channel.pins):
            shape["pinned_to"] = [message.channel]
        if thread:
            shape |= self._thread(message)
        return shape | message.extra

    def _thread(self, message: Message) -> Json:
        log = self.state.logs[message.channel]
        if message.is_reply:
            parent = log.messages.get(message.thread_ts or "")
            shape: Json = {"thread_ts": message.thread_ts, "parent_user_id": parent.user if parent else ""}
            if message.broadcast and parent is not None:
                shape["root"] = self.message(parent)
            return shape
        replies = log.replies(message.ts)
        if not replies:
            return {}
        people = list(dict.fromkeys(reply.user for reply in replies))
        return {
            "thread_ts": message.ts,
            "reply_count": len(replies),
            "reply_users_count": len(people),
            "latest_reply": replies[-1].ts,
            "reply_users": people[:5],
            "is_locked": False,
            "subscribed": False,
        }

    def event(self, message: Message, channel: Channel) -> Json:
        """Return the `message` event. It has no metadata, which Slack sends in separate events."""
        shape = self.message(message)
        shape |= {"channel": channel.id, "channel_type": channel.kind, "event_ts": message.ts}
        if "files" in shape:
            shape["files"] = [
                {key: value for key, value in file.items() if key not in NOT_IN_MESSAGE_EVENTS}
                for file in shape["files"]
            ]
        if message.subtype == "file_share":
            shape |= {"display_as_bot": False}
        if message.subtype == "thread_broadcast":
            parent = self.state.message(message.channel, message.thread_ts or "")
            shape["root"] = self._root(parent, channel) if parent else {}
            shape.setdefault("client_msg_id", f"{message.ts}-{message.user}")
        if message.subtype in ("channel_topic", "channel_purpose"):
            shape.pop("team", None)
        allowed = EVENT_FIELDS.get(message.subtype)
        return shape if allowed is None else {key: value for key, value in shape.items() if key in allowed}

    def _root(self, parent: Message, channel: Channel) -> Json:
        counts = ("reply_count", "reply_users", "reply_users_count", "latest_reply")
        thread = self._thread(parent)
        return self.event(parent, channel) | {name: thread[name] for name in counts if name in thread}

    def mention(self, message: Message, channel: Channel) -> Json:
        """Return the `app_mention` event of a message."""
        shape = self.message(message) | {"channel": channel.id, "event_ts": message.ts}
        for file in shape.get("files", []):
            for key in ("channels", "groups", "ims"):
                file.pop(key, None)
        return {key: value for key, value in shape.items() if key in IN_MENTION} | {"type": "app_mention"}

    def changed(self, message: Message, before: Json, channel: Channel, ts: str) -> Json:
        """Return the `message_changed` event; `before` is the message's event before the change."""
        return self._hidden_event("message_changed", channel, ts) | {
            "message": self.event(message, channel),
            "previous_message": before,
        }

    def deleted(self, message_ts: str, before: Json, channel: Channel, ts: str) -> Json:
        """Return the `message_deleted` event."""
        return self._hidden_event("message_deleted", channel, ts) | {
            "deleted_ts": message_ts,
            "previous_message": before,
        }

    def pinned(self, message: Message) -> Json:
        """Return the message object inside pin events."""
        shape = self.message(message) | {"permalink": self.permalink(message)}
        return {key: value for key, value in shape.items() if key in IN_PIN}

    def permalink(self, message: Message) -> str:
        """Return the message's address on slack.com."""
        base = f"https://{self.settings.team_domain}.slack.com/archives/{message.channel}"
        link = f"{base}/p{message.ts.replace('.', '')}"
        return f"{link}?thread_ts={message.thread_ts}&cid={message.channel}" if message.is_reply else link

    @staticmethod
    def _hidden_event(subtype: str, channel: Channel, ts: str) -> Json:
        return {
            "type": "message",
            "subtype": subtype,
            "hidden": True,
            "channel": channel.id,
            "channel_type": channel.kind,
            "ts": ts,
            "event_ts": ts,
        }
