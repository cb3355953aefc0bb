"""Changes the sandbox's channels and their members, with the notices and events that Slack sends about it."""

import re

from sandbox import slack_events
from sandbox.errors import SlackError
from sandbox.journal import Journal
from sandbox.model import Channel, User
from sandbox.posting import Emit, Posting
from sandbox.state import State, new_id

MAX_NAME = 80
MAX_TOPIC = 250
ALLOWED = re.compile(r"[^\W_]|[-_]")


def check_name(name: str) -> str:
    """Return a valid channel name without `#`. Raises Slack's error for an invalid one."""
    name = name.removeprefix("#")
    if not name.strip():
        raise SlackError("invalid_name_required")
    if len(name) > MAX_NAME:
        raise SlackError("invalid_name_maxlength")
    if not any(character.isalnum() for character in name):
        raise SlackError("invalid_name_punctuation")
    if name != name.lower() or not all(ALLOWED.match(character) for character in name):
        raise SlackError("invalid_name_specials")
    return name


class Membership:
    """Creates, renames and archives channels, adds and removes members."""

    def __init__(self, state: State, posting: Posting, journal: Journal, emit: Emit, team_id: str) -> None:
        self.state = state
        self.posting = posting
        self.journal = journal
        self.emit = emit
        self.team_id = team_id

    def create(self, name: str, creator: str, *, is_private: bool = False) -> Channel:
        """Create a channel with its creator as the first member."""
        name = check_name(name)
        self._require_free_name(name)
        now = int(self.state.clock.now())
        channel = Channel(new_id("C"), name, creator, now, is_private=is_private, updated=now)
        channel.members = [creator]
        self.state.add_channel(channel)
        self._changed("channel_created", channel)
        if channel.is_public:
            self.emit(slack_events.channel_created(channel, self.team_id, self.state.ts()), None)
        self._emit_join(channel, self.state.users[creator], None)
        return channel

    def _require_free_name(self, name: str) -> None:
        if any(c.name == name and not c.is_im for c in self.state.channels.values()):
            raise SlackError("name_taken")
        if any(u.name == name for u in self.state.users.values()):
            raise SlackError("name_taken")

    def _changed(self, kind: str, channel: Channel) -> None:
        channel.updated = int(self.state.clock.now())
        self.state.touch("channel", channel.id)
        self.journal.change(kind, {"channel": channel.id})

    def join(self, channel: Channel, user: User, inviter: str | None = None) -> None:
        """Add a member."""
        channel.members.append(user.id)
        self._changed("member_joined", channel)
        self._emit_join(channel, user, inviter)

    def _emit_join(self, channel: Channel, user: User, inviter: str | None) -> None:
        if channel.is_im or channel.is_mpim:
            return
        # Slack sends the field only if there is an inviter; @slack/types requires it, so it is sent empty.
        extra = {"inviter": inviter or ""}
        self.posting.post(channel, user.id, f"<@{user.id}> has joined the channel", subtype="channel_join", extra=extra)
        self.emit(slack_events.membership("member_joined_channel", channel, user, inviter, self.state.ts()), channel)

    def leave(self, channel: Channel, user: User, by: str | None = None) -> None:
        """Remove a member; `by` is the user who removed them."""
        self.posting.post(channel, user.id, f"<@{user.id}> has left the channel", subtype="channel_leave")
        event = slack_events.membership("member_left_channel", channel, user, None, self.state.ts())
        self.emit(event, channel)
        channel.members.remove(user.id)
        self._changed("member_left", channel)
        if user.id == self.posting.bot_user:
            kind = "group_left" if channel.is_private else "channel_left"
            left_event = {"type": kind, "channel": channel.id, "actor_id": by or user.id, "event_ts": self.state.ts()}
            self.emit(left_event, None)

    def delete(self, channel: Channel) -> None:
        """Delete a channel and its messages for good."""
        bot_inside = self.posting.bot_user in channel.members
        kind = "group_deleted" if channel.is_private else "channel_deleted"
        self.state.remove_channel(channel)
        self.journal.change("channel_deleted", {"channel": channel.id})
        if channel.is_public or bot_inside:
            self.emit({"type": kind, "channel": channel.id}, None)

    def set_topic(self, channel: Channel, by: str, topic: str) -> None:
        """Set the channel's topic."""
        if len(topic) > MAX_TOPIC:
            raise SlackError("too_long")
        channel.topic = {"value": topic, "creator": by, "last_set": int(self.state.clock.now())}
        self._changed("channel_topic", channel)
        notice = f"<@{by}> set the channel topic: {topic}" if topic else f"<@{by}> cleared the channel topic"
        self.posting.post(channel, by, notice, subtype="channel_topic", extra={"topic": topic})

    def set_purpose(self, channel: Channel, by: str, purpose: str) -> None:
        """Set the channel's description."""
        if len(purpose) > MAX_TOPIC:
            raise SlackError("too_long")
        channel.purpose = {"value": purpose, "creator": by, "last_set": int(self.state.clock.now())}
        self._changed("channel_purpose", channel)
        notice = f"<@{by}> set the channel description: {purpose}" if purpose else f"<@{by}> cleared the description"
        self.posting.post(channel, by, notice, subtype="channel_purpose", extra={"purpose": purpose})

    def rename(self, channel: Channel, by: str, name: str) -> None:
        """Rename a channel."""
        name = check_name(name)
        old = channel.name
        if name == old:
            return
        self._require_free_name(name)
        channel.previous_names.append(old)
        channel.name = name
        self._changed("channel_rename", channel)
        notice = f'<@{by}> has renamed the channel from "{old}" to "{name}"'
        extra = {"old_name": old, "name": name}
        self.posting.post(channel, by, notice, subtype="channel_name", extra=extra)
        kind = "group_rename" if channel.is_private else "channel_rename"
        self.emit(slack_events.channel_rename(kind, channel, self.state.ts()), None if channel.is_public else channel)

    def archive(self, channel: Channel, by: str) -> None:
        """Archive a channel."""
        if channel.is_archived:
            raise SlackError("already_archived")
        self.posting.post(channel, by, f"<@{by}> archived the channel", subtype="channel_archive")
        channel.is_archived = True
        self._changed("channel_archive", channel)
        self._emit_archive_event("archive", channel, by)

    def unarchive(self, channel: Channel, by: str) -> None:
        """Unarchive a channel; `by` becomes a member."""
        if not channel.is_archived:
            raise SlackError("not_archived")
        channel.is_archived = False
        if by not in channel.members:
            channel.members.append(by)
        self._changed("channel_unarchive", channel)
        self.posting.post(channel, by, f"<@{by}> un-archived the channel", subtype="channel_unarchive")
        self._emit_archive_event("unarchive", channel, by)

    def _emit_archive_event(self, verb: str, channel: Channel, by: str) -> None:
        kind = f"{'group' if channel.is_private else 'channel'}_{verb}"
        event = slack_events.channel_event(kind, channel, by, self.state.ts())
        self.emit(event, None if channel.is_public else channel)

    def open_im(self, user: str, other: str) -> Channel:
        """Return the direct-message channel of two users, opened if necessary."""
        existing = self.state.im_between(user, other)
        if existing is not None:
            return existing
        now = int(self.state.clock.now())
        channel = Channel(new_id("D"), "directmessage", user, now, is_im=True, updated=now)
        channel.members = list(dict.fromkeys([user, other]))
        self.state.add_channel(channel)
        self._changed("im_created", channel)
        return channel

    def open_mpim(self, members: list[str]) -> Channel:
        """Return the group direct message of these users, opened if necessary."""
        channels = (channel for channel in self.state.channels.values() if channel.is_mpim)
        existing = next((channel for channel in channels if set(channel.members) == set(members)), None)
        if existing is not None:
            return existing
        now = int(self.state.clock.now())
        names = "--".join(self.state.users[member].name for member in members)
        channel = Channel(new_id("C"), f"mpdm-{names}-1", members[0], now, is_mpim=True, is_private=True, updated=now)
        channel.members = list(members)
        self.state.add_channel(channel)
        self._changed("mpim_created", channel)
        return channel
