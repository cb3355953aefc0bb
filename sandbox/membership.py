"""Channels and who is in them, whoever changes it."""

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
    """A channel name Slack takes, or its refusal by name."""
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
    """Creates, renames and archives channels; lets people in and out."""

    def __init__(self, state: State, posting: Posting, journal: Journal, emit: Emit, team_id: str) -> None:
        self.state = state
        self.posting = posting
        self.journal = journal
        self.emit = emit
        self.team_id = team_id

    def create(self, name: str, creator: str, *, is_private: bool = False) -> Channel:
        """Open a channel with its creator in it."""
        name = check_name(name)
        self._free(name)
        now = int(self.state.clock.now())
        channel = Channel(new_id("C"), name, creator, now, is_private=is_private, updated=now)
        channel.members = [creator]
        self.state.add_channel(channel)
        self._changed("channel_created", channel)
        if channel.is_public:
            self.emit(slack_events.channel_created(channel, self.team_id, self.state.ts()), None)
        self._joined(channel, self.state.users[creator], None)
        return channel

    def _free(self, name: str) -> None:
        if any(c.name == name and not c.is_im for c in self.state.channels.values()):
            raise SlackError("name_taken")
        if any(u.name == name for u in self.state.users.values()):
            raise SlackError("name_taken")

    def _changed(self, kind: str, channel: Channel) -> None:
        channel.updated = int(self.state.clock.now())
        self.state.touch("channel", channel.id)
        self.journal.change(kind, {"channel": channel.id})

    def join(self, channel: Channel, user: User, inviter: str | None = None) -> None:
        """Let somebody in."""
        channel.members.append(user.id)
        self._changed("member_joined", channel)
        self._joined(channel, user, inviter)

    def _joined(self, channel: Channel, user: User, inviter: str | None) -> None:
        if channel.is_im or channel.is_mpim:
            return
        # Slack names an inviter only where there is one; @slack/types wants the field, so it may be empty.
        extra = {"inviter": inviter or ""}
        self.posting.post(channel, user.id, f"<@{user.id}> has joined the channel", subtype="channel_join", extra=extra)
        self.emit(slack_events.membership("member_joined_channel", channel, user, inviter, self.state.ts()), channel)

    def leave(self, channel: Channel, user: User, by: str | None = None) -> None:
        """Let somebody out; `by` is who put them out."""
        self.posting.post(channel, user.id, f"<@{user.id}> has left the channel", subtype="channel_leave")
        event = slack_events.membership("member_left_channel", channel, user, None, self.state.ts())
        self.emit(event, channel)
        channel.members.remove(user.id)
        self._changed("member_left", channel)
        if user.id == self.posting.bot_user:
            kind = "group_left" if channel.is_private else "channel_left"
            left = {"type": kind, "channel": channel.id, "actor_id": by or user.id, "event_ts": self.state.ts()}
            self.emit(left, None)

    def delete(self, channel: Channel) -> None:
        """Take a channel away for good, with all that was said."""
        bot_inside = self.posting.bot_user in channel.members
        kind = "group_deleted" if channel.is_private else "channel_deleted"
        self.state.remove_channel(channel)
        self.journal.change("channel_deleted", {"channel": channel.id})
        if channel.is_public or bot_inside:
            self.emit({"type": kind, "channel": channel.id}, None)

    def set_topic(self, channel: Channel, by: str, topic: str) -> None:
        """Set the line at the top."""
        if len(topic) > MAX_TOPIC:
            raise SlackError("too_long")
        channel.topic = {"value": topic, "creator": by, "last_set": int(self.state.clock.now())}
        self._changed("channel_topic", channel)
        said = f"<@{by}> set the channel topic: {topic}" if topic else f"<@{by}> cleared the channel topic"
        self.posting.post(channel, by, said, subtype="channel_topic", extra={"topic": topic})

    def set_purpose(self, channel: Channel, by: str, purpose: str) -> None:
        """Set the channel's description."""
        if len(purpose) > MAX_TOPIC:
            raise SlackError("too_long")
        channel.purpose = {"value": purpose, "creator": by, "last_set": int(self.state.clock.now())}
        self._changed("channel_purpose", channel)
        said = f"<@{by}> set the channel description: {purpose}" if purpose else f"<@{by}> cleared the description"
        self.posting.post(channel, by, said, subtype="channel_purpose", extra={"purpose": purpose})

    def rename(self, channel: Channel, by: str, name: str) -> None:
        """Give a channel another name."""
        name = check_name(name)
        old = channel.name
        if name == old:
            return
        self._free(name)
        channel.previous_names.append(old)
        channel.name = name
        self._changed("channel_rename", channel)
        said = f'<@{by}> has renamed the channel from "{old}" to "{name}"'
        extra = {"old_name": old, "name": name}
        self.posting.post(channel, by, said, subtype="channel_name", extra=extra)
        kind = "group_rename" if channel.is_private else "channel_rename"
        self.emit(slack_events.channel_rename(kind, channel, self.state.ts()), None if channel.is_public else channel)

    def archive(self, channel: Channel, by: str) -> None:
        """Close a channel to new messages."""
        if channel.is_archived:
            raise SlackError("already_archived")
        self.posting.post(channel, by, f"<@{by}> archived the channel", subtype="channel_archive")
        channel.is_archived = True
        self._changed("channel_archive", channel)
        self._closed("archive", channel, by)

    def unarchive(self, channel: Channel, by: str) -> None:
        """Open it again."""
        if not channel.is_archived:
            raise SlackError("not_archived")
        channel.is_archived = False
        if by not in channel.members:
            channel.members.append(by)
        self._changed("channel_unarchive", channel)
        self.posting.post(channel, by, f"<@{by}> un-archived the channel", subtype="channel_unarchive")
        self._closed("unarchive", channel, by)

    def _closed(self, what: str, channel: Channel, by: str) -> None:
        kind = f"{'group' if channel.is_private else 'channel'}_{what}"
        event = slack_events.channel_event(kind, channel, by, self.state.ts())
        self.emit(event, None if channel.is_public else channel)

    def open_im(self, one: str, other: str) -> Channel:
        """The direct-message channel of two, opened when it is not there yet."""
        found = self.state.im_between(one, other)
        if found is not None:
            return found
        now = int(self.state.clock.now())
        channel = Channel(new_id("D"), "directmessage", one, now, is_im=True, updated=now)
        channel.members = list(dict.fromkeys([one, other]))
        self.state.add_channel(channel)
        self._changed("im_created", channel)
        return channel

    def open_mpim(self, members: list[str]) -> Channel:
        """The group direct message of these people."""
        wanted = set(members)
        found = next((c for c in self.state.channels.values() if c.is_mpim and set(c.members) == wanted), None)
        if found is not None:
            return found
        now = int(self.state.clock.now())
        names = "--".join(self.state.users[member].name for member in members)
        channel = Channel(new_id("C"), f"mpdm-{names}-1", members[0], now, is_mpim=True, is_private=True, updated=now)
        channel.members = list(members)
        self.state.add_channel(channel)
        self._changed("mpim_created", channel)
        return channel
