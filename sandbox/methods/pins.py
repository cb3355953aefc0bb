"""Imitates Slack's `pins.*` methods."""

from sandbox.errors import SlackError
from sandbox.methods.registry import Call, method
from sandbox.model import Json

PLACE = {"channel": "s", "timestamp": "s"}


@method("pins.add", PLACE, ("channel",), tier="t2", scopes=("pins:write",))
def pin(call: Call) -> Json:
    """Pin a message."""
    channel = call.channel(member=True)
    message = call.message_at_timestamp(channel)
    if channel.is_archived:
        raise SlackError("is_archived")
    call.ws.posting.pin(message, call.bot.id)
    return {}


@method("pins.remove", PLACE, ("channel",), tier="t2", scopes=("pins:write",))
def unpin(call: Call) -> Json:
    """Unpin a message."""
    channel = call.channel(member=True)
    call.ws.posting.unpin(call.message_at_timestamp(channel), call.bot.id)
    return {}


@method("pins.list", {"channel": "s"}, ("channel",), tier="t2", scopes=("pins:read",), json_input=False)
def pins(call: Call) -> Json:
    """A channel's pinned messages, the newest pin first."""
    channel = call.channel(member=True)
    items = []
    for item in reversed(channel.pins):
        message = call.ws.state.message(channel.id, item["ts"])
        if message is not None:
            shape = call.ws.slack_messages.message(message) | {"permalink": call.ws.permalink(message)}
            entry = {"type": "message", "created": item["created"], "created_by": item["user"]}
            items.append(entry | {"channel": channel.id, "message": shape})
    return {"items": items}
