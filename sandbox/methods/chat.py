"""Imitates Slack's `chat.*` methods, which post, update and delete messages."""

from typing import Any

from sandbox.blocks import attachments_of, blocks_of
from sandbox.errors import SlackError
from sandbox.methods.registry import Call, method
from sandbox.model import Channel, Json, Message
from sandbox.mrkdwn import clean

MAX_TEXT = 40_000
MAX_UPDATE_TEXT = 4_000
MAX_MARKDOWN = 12_000
MAX_METADATA = 16_000
POST_ARGS = {
    "channel": "s", "text": "s", "blocks": "j", "attachments": "j", "thread_ts": "s", "reply_broadcast": "b",
    "metadata": "j", "markdown_text": "s", "mrkdwn": "b", "parse": "s", "link_names": "b", "unfurl_links": "b",
    "unfurl_media": "b", "username": "s", "icon_emoji": "s", "icon_url": "s", "as_user": "b",
}  # fmt: skip

NOT_FOR_EPHEMERALS = {"reply_broadcast", "mrkdwn", "unfurl_links", "unfurl_media"}


def content(call: Call) -> Json:
    """The cleaned text and validated blocks and attachments. Raises `SlackError`, `no_text` if all are empty."""
    text = call.get("text") or ""
    if (markdown := call.get("markdown_text")) is not None:
        if text or call.get("blocks"):
            raise SlackError("markdown_text_conflict")
        if len(markdown) > MAX_MARKDOWN:
            raise SlackError("msg_too_long")
        text = markdown
    blocks = blocks_of(call.get("blocks"), refused=call.ws.state.refused_blocks)
    attachments = attachments_of(call.get("attachments"), refused=call.ws.state.refused_blocks)
    if not text.strip() and not blocks and not attachments:
        raise SlackError("no_text")
    return {"text": clean(text[:MAX_TEXT]), "blocks": blocks, "attachments": attachments}


def metadata(call: Call) -> Json | None:
    """Return the validated metadata, or `None`. Raises `SlackError`."""
    value = call.get("metadata")
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("event_type"), str) or not value["event_type"]:
        raise SlackError("invalid_metadata_format")
    payload = value.get("event_payload")
    if not isinstance(payload, dict):
        raise SlackError("invalid_metadata_format")
    if any(value is None for value in payload.values()):
        raise SlackError("invalid_metadata_schema")
    if len(str(value)) > MAX_METADATA:
        raise SlackError("metadata_too_large")
    return {"event_type": value["event_type"], "event_payload": payload}


def postable(call: Call) -> Channel:
    """Return the channel to post in, by ID or name; a user ID opens a direct message. Raises `SlackError`."""
    target = str(call.args["channel"])
    state = call.ws.state
    if target in state.users:
        if state.users[target].is_bot:
            raise SlackError("cannot_dm_bot")
        channel: Channel | None = call.ws.membership.open_im(call.bot.id, target)
    else:
        channel = state.channels.get(target)
        if channel is None and not target.startswith(("C0", "D0", "G0")):
            channel = next((c for c in state.channels.values() if c.name == target.removeprefix("#")), None)
    member = channel is not None and call.bot.id in channel.members
    if channel is None or not (channel.is_public or member):
        raise SlackError("channel_not_found")
    if channel.is_archived:
        raise SlackError("is_archived")
    scopes = call.ws.manifest.scopes
    if not member and (scopes is None or "chat:write.public" not in scopes):
        raise SlackError("not_in_channel")
    return channel


def thread(call: Call, channel: Channel) -> str | None:
    """Return the thread to post in; a reply's ts leads to its parent. `None` without one. Raises `SlackError`."""
    ts = call.get("thread_ts")
    if not ts:
        return None
    parent = call.ws.state.message(channel.id, ts)
    if parent is None:
        raise SlackError("thread_not_found")
    if parent.subtype in ("channel_join", "channel_leave", "channel_archive", "channel_unarchive"):
        raise SlackError("cannot_reply_to_message")
    return parent.thread_ts if parent.is_reply else parent.ts


def custom_author(call: Call) -> Json:
    """Return the message fields for a custom name or icon; empty without one. Raises `SlackError` without the scope."""
    author = {name: call.get(name) for name in ("username", "icon_emoji", "icon_url") if call.get(name)}
    if not author:
        return {}
    call.require_any_scope("chat:write.customize")
    icons = {name.removeprefix("icon_"): value for name, value in author.items() if name.startswith("icon_")}
    return {"subtype": "bot_message", "username": author.get("username", call.bot.real_name), "icons": icons or None}


@method("chat.postMessage", POST_ARGS, ("channel",), tier="t5", scopes=("chat:write",))
def post_message(call: Call) -> Json:
    """Post a message, in a thread if `thread_ts` is given. Answers with the message as stored."""
    body = content(call)
    data = metadata(call)
    channel = postable(call)
    thread_ts = thread(call, channel)
    fields: Json = body | custom_author(call) | {"metadata": data, "thread_ts": thread_ts}
    fields |= {"bot_id": call.bot.bot_id, "app_id": call.bot.app_id}
    if thread_ts and call.get("reply_broadcast"):
        fields |= {"broadcast": True, "subtype": "thread_broadcast"}
    message = call.ws.posting.post(channel, call.bot.id, fields.pop("text"), **fields)
    shape = call.ws.slack_messages.message(message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shape}


@method("chat.meMessage", {"channel": "s", "text": "s"}, ("channel", "text"), scopes=("chat:write",))
def me_message(call: Call) -> Json:
    """Post a `/me` message."""
    channel = postable(call)
    text = clean(call.args["text"])
    message = call.ws.posting.post(channel, call.bot.id, text, subtype="me_message", bot_id=call.bot.bot_id)
    return {"channel": channel.id, "ts": message.ts}


UPDATE_ARGS = {
    "channel": "s", "ts": "s", "text": "s", "blocks": "j", "attachments": "j", "metadata": "j", "markdown_text": "s",
    "parse": "s", "link_names": "b", "reply_broadcast": "b", "file_ids": "l", "as_user": "b",
}  # fmt: skip


@method("chat.update", UPDATE_ARGS, ("channel", "ts"), scopes=("chat:write",))
def update(call: Call) -> Json:
    """Edit one of the bot's own messages. Blocks that are not sent again are dropped if there is new text."""
    channel = call.channel()
    message = own(call, channel, "cant_update_message")
    if channel.is_archived:
        raise SlackError("is_archived")
    if len(call.get("text") or "") > MAX_UPDATE_TEXT:
        raise SlackError("msg_too_long")
    changes: dict[str, Any] = content(call)
    if "blocks" not in call.args and "text" in call.args:
        changes["blocks"] = None
    if "attachments" not in call.args:
        changes.pop("attachments")
    if (data := metadata(call)) is not None:
        changes["metadata"] = data
    call.ws.posting.edit(message, call.bot.id, changes, quiet=bool(changes.get("blocks")))
    shape = call.ws.slack_messages.message(message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "text": message.text, "message": shape}


def own(call: Call, channel: Channel, refusal: str) -> Message:
    """Return the app's own message that the call names. Raises `SlackError(refusal)` for others'."""
    message = call.message(channel, call.args["ts"])
    if message.user != call.bot.id or message.subtype not in (None, "bot_message", "thread_broadcast", "file_share"):
        raise SlackError(refusal)
    return message


@method("chat.delete", {"channel": "s", "ts": "s", "as_user": "b"}, ("channel", "ts"), scopes=("chat:write",))
def delete(call: Call) -> Json:
    """Delete one of the bot's own messages."""
    channel = call.channel()
    message = own(call, channel, "cant_delete_message")
    call.ws.posting.delete(message)
    return {"channel": channel.id, "ts": message.ts}


EPHEMERAL_ARGS = {name: kind for name, kind in POST_ARGS.items() if name not in NOT_FOR_EPHEMERALS}


@method("chat.postEphemeral", EPHEMERAL_ARGS | {"user": "s"}, ("channel", "user"), tier="t4", scopes=("chat:write",))
def post_ephemeral(call: Call) -> Json:
    """Show a message to one member of a channel. It is in no history."""
    body = content(call)
    channel = call.channel()
    user = call.user()
    if channel.is_archived:
        raise SlackError("is_archived")
    if call.bot.id not in channel.members:
        raise SlackError("not_in_channel" if channel.is_public else "channel_not_found")
    if user.id not in channel.members:
        raise SlackError("user_not_in_channel")
    fields = body | {"thread_ts": thread(call, channel)}
    ephemeral = call.ws.posting.ephemeral(channel.id, user.id, fields.pop("text"), **fields)
    return {"message_ts": ephemeral.ts}


@method(
    "chat.getPermalink", {"channel": "s", "message_ts": "s"}, ("channel", "message_ts"), tier="t5", json_input=False
)
def get_permalink(call: Call) -> Json:
    """The permanent link of a message."""
    channel = call.channel()
    message = call.message(channel, call.args["message_ts"])
    return {"channel": channel.id, "permalink": call.ws.permalink(message)}
