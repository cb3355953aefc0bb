"""The table of Web API methods: what each takes, needs and does."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from sandbox.core import WorkspaceCore
from sandbox.errors import SlackError
from sandbox.model import Channel, Json, Message, User

T = TypeVar("T")
KINDS = {"channel": "channels", "group": "groups", "im": "im", "mpim": "mpim"}


@dataclass(frozen=True)
class Call:
    """One call in hand: the workspace, the decoded arguments, the bot that calls."""

    ws: WorkspaceCore
    method: str
    args: Json
    bot: User

    def get(self, name: str, default: Any = None) -> Any:
        """An argument or its default."""
        return self.args.get(name, default)

    def channel(self, name: str = "channel", *, member: bool = False) -> Channel:
        """The channel an argument names, if the bot may know of it; `member`: the bot must be in it."""
        channel = self.ws.state.channels.get(str(self.args.get(name, "")))
        if channel is None or not (channel.is_public or self.bot.id in channel.members):
            raise SlackError("channel_not_found")
        if member and self.bot.id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def need(self, channel: Channel, what: str) -> None:
        """Refuse when the manifest grants no `<kind>:<what>` scope for this kind of channel."""
        self.need_any(f"{KINDS[channel.kind]}:{what}")

    def need_any(self, *scopes: str) -> None:
        """Refuse unless one of these scopes is granted."""
        granted = self.ws.manifest.scopes
        if granted is not None and not granted.intersection(scopes):
            raise SlackError("missing_scope", needed=",".join(scopes), provided=",".join(sorted(granted)))

    def manage(self, channel: Channel, *narrower: str) -> None:
        """Refuse unless the bot may change this kind of channel."""
        if channel.is_public:
            self.need_any("channels:manage", *(f"channels:{scope}" for scope in narrower))
        else:
            kind = KINDS[channel.kind]
            self.need_any(f"{kind}:write", *(f"{kind}:{scope}" for scope in narrower))

    def message(self, channel: Channel, ts: str) -> Message:
        """A message by its place."""
        found = self.ws.state.message(channel.id, ts)
        if found is None or found.subtype == "tombstone":
            raise SlackError("message_not_found")
        return found

    def message_at_timestamp(self, channel: Channel) -> Message:
        """Return the message that the `timestamp` argument names."""
        ts = self.get("timestamp")
        if not ts:
            raise SlackError("no_item_specified")
        if not ts.replace(".", "").isdigit():
            raise SlackError("bad_timestamp")
        return self.message(channel, ts)

    def user(self, name: str = "user") -> User:
        """The person an argument names."""
        found = self.ws.state.users.get(str(self.args.get(name, "")))
        if found is None:
            raise SlackError("user_not_found")
        return found


Handler = Callable[[Call], Json]


@dataclass(frozen=True)
class Method:
    """One entry of the table."""

    name: str
    handler: Handler
    tier: str
    scopes: tuple[str, ...]
    args: dict[str, str]
    required: tuple[str, ...]
    json_input: bool
    token: str


METHODS: dict[str, Method] = {}


def method(
    name: str,
    args: dict[str, str] | None = None,
    required: tuple[str, ...] = (),
    *,
    tier: str = "t3",
    scopes: tuple[str, ...] = (),
    json_input: bool = True,
    token: str = "xoxb",  # noqa: S107 - the kind of token, not one
) -> Callable[[Handler], Handler]:
    """Enter a method into the table."""

    def enter(handler: Handler) -> Handler:
        METHODS[name] = Method(name, handler, tier, scopes, args or {}, required, json_input, token)
        return handler

    return enter


def page(items: list[T], call: Call, default: int = 100, largest: int = 1000) -> tuple[list[T], str]:
    """One page of a list by `cursor` and `limit`, and the next cursor."""
    limit = call.get("limit", default) or default
    if limit < 0 or limit > largest:
        raise SlackError("invalid_limit")
    start = cursor_at(call)
    return items[start : start + limit], cursor_for(start + limit) if start + limit < len(items) else ""


def cursor_for(position: int) -> str:
    """An opaque cursor."""
    return base64.b64encode(f"next:{position}".encode()).decode()


def cursor_at(call: Call) -> int:
    """Where the call's cursor points."""
    cursor = call.get("cursor")
    if not cursor:
        return 0
    try:
        word, _, position = base64.b64decode(cursor, validate=True).decode().partition(":")
        if word != "next":
            raise ValueError
        return int(position)
    except (binascii.Error, ValueError):
        raise SlackError("invalid_cursor") from None


def metadata(next_cursor: str) -> Json:
    """The `response_metadata` of a paged answer."""
    return {"response_metadata": {"next_cursor": next_cursor}}
