"""Defines the records of a sandbox workspace: users, channels, messages, views, files, user groups."""

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass
class User:
    """A person or a bot user."""

    id: str
    name: str
    real_name: str
    team_id: str
    email: str = ""
    tz: str = "UTC"
    title: str = ""
    display_name: str = ""
    is_admin: bool = False
    is_bot: bool = False
    bot_id: str | None = None
    app_id: str | None = None
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    deleted: bool = False
    updated: int = 0


@dataclass
class Channel:
    """A conversation of any kind; `members` keeps the order of joining."""

    id: str
    name: str
    creator: str
    created: int
    is_private: bool = False
    is_im: bool = False
    is_mpim: bool = False
    is_general: bool = False
    is_ext_shared: bool = False
    is_archived: bool = False
    members: list[str] = field(default_factory=list)
    topic: Json = field(default_factory=lambda: {"value": "", "creator": "", "last_set": 0})
    purpose: Json = field(default_factory=lambda: {"value": "", "creator": "", "last_set": 0})
    previous_names: list[str] = field(default_factory=list)
    pins: list[Json] = field(default_factory=list)
    bookmarks: list[Json] = field(default_factory=list)
    canvas: str | None = None
    updated: int = 0
    last_read: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """Slack's `channel_type` in events: channel, group, im or mpim."""
        if self.is_im:
            return "im"
        if self.is_mpim:
            return "mpim"
        return "group" if self.is_private else "channel"

    @property
    def is_public(self) -> bool:
        """Whether everyone in the workspace may read it."""
        return self.kind == "channel"

    @property
    def letter(self) -> str:
        """The `channel_type` of membership events: C, G or D."""
        return "D" if self.is_im else "G" if self.is_mpim else "C"


@dataclass
class Message:
    """A message in a channel or thread; `extra` holds fields that only its subtype has."""

    channel: str
    ts: str
    user: str
    text: str
    subtype: str | None = None
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    bot_id: str | None = None
    app_id: str | None = None
    username: str | None = None
    icons: Json | None = None
    metadata: Json | None = None
    edited: Json | None = None
    files: list[str] = field(default_factory=list)
    reactions: list[Json] = field(default_factory=list)
    client_msg_id: str | None = None
    extra: Json = field(default_factory=dict)
    edits: int = 0

    @property
    def is_reply(self) -> bool:
        """Whether it is a reply in a thread."""
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass
class Ephemeral:
    """A message that only one user sees. Slack does not store it; the sandbox does, for tests and the web UI."""

    id: str
    channel: str
    viewer: str
    ts: str
    text: str
    blocks: list[Json] | None = None
    attachments: list[Json] | None = None
    thread_ts: str | None = None
    from_slack: bool = False
    deleted: bool = False
    username: str | None = None


@dataclass
class View:
    """A modal or a home tab; `values` holds the entries so far, `trouble` the error above the form."""

    id: str
    user: str
    hash: str
    body: Json
    kind: str = "modal"
    root_id: str = ""
    previous_id: str | None = None
    values: dict[str, dict[str, Json]] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    trouble: str | None = None
    is_open: bool = True

    @property
    def title(self) -> str:
        """The title of the modal."""
        return str((self.body.get("title") or {}).get("text", ""))

    @property
    def callback_id(self) -> str:
        """The app's identifier for the view."""
        return str(self.body.get("callback_id") or "")


@dataclass
class File:
    """A file; its content is in `State.contents`."""

    id: str
    name: str
    title: str
    user: str
    size: int
    created: int
    mimetype: str = "application/octet-stream"
    filetype: str = "binary"
    channels: list[str] = field(default_factory=list)
    complete: bool = True
    deleted: bool = False
    kind: str = "hosted"


@dataclass
class Usergroup:
    """A user group (`@oncall`)."""

    id: str
    handle: str
    name: str
    users: list[str]
    created_by: str
    created: int
    description: str = ""
    channels: list[str] = field(default_factory=list)
    disabled: bool = False
    updated: int = 0
    updated_by: str = ""
