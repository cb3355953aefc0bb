"""Imitates Slack's `reactions.*` methods."""

import re

from sandbox.errors import SlackError
from sandbox.methods.registry import Call, method
from sandbox.model import Json

EMOJI = re.compile(r"[a-z0-9_+'-]+(?:::skin-tone-[2-6])?")
PLACE = {"channel": "s", "timestamp": "s"}
REACTION = {"channel": "s", "timestamp": "s", "name": "s"}


def _emoji(call: Call) -> str:
    name = str(call.args["name"]).strip(":")
    if not EMOJI.fullmatch(name):
        raise SlackError("invalid_name")
    return name


@method("reactions.add", REACTION, ("channel", "timestamp", "name"), scopes=("reactions:write",))
def react(call: Call) -> Json:
    """Add the bot's reaction to a message."""
    name = _emoji(call)
    channel = call.channel()
    message = call.message_at_timestamp(channel)
    if channel.is_archived:
        raise SlackError("is_archived")
    if call.bot.id not in channel.members:
        raise SlackError("not_in_channel")
    call.ws.posting.react(message, call.bot.id, name)
    return {}


@method("reactions.remove", REACTION, ("name",), tier="t2", scopes=("reactions:write",))
def unreact(call: Call) -> Json:
    """Remove the bot's own reaction."""
    name = _emoji(call)
    message = call.message_at_timestamp(call.channel())
    call.ws.posting.unreact(message, call.bot.id, name)
    return {}


@method("reactions.get", PLACE | {"full": "b"}, scopes=("reactions:read",), json_input=False)
def reactions(call: Call) -> Json:
    """A message with its reactions."""
    channel = call.channel()
    message = call.message_at_timestamp(channel)
    shape = call.ws.slack_messages.message(message) | {"permalink": call.ws.permalink(message)}
    return {"type": "message", "channel": channel.id, "message": shape}
