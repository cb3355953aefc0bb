"""Imitates Slack's `conversations.*` methods about members: list, invite, join, kick, leave."""

from sandbox.errors import SlackError
from sandbox.methods.conversations import READ, WRITE, require_active, require_channel, shape
from sandbox.methods.registry import Call, cursor_metadata, method, paginate
from sandbox.model import Channel, Json, User

INVITE = ("channels:manage", "groups:write", "im:write", "mpim:write", "channels:write.invites", "groups:write.invites")
MAX_INVITES = 100


@method(
    "conversations.members",
    {"channel": "s", "cursor": "s", "limit": "i"},
    ("channel",),
    tier="t4",
    scopes=READ,
    json_input=False,
)
def members(call: Call) -> Json:
    """A page of the IDs of a channel's members."""
    channel = call.channel()
    call.require_scope(channel, "read")
    part, cursor = paginate(channel.members, call)
    return {"members": part, **cursor_metadata(cursor)}


@method("conversations.invite", {"channel": "s", "users": "s", "force": "b"}, ("channel", "users"), scopes=INVITE)
def invite(call: Call) -> Json:
    """Invite users. With `force` those who can be invited are; the others are listed as errors."""
    channel = require_active(require_channel(call.channel(member=True)))
    call.require_manage_scope(channel, "write.invites")
    users = list(dict.fromkeys(part.strip() for part in call.args["users"].split(",") if part.strip()))
    if not users:
        raise SlackError("no_user")
    if len(users) > MAX_INVITES:
        raise SlackError("too_many_users")
    refused = {user: error for user in users if (error := _cannot_be_invited(call, channel, user))}
    if refused and (len(users) == 1 or not call.get("force") or len(refused) == len(users)):
        errors = [{"user": user, "ok": False, "error": error} for user, error in refused.items()]
        raise SlackError(next(iter(refused.values())), errors=errors)
    for user in users:
        if user not in refused:
            call.ws.membership.join(channel, call.ws.state.users[user], inviter=call.bot.id)
    answer: Json = {"channel": shape(call, channel)}
    if refused:
        answer["errors"] = [{"user": user, "ok": False, "error": error} for user, error in refused.items()]
    return answer


def _cannot_be_invited(call: Call, channel: Channel, user_id: str) -> str | None:
    user: User | None = call.ws.state.users.get(user_id)
    if user is None:
        return "user_not_found"
    if user.id == call.bot.id:
        return "cant_invite_self"
    if user.deleted or user.id == "USLACKBOT":
        return "cant_invite"
    if user.id in channel.members:
        return "already_in_channel"
    if user.is_stranger and not channel.is_ext_shared:
        return "org_user_not_in_team"
    if user.is_ultra_restricted:
        return "ura_max_channels"
    return None


@method("conversations.join", {"channel": "s"}, ("channel",), scopes=("channels:join",))
def join(call: Call) -> Json:
    """Add the bot to a public channel. If it is a member already, it gets a warning, not an error."""
    channel = require_active(call.channel())
    if not channel.is_public:
        raise SlackError("method_not_supported_for_channel_type")
    answer: Json = {"channel": {}}
    if call.bot.id in channel.members:
        answer |= {"warning": "already_in_channel", "response_metadata": {"warnings": ["already_in_channel"]}}
    else:
        call.ws.membership.join(channel, call.bot)
    return answer | {"channel": shape(call, channel)}


@method(
    "conversations.kick", {"channel": "s", "user": "s"}, ("channel", "user"), scopes=("channels:manage", "groups:write")
)
def kick(call: Call) -> Json:
    """Remove another user from a channel."""
    channel = require_channel(call.channel(member=True))
    call.require_manage_scope(channel)
    user = call.user()
    if user.id == call.bot.id:
        raise SlackError("cant_kick_self")
    if channel.is_general:
        raise SlackError("cant_kick_from_general")
    if user.id not in channel.members:
        raise SlackError("not_in_channel")
    call.ws.membership.leave(channel, user, by=call.bot.id)
    return {"errors": {}}


@method("conversations.leave", {"channel": "s"}, ("channel",), scopes=(*WRITE, "channels:write"))
def leave(call: Call) -> Json:
    """Remove the bot from a channel. If it is no member, it gets `not_in_channel: true`, not an error."""
    channel = require_channel(call.channel())
    if channel.is_general:
        raise SlackError("cant_leave_general")
    require_active(channel)
    if call.bot.id not in channel.members:
        return {"not_in_channel": True}
    if len(channel.members) == 1 and channel.is_private:
        raise SlackError("last_member")
    call.ws.membership.leave(channel, call.bot)
    return {}
