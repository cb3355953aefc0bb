"""Holds the records of a sandbox workspace in memory, with the indexes to find them."""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator
from uuid import uuid4

from sandbox.clock import Clock
from sandbox.model import Channel, Ephemeral, File, Json, Message, User, Usergroup, View


def new_id(prefix: str) -> str:
    """A fresh ID that looks like Slack's."""
    return f"{prefix}0{uuid4().hex[:9].upper()}"


class ChannelLog:
    """The messages of one channel: those on its timeline in order, and the replies under each thread."""

    def __init__(self) -> None:
        self.messages: dict[str, Message] = {}
        self.timeline: list[str] = []
        self.threads: dict[str, list[str]] = {}

    def add(self, message: Message) -> None:
        """Add a message to the timeline or its thread, or to both if it is broadcast."""
        self.messages[message.ts] = message
        if message.is_reply and message.thread_ts is not None:
            insort(self.threads.setdefault(message.thread_ts, []), message.ts)
        if not message.is_reply or message.broadcast:
            insort(self.timeline, message.ts)

    def remove(self, message: Message) -> None:
        """Remove a message."""
        self.messages.pop(message.ts, None)
        for timestamps in (self.timeline, self.threads.get(message.thread_ts or "", [])):
            index = bisect_left(timestamps, message.ts)
            if index < len(timestamps) and timestamps[index] == message.ts:
                del timestamps[index]
        if message.is_reply and message.thread_ts and not self.threads.get(message.thread_ts):
            self.threads.pop(message.thread_ts, None)

    def replies(self, ts: str) -> list[Message]:
        """Return the replies under a message, oldest first."""
        return [self.messages[reply] for reply in self.threads.get(ts, ())]

    def between(self, oldest: str, latest: str, *, inclusive: bool) -> list[Message]:
        """Return the timeline from `oldest` to `latest`, oldest first."""
        if inclusive:
            start, end = bisect_left(self.timeline, oldest), bisect_right(self.timeline, latest)
        else:
            start, end = bisect_right(self.timeline, oldest), bisect_left(self.timeline, latest)
        return [self.messages[ts] for ts in self.timeline[start:end]]

    def __iter__(self) -> Iterator[Message]:
        return (self.messages[ts] for ts in self.timeline)


class State:
    """All records of a workspace. `changed` collects the (kind, key) of records to be stored."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.users: dict[str, User] = {}
        self.channels: dict[str, Channel] = {}
        self.logs: dict[str, ChannelLog] = {}
        self.ephemerals: list[Ephemeral] = []
        self.views: dict[str, View] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, View] = {}
        self.files: dict[str, File] = {}
        self.contents: dict[str, bytes] = {}
        self.unfurls: dict[tuple[str, str], Json] = {}  # by channel and `ts`: the previews of a message's links
        self.canvases: dict[str, list[list[str]]] = {}  # the sections of each canvas: ID and Markdown
        self.usergroups: dict[str, Usergroup] = {}
        self.changed: set[tuple[str, str]] = set()
        self.refused_blocks: set[str] = set()  # types that this workspace does not have yet
        self._last_us = 0

    def ts(self) -> str:
        """Return a new message timestamp, later than all before."""
        self._last_us = max(int(self.clock.now() * 1_000_000), self._last_us + 1)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def issue_after(self, ts: str) -> None:
        """Issue only timestamps after this one (after a restart)."""
        seconds, _, fraction = ts.partition(".")
        self._last_us = max(self._last_us, int(seconds) * 1_000_000 + int(fraction or 0))

    def touch(self, kind: str, key: str) -> None:
        """Note that a record must be stored."""
        self.changed.add((kind, key))

    def add_user(self, user: User) -> User:
        """Add a user."""
        self.users[user.id] = user
        self.touch("user", user.id)
        return user

    def add_channel(self, channel: Channel) -> Channel:
        """Add a channel."""
        self.channels[channel.id] = channel
        self.logs.setdefault(channel.id, ChannelLog())
        self.touch("channel", channel.id)
        return channel

    def remove_channel(self, channel: Channel) -> None:
        """Remove a channel and its messages."""
        for ts in self.logs.pop(channel.id).messages:
            self.touch("message", f"{channel.id}|{ts}")
        del self.channels[channel.id]
        self.touch("channel", channel.id)

    def add_message(self, message: Message) -> Message:
        """Add a message to its channel."""
        self.logs[message.channel].add(message)
        self.touch("message", f"{message.channel}|{message.ts}")
        return message

    def remove_message(self, message: Message) -> None:
        """Remove a message."""
        self.logs[message.channel].remove(message)
        self.touch("message", f"{message.channel}|{message.ts}")

    def message(self, channel: str, ts: str) -> Message | None:
        """Return a message by channel ID and timestamp, or `None`."""
        log = self.logs.get(channel)
        return log.messages.get(ts) if log else None

    def user_named(self, name: str) -> User | None:
        """Return a user by ID, handle, display name, real name or email, or `None`."""
        lowered = name.removeprefix("@").lower()
        if name in self.users:
            return self.users[name]
        for user in self.users.values():
            if lowered in (user.name.lower(), user.display_name.lower(), user.real_name.lower(), user.email.lower()):
                return user
        return None

    def channel_named(self, name: str) -> Channel | None:
        """Return a channel by ID or name, with or without `#`, or `None`. One that is not archived comes first."""
        if name in self.channels:
            return self.channels[name]
        lowered = name.removeprefix("#").lower()
        candidates = [c for c in self.channels.values() if c.name == lowered and not c.is_im]
        return next((c for c in candidates if not c.is_archived), candidates[0] if candidates else None)

    def im_between(self, user: str, other: str) -> Channel | None:
        """Return the direct-message channel of two users, or `None` if it was never opened."""
        pair = {user, other}
        return next((c for c in self.channels.values() if c.is_im and set(c.members) == pair), None)

    def ephemerals_for(self, viewer: str, channel: str | None = None) -> list[Ephemeral]:
        """List the messages that only this user sees, oldest first; in one channel (by ID), or in all."""
        return [
            ephemeral
            for ephemeral in self.ephemerals
            if ephemeral.viewer == viewer and not ephemeral.deleted and channel in (None, ephemeral.channel)
        ]
