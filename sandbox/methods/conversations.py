"""Imitates Slack's `conversations.*` methods that create, list, change, archive and open channels."""

from sandbox.errors import SlackError
from sandbox.methods.registry import KINDS, Call, cursor_metadata, method, paginate
from sandbox.model import Channel, Json
from sandbox.slack_objects import channel_object

READ = ("channels:read", "groups:read", "im:read", "mpim:read")
WRITE = ("channels:manage", "groups:write", "im:write", "mpim:write")
TOPIC = ("channels:manage", "groups:write", "im:write", "mpim:write", "channels:write.topic", "groups:write.topic")
TYPES = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


def shape(call: Call, channel: Channel, *, num_members: bool = False) -> Json:
    """Return the conversation object as the bot sees it."""
    return channel_object(channel, call.bot.id, call.ws.settings.team_id, num_members=num_members)


def require_channel(channel: Channel) -> Channel:
    """Return the channel. Raises `SlackError` for a direct message."""
    if channel.is_im or channel.is_mpim:
        raise SlackError("method_not_supported_for_channel_type")
    return channel


def require_active(channel: Channel) -> Channel:
    """Return the channel. Raises `SlackError` if it is archived."""
    if channel.is_archived:
        raise SlackError("is_archived")
    return channel


@method(
    "conversations.create",
    {"name": "s", "is_private": "b", "team_id": "s"},
    ("name",),
    tier="t2",
    scopes=("groups:write", "im:write", "mpim:write", "channels:write", "channels:manage"),
)
def create(call: Call) -> Json:
    """Create a channel whose creator and first member is the bot. Errors: `name_taken`, `invalid_name_*`."""
    private = call.get("is_private", False)
    call.require_any_scope(*(("groups:write",) if private else ("channels:manage", "channels:write")))
    channel = call.ws.membership.create(call.args["name"], call.bot.id, is_private=private)
    return {"channel": shape(call, channel)}


@method(
    "conversations.info",
    {"channel": "s", "include_locale": "b", "include_num_members": "b"},
    ("channel",),
    scopes=READ,
    json_input=False,
)
def info(call: Call) -> Json:
    """One channel, if the bot may see it."""
    channel = call.channel()
    call.require_scope(channel, "read")
    return {"channel": shape(call, channel, num_members=call.get("include_num_members", False))}


LISTED = {"cursor": "s", "exclude_archived": "b", "limit": "i", "team_id": "s", "types": "s"}


def _types(call: Call) -> set[str]:
    names = [name.strip() for name in (call.get("types") or "public_channel").split(",")]
    if unknown := [name for name in names if name not in TYPES]:
        raise SlackError("invalid_types", arg=unknown[0])
    kinds = {TYPES[name] for name in names}
    for kind in sorted(kinds):
        call.require_any_scope(f"{KINDS[kind]}:read")
    return kinds


@method("conversations.list", LISTED, tier="t2", scopes=READ, json_input=False)
def list_all(call: Call) -> Json:
    """A page of the channels that the bot may see."""
    kinds = _types(call)
    visible = [
        channel
        for channel in call.ws.state.channels.values()
        if channel.kind in kinds
        and (channel.is_public or call.bot.id in channel.members)
        and not (call.get("exclude_archived") and channel.is_archived)
    ]
    part, cursor = paginate(visible, call)
    return {"channels": [shape(call, channel, num_members=True) for channel in part], **cursor_metadata(cursor)}


@method("users.conversations", LISTED | {"user": "s", "exclude_muted": "b"}, scopes=READ, json_input=False)
def of_user(call: Call) -> Json:
    """A page of the channels that a user is in and the bot may see. Without `user`, the bot's own."""
    kinds = _types(call)
    user = call.user().id if call.get("user") else call.bot.id
    visible = [
        channel
        for channel in call.ws.state.channels.values()
        if channel.kind in kinds
        and user in channel.members
        and (channel.is_public or call.bot.id in channel.members)
        and not (call.get("exclude_archived") and channel.is_archived)
    ]
    part, cursor = paginate(visible, call)
    return {"channels": [shape(call, channel) for channel in part], **cursor_metadata(cursor)}


@method("conversations.archive", {"channel": "s"}, ("channel",), tier="t2", scopes=(*WRITE, "channels:write"))
def archive(call: Call) -> Json:
    """Archive a channel that the bot is in."""
    channel = require_channel(call.channel())
    call.require_manage_scope(channel)
    if channel.is_general:
        raise SlackError("cant_archive_general")
    if channel.is_archived:
        raise SlackError("already_archived")
    if call.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    call.ws.membership.archive(channel, call.bot.id)
    return {}


@method("conversations.unarchive", {"channel": "s"}, ("channel",), tier="t2", scopes=(*WRITE, "channels:write"))
def unarchive(call: Call) -> Json:
    """Undo an archiving."""
    channel = require_channel(call.channel())
    call.require_manage_scope(channel)
    call.ws.membership.unarchive(channel, call.bot.id)
    return {}


@method("conversations.rename", {"channel": "s", "name": "s"}, ("channel", "name"), tier="t2", scopes=WRITE)
def rename(call: Call) -> Json:
    """Rename a channel that the bot created."""
    channel = require_active(require_channel(call.channel(member=True)))
    call.require_manage_scope(channel)
    if channel.creator != call.bot.id:
        raise SlackError("not_authorized")
    call.ws.membership.rename(channel, call.bot.id, call.args["name"])
    return {"channel": shape(call, channel)}


@method("conversations.setTopic", {"channel": "s", "topic": "s"}, ("channel", "topic"), tier="t2", scopes=TOPIC)
def set_topic(call: Call) -> Json:
    """Set a channel's topic."""
    channel = require_active(call.channel(member=True))
    call.require_manage_scope(channel, "write.topic")
    call.ws.membership.set_topic(channel, call.bot.id, call.args["topic"])
    return {"channel": shape(call, channel)}


@method("conversations.setPurpose", {"channel": "s", "purpose": "s"}, ("channel", "purpose"), tier="t2", scopes=TOPIC)
def set_purpose(call: Call) -> Json:
    """Set a channel's purpose."""
    channel = require_active(call.channel(member=True))
    call.require_manage_scope(channel, "write.topic")
    call.ws.membership.set_purpose(channel, call.bot.id, call.args["purpose"])
    return {"purpose": channel.purpose["value"]}


MAX_PEOPLE = 8  # in a group conversation, without the caller
OPENED = {"channel": "s", "users": "s", "return_im": "b", "prevent_creation": "b"}


@method("conversations.open", OPENED, scopes=WRITE)
def open_direct(call: Call) -> Json:
    """Open the direct or group conversation with up to eight users, or return the one that exists."""
    if call.get("channel"):
        channel = call.channel()
        if not (channel.is_im or channel.is_mpim):
            raise SlackError("method_not_supported_for_channel_type")
        return {"channel": shape(call, channel) if call.get("return_im") else {"id": channel.id}}
    users = [part.strip() for part in (call.get("users") or "").split(",") if part.strip()]
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > MAX_PEOPLE:
        raise SlackError("too_many_users")
    known_users = [call.ws.state.users.get(user) for user in users]
    if any(user is None for user in known_users):
        raise SlackError("user_not_found")
    if any(user and user.deleted for user in known_users):
        raise SlackError("user_disabled")
    call.require_any_scope("im:write" if len(users) == 1 else "mpim:write")
    existing = call.ws.state.im_between(call.bot.id, users[0]) if len(users) == 1 else None
    if call.get("prevent_creation") and existing is None:
        raise SlackError("channel_not_found")
    if len(users) == 1:
        channel = call.ws.membership.open_im(call.bot.id, users[0])
    else:
        channel = call.ws.membership.open_mpim([call.bot.id, *users])
    conversation = shape(call, channel) if call.get("return_im") else {"id": channel.id}
    already = {"no_op": True, "already_open": True} if existing else {}
    return {**already, "channel": conversation}


@method("conversations.close", {"channel": "s"}, ("channel",), tier="t2", scopes=WRITE)
def close(call: Call) -> Json:
    """Close a direct or group conversation. Its history stays."""
    channel = call.channel()
    if not (channel.is_im or channel.is_mpim):
        raise SlackError("method_not_supported_for_channel_type")
    return {}


@method("conversations.mark", {"channel": "s", "ts": "s"}, ("channel", "ts"), scopes=WRITE)
def mark(call: Call) -> Json:
    """Set the read cursor of the bot in a channel."""
    channel = call.channel(member=True)
    if not call.args["ts"].replace(".", "").isdigit():
        raise SlackError("invalid_timestamp")
    channel.last_read[call.bot.id] = call.args["ts"]
    call.ws.state.touch("channel", channel.id)
    return {}
