"""conversations.*: channels and their history."""

from sandbox.errors import SlackError
from sandbox.methods.registry import KINDS, Call, cursor_at, cursor_for, metadata, method, page
from sandbox.model import Channel, Json, Message, User

READ = ("channels:read", "groups:read", "im:read", "mpim:read")
HISTORY = ("channels:history", "groups:history", "im:history", "mpim:history")
WRITE = ("channels:manage", "groups:write", "im:write", "mpim:write")
INVITE = ("channels:manage", "groups:write", "im:write", "mpim:write", "channels:write.invites", "groups:write.invites")
TOPIC = ("channels:manage", "groups:write", "im:write", "mpim:write", "channels:write.topic", "groups:write.topic")
MAX_INVITES = 100
TYPES = {"public_channel": "channel", "private_channel": "group", "im": "im", "mpim": "mpim"}


def shape(call: Call, channel: Channel, *, num_members: bool = False) -> Json:
    """The channel as the bot sees it."""
    return channel.api(call.bot.id, call.ws.settings.team_id, num_members=num_members)


def a_room(channel: Channel) -> Channel:
    """Refuse what only channels can do to direct messages."""
    if channel.is_im or channel.is_mpim:
        raise SlackError("method_not_supported_for_channel_type")
    return channel


def alive(channel: Channel) -> Channel:
    """Refuse archived channels."""
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
    private = call.get("is_private", False)
    call.need_any(*(("groups:write",) if private else ("channels:manage", "channels:write")))
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
    channel = call.channel()
    call.need(channel, "read")
    return {"channel": shape(call, channel, num_members=call.get("include_num_members", False))}


LISTED = {"cursor": "s", "exclude_archived": "b", "limit": "i", "team_id": "s", "types": "s"}


def _types(call: Call) -> set[str]:
    names = [name.strip() for name in (call.get("types") or "public_channel").split(",")]
    if unknown := [name for name in names if name not in TYPES]:
        raise SlackError("invalid_types", arg=unknown[0])
    kinds = {TYPES[name] for name in names}
    for kind in sorted(kinds):
        call.need_any(f"{KINDS[kind]}:read")
    return kinds


@method("conversations.list", LISTED, tier="t2", scopes=READ, json_input=False)
def list_all(call: Call) -> Json:
    kinds = _types(call)
    seen = [
        channel
        for channel in call.ws.state.channels.values()
        if channel.kind in kinds
        and (channel.is_public or call.bot.id in channel.members)
        and not (call.get("exclude_archived") and channel.is_archived)
    ]
    part, cursor = page(seen, call)
    return {"channels": [shape(call, channel, num_members=True) for channel in part], **metadata(cursor)}


@method("users.conversations", LISTED | {"user": "s", "exclude_muted": "b"}, scopes=READ, json_input=False)
def of_user(call: Call) -> Json:
    kinds = _types(call)
    user = call.user().id if call.get("user") else call.bot.id
    seen = [
        channel
        for channel in call.ws.state.channels.values()
        if channel.kind in kinds
        and user in channel.members
        and (channel.is_public or call.bot.id in channel.members)
        and not (call.get("exclude_archived") and channel.is_archived)
    ]
    part, cursor = page(seen, call)
    return {"channels": [shape(call, channel) for channel in part], **metadata(cursor)}


SPAN = {
    "channel": "s", "cursor": "s", "inclusive": "b", "latest": "s", "oldest": "s", "limit": "i",
    "include_all_metadata": "b",
}  # fmt: skip
LAST = "9999999999.999999"


def _stamp(call: Call, name: str, default: str) -> str:
    value = call.get(name)
    if not value or value == "0":
        return default
    seconds, _, fraction = value.partition(".")
    if value == "now":
        return LAST
    if not seconds.isdigit() or (fraction and not fraction.isdigit()):
        raise SlackError(f"invalid_ts_{name}")
    return f"{int(seconds):010d}.{fraction[:6]:0<6}"


def _cut(call: Call, messages: list[Message], *, newest_first: bool) -> tuple[list[Message], str]:
    limit = call.get("limit", 100) or 100
    if limit < 1 or limit > 999:
        raise SlackError("invalid_limit")
    ordered = messages[::-1] if newest_first else messages
    start = cursor_at(call)
    if start:  # the cursor holds a moment, so that messages posted meanwhile move nothing
        edge = f"{start // 1_000_000}.{start % 1_000_000:06d}"
        ordered = [m for m in ordered if (m.ts < edge if newest_first else m.ts > edge)]
    part = ordered[:limit]
    more = len(ordered) > limit
    return part, cursor_for(int(part[-1].ts.replace(".", ""))) if more else ""


@method("conversations.history", SPAN, ("channel",), scopes=HISTORY)
def history(call: Call) -> Json:
    channel = call.channel(member=True)
    call.need(channel, "history")
    oldest, latest = _stamp(call, "oldest", "0000000000.000000"), _stamp(call, "latest", LAST)
    span = call.ws.state.logs[channel.id].between(oldest, latest, inclusive=call.get("inclusive", False))
    part, cursor = _cut(call, span, newest_first=True)
    with_metadata = call.get("include_all_metadata", False)
    answer: Json = {
        "messages": [call.ws.slack_objects.message(message, metadata=with_metadata) for message in part],
        "has_more": bool(cursor),
        "pin_count": len(channel.pins),
        "channel_actions_ts": None,
        "channel_actions_count": 0,
    }
    return answer | (metadata(cursor) if cursor else {})


@method("conversations.replies", SPAN | {"ts": "s"}, ("channel", "ts"), scopes=HISTORY, json_input=False)
def replies(call: Call) -> Json:
    channel = call.channel(member=True)
    call.need(channel, "history")
    log = call.ws.state.logs[channel.id]
    named = log.messages.get(call.args["ts"])
    if named is None:
        raise SlackError("thread_not_found")
    parent = log.messages.get(named.thread_ts or named.ts, named)
    oldest, latest = _stamp(call, "oldest", "0000000000.000000"), _stamp(call, "latest", LAST)
    whole = log.replies(parent.ts)
    inclusive = call.get("inclusive", False)
    span = [m for m in whole if oldest < m.ts < latest or (inclusive and m.ts in (oldest, latest))]
    part, cursor = _cut(call, span, newest_first=False)
    with_metadata = call.get("include_all_metadata", False)
    shapes = [call.ws.slack_objects.message(message, metadata=with_metadata) for message in [parent, *part]]
    return {"messages": shapes, "has_more": bool(cursor)} | (metadata(cursor) if cursor else {})


@method(
    "conversations.members",
    {"channel": "s", "cursor": "s", "limit": "i"},
    ("channel",),
    tier="t4",
    scopes=READ,
    json_input=False,
)
def members(call: Call) -> Json:
    channel = call.channel()
    call.need(channel, "read")
    part, cursor = page(channel.members, call)
    return {"members": part, **metadata(cursor)}


@method("conversations.invite", {"channel": "s", "users": "s", "force": "b"}, ("channel", "users"), scopes=INVITE)
def invite(call: Call) -> Json:
    channel = alive(a_room(call.channel(member=True)))
    call.manage(channel, "write.invites")
    wanted = list(dict.fromkeys(part.strip() for part in call.args["users"].split(",") if part.strip()))
    if not wanted:
        raise SlackError("no_user")
    if len(wanted) > MAX_INVITES:
        raise SlackError("too_many_users")
    refused = {user: error for user in wanted if (error := _cannot_be_invited(call, channel, user))}
    if refused and (len(wanted) == 1 or not call.get("force") or len(refused) == len(wanted)):
        errors = [{"user": user, "ok": False, "error": error} for user, error in refused.items()]
        raise SlackError(next(iter(refused.values())), errors=errors)
    for user in wanted:
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
    channel = alive(call.channel())
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
    channel = a_room(call.channel(member=True))
    call.manage(channel)
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
    channel = a_room(call.channel())
    if channel.is_general:
        raise SlackError("cant_leave_general")
    alive(channel)
    if call.bot.id not in channel.members:
        return {"not_in_channel": True}
    if len(channel.members) == 1 and channel.is_private:
        raise SlackError("last_member")
    call.ws.membership.leave(channel, call.bot)
    return {}


@method("conversations.archive", {"channel": "s"}, ("channel",), tier="t2", scopes=(*WRITE, "channels:write"))
def archive(call: Call) -> Json:
    channel = a_room(call.channel())
    call.manage(channel)
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
    channel = a_room(call.channel())
    call.manage(channel)
    call.ws.membership.unarchive(channel, call.bot.id)
    return {}


@method("conversations.rename", {"channel": "s", "name": "s"}, ("channel", "name"), tier="t2", scopes=WRITE)
def rename(call: Call) -> Json:
    channel = alive(a_room(call.channel(member=True)))
    call.manage(channel)
    if channel.creator != call.bot.id:
        raise SlackError("not_authorized")
    call.ws.membership.rename(channel, call.bot.id, call.args["name"])
    return {"channel": shape(call, channel)}


@method("conversations.setTopic", {"channel": "s", "topic": "s"}, ("channel", "topic"), tier="t2", scopes=TOPIC)
def set_topic(call: Call) -> Json:
    channel = alive(call.channel(member=True))
    call.manage(channel, "write.topic")
    call.ws.membership.set_topic(channel, call.bot.id, call.args["topic"])
    return {"channel": shape(call, channel)}


@method("conversations.setPurpose", {"channel": "s", "purpose": "s"}, ("channel", "purpose"), tier="t2", scopes=TOPIC)
def set_purpose(call: Call) -> Json:
    channel = alive(call.channel(member=True))
    call.manage(channel, "write.topic")
    call.ws.membership.set_purpose(channel, call.bot.id, call.args["purpose"])
    return {"purpose": channel.purpose["value"]}


OPENED = {"channel": "s", "users": "s", "return_im": "b", "prevent_creation": "b"}


@method("conversations.open", OPENED, scopes=WRITE)
def open_direct(call: Call) -> Json:
    if call.get("channel"):
        channel = call.channel()
        if not (channel.is_im or channel.is_mpim):
            raise SlackError("method_not_supported_for_channel_type")
        return {"channel": shape(call, channel) if call.get("return_im") else {"id": channel.id}}
    users = [part.strip() for part in (call.get("users") or "").split(",") if part.strip()]
    if not users:
        raise SlackError("users_list_not_supplied")
    if len(users) > 8:
        raise SlackError("too_many_users")
    found = [call.ws.state.users.get(user) for user in users]
    if any(user is None for user in found):
        raise SlackError("user_not_found")
    if any(user and user.deleted for user in found):
        raise SlackError("user_disabled")
    call.need_any("im:write" if len(users) == 1 else "mpim:write")
    known = call.ws.state.im_between(call.bot.id, users[0]) if len(users) == 1 else None
    if call.get("prevent_creation") and known is None:
        raise SlackError("channel_not_found")
    if len(users) == 1:
        channel = call.ws.membership.open_im(call.bot.id, users[0])
    else:
        channel = call.ws.membership.open_mpim([call.bot.id, *users])
    opened = shape(call, channel) if call.get("return_im") else {"id": channel.id}
    already = {"no_op": True, "already_open": True} if known else {}
    return {**already, "channel": opened}


@method("conversations.close", {"channel": "s"}, ("channel",), tier="t2", scopes=WRITE)
def close(call: Call) -> Json:
    channel = call.channel()
    if not (channel.is_im or channel.is_mpim):
        raise SlackError("method_not_supported_for_channel_type")
    return {}


@method("conversations.mark", {"channel": "s", "ts": "s"}, ("channel", "ts"), scopes=WRITE)
def mark(call: Call) -> Json:
    channel = call.channel(member=True)
    if not call.args["ts"].replace(".", "").isdigit():
        raise SlackError("invalid_timestamp")
    channel.last_read[call.bot.id] = call.args["ts"]
    call.ws.state.touch("channel", channel.id)
    return {}
