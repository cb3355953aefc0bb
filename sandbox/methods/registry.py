"""Registers the sandbox's Web API methods: the arguments, rate tier, scopes and handler of each."""

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
    """One call: the workspace, the decoded arguments and the calling bot."""

    ws: WorkspaceCore
    method: str
    args: Json
    bot: User

    def get(self, name: str, default: Any = None) -> Any:
        """Return an argument or its default."""
        return self.args.get(name, default)

    def channel(self, name: str = "channel", *, member: bool = False) -> Channel:
        """Return the channel that an argument names. Raises `SlackError` if the bot cannot see it.

        With `member` the bot must also be a member.
        """
        channel = self.ws.state.channels.get(str(self.args.get(name, "")))
        if channel is None or not (channel.is_public or self.bot.id in channel.members):
            raise SlackError("channel_not_found")
        if member and self.bot.id not in channel.members:
            raise SlackError("not_in_channel")
        return channel

    def require_scope(self, channel: Channel, suffix: str) -> None:
        """Raise `SlackError` unless the `<kind>:<suffix>` scope for this kind of channel is granted."""
        self.require_any_scope(f"{KINDS[channel.kind]}:{suffix}")

    def require_any_scope(self, *scopes: str) -> None:
        """Raise `SlackError` unless one of these scopes is granted."""
        granted = self.ws.manifest.scopes
        if granted is not None and not granted.intersection(scopes):
            raise SlackError("missing_scope", needed=",".join(scopes), provided=",".join(sorted(granted)))

    def require_manage_scope(self, channel: Channel, *narrower: str) -> None:
        """Raise `SlackError` unless a scope to change this kind of channel is granted, or a `narrower` one."""
        if channel.is_public:
            self.require_any_scope("channels:manage", *(f"channels:{scope}" for scope in narrower))
        else:
            kind = KINDS[channel.kind]
            self.require_any_scope(f"{kind}:write", *(f"{kind}:{scope}" for scope in narrower))

    def message(self, channel: Channel, ts: str) -> Message:
        """Return the message at `ts`. Raises `SlackError`."""
        message = self.ws.state.message(channel.id, ts)
        if message is None or message.subtype == "tombstone":
            raise SlackError("message_not_found")
        return message

    def message_at_timestamp(self, channel: Channel) -> Message:
        """Return the message that the `timestamp` argument names."""
        ts = self.get("timestamp")
        if not ts:
            raise SlackError("no_item_specified")
        if not ts.replace(".", "").isdigit():
            raise SlackError("bad_timestamp")
        return self.message(channel, ts)

    def user(self, name: str = "user") -> User:
        """Return the user that an argument names. Raises `SlackError`."""
        user = self.ws.state.users.get(str(self.args.get(name, "")))
        if user is None:
            raise SlackError("user_not_found")
        return user


Handler = Callable[[Call], Json]


@dataclass(frozen=True)
class Method:
    """One entry of the table.

    `args` maps argument names to types (see `arguments.decode`). `token` is the kind of token: `xoxb`, `xapp` or none.
    """

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
    """Add the decorated function to the table."""

    def add(handler: Handler) -> Handler:
        METHODS[name] = Method(name, handler, tier, scopes, args or {}, required, json_input, token)
        return handler

    return add


def paginate(items: list[T], call: Call, default: int = 100, largest: int = 1000) -> tuple[list[T], str]:
    """Return the part of a list that `cursor` and `limit` ask for, and the next cursor (empty at the end)."""
    limit = call.get("limit", default) or default
    if limit < 0 or limit > largest:
        raise SlackError("invalid_limit")
    start = cursor_at(call)
    return items[start : start + limit], cursor_for(start + limit) if start + limit < len(items) else ""


def cursor_for(position: int) -> str:
    """Return an opaque cursor for a position."""
    return base64.b64encode(f"next:{position}".encode()).decode()


def cursor_at(call: Call) -> int:
    """Return the position of the call's cursor; 0 without one. Raises `SlackError`."""
    cursor = call.get("cursor")
    if not cursor:
        return 0
    try:
        prefix, _, position = base64.b64decode(cursor, validate=True).decode().partition(":")
        if prefix != "next":
            raise ValueError
        return int(position)
    except (binascii.Error, ValueError):
        raise SlackError("invalid_cursor") from None


def cursor_metadata(next_cursor: str) -> Json:
    """Return the `response_metadata` of a paginated answer."""
    return {"response_metadata": {"next_cursor": next_cursor}}
